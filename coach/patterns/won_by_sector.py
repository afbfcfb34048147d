"""Which sector the customer is of, and how many deals are won there."""

from collections.abc import Sequence

from coach.kinds_of_deals import won_by
from coach.pattern import Least, Looked, Pattern, Scope, Whose
from coach.phrases import Phrase, say
from coach.saying_shares import rest, won

LEAST = Least()


def look(scope: Scope) -> Sequence[Looked]:
    """Each sector beside all the others."""
    return won_by("sector", scope, LEAST)


def words(looked: Looked, own: bool) -> Phrase:
    """The counts of both."""
    group, its, others = looked.group, won(looked), rest(looked)
    if own:
        return say(
            "Your deals in sector {group}: {its}; everything else: {others}.",
            group=group,
            its=its,
            others=others,
        )
    return say(
        "Your team's deals in sector {group}: {its}; everything else: {others}.",
        group=group,
        its=its,
        others=others,
    )


PATTERN = Pattern(
    called=say("Wins by sector"),
    question=say("Are deals with one sector won more often, or less, than others?"),
    whose=Whose.BOTH,
    least=LEAST,
    look=look,
    words=words,
)
