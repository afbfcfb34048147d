"""When deals really get stuck: whether those that stay long in a stage are won less often."""

from collections.abc import Sequence

from coach.columns import DAY, month
from coach.comparing import Cases, first_of_two
from coach.durations import spread
from coach.pattern import Least, Looked, Pattern, Scope, Whose
from coach.phrases import Phrase, counted, say
from coach.saying_shares import rest, won

LEAST = Least()

#: Of all decided deals that came through the stage, so many stayed no longer.
LONG = 0.75

#: Completed stays in a stage, from which on it is looked at.
ENOUGH = 4 * LEAST.count


def look(scope: Scope) -> Sequence[Looked]:
    """Stage by stage: deals that stayed longer than three of four, beside those that did not.

    Of each deal one stay in a stage counts, and only decided deals do; they are compared with those
    that were decided in the same month.
    """
    import numpy as np

    stays = scope.own.stays
    found: list[Looked] = []
    for code, stage in enumerate(stays.stage.names):
        there = stays.only((stays.stage.codes == code) & (stays.left >= stays.entered))
        if len(there.left) < ENOUGH:
            continue
        days = (there.left - there.entered) / DAY
        limit = int(np.ceil(spread(days, LONG)))
        cases = Cases(there.won, there.closed, there.owner, month(there.closed))
        found += first_of_two(cases, days > limit, LEAST, stage, {"days": limit})
    return found


def words(looked: Looked, own: bool) -> Phrase:
    """Those that stayed longer beside the others."""
    its, others, days = won(looked), rest(looked), looked.numbers["days"]
    if own:
        return counted(
            "Your deals that stayed in {stage} for over {days} day: {its}; all others: {others}.",
            "Your deals that stayed in {stage} for over {days} days: {its}; all others: {others}.",
            "days",
            stage=looked.group,
            days=days,
            its=its,
            others=others,
        )
    return counted(
        "Your team's deals that stayed in {stage} for over {days} day: {its}; all others: "
        "{others}.",
        "Your team's deals that stayed in {stage} for over {days} days: {its}; all others: "
        "{others}.",
        "days",
        stage=looked.group,
        days=days,
        its=its,
        others=others,
    )


def sides(looked: Looked) -> tuple[Phrase, Phrase]:
    """Longer, and no longer than that."""
    longer = counted(
        "over {days} day in {stage}",
        "over {days} days in {stage}",
        "days",
        days=looked.numbers["days"],
        stage=looked.group,
    )
    return longer, say("no longer than that")


PATTERN = Pattern(
    called=say("Long in a stage"),
    question=say("Are deals won less often that stay long in a stage?"),
    whose=Whose.TEAM,
    least=LEAST,
    look=look,
    words=words,
    sides=sides,
)
