"""What is sold, and how many of its deals are won."""

from collections.abc import Sequence

from coach.kinds_of_deals import won_by
from coach.pattern import Least, Looked, Pattern, Scope, Whose
from coach.phrases import Phrase, say
from coach.saying_shares import rest, won

LEAST = Least()


def look(scope: Scope) -> Sequence[Looked]:
    """Each product beside all the others."""
    return won_by("product", scope, LEAST)


def words(looked: Looked, own: bool) -> Phrase:
    """The counts of both."""
    group, its, others = looked.group, won(looked), rest(looked)
    if own:
        return say(
            "Your deals with product {group}: {its}; everything else: {others}.",
            group=group,
            its=its,
            others=others,
        )
    return say(
        "Your team's deals with product {group}: {its}; everything else: {others}.",
        group=group,
        its=its,
        others=others,
    )


PATTERN = Pattern(
    called=say("Wins by product"),
    question=say("Are deals over one product won more often, or less, than others?"),
    whose=Whose.BOTH,
    least=LEAST,
    look=look,
    words=words,
)
