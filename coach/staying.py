"""How long a deal may stay in its stage: what decides it for whom, and from when it is too long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from coach.calendar import after_working_days, local_date, start_of_day
from coach.knowledge import Known, Usual
from coach.models import Deal, Person
from coach.phrases import Phrase, counted, say
from coach.thresholds import stuck_deal_days
from coach.usual import ENOUGH, of_stage


@dataclass(frozen=True, slots=True)
class Limit:
    """What decides for one person and one deal: their own number, the team's deals, the default."""

    #: In working days; what holds where nothing was learned.
    number: int
    #: What the team's deals show; `None` where they show too little, or the person set a number.
    usual: Usual | None = None
    #: Whether the person has set the number.
    own: bool = False

    def over_at(self, since: datetime, person: Person) -> datetime:
        """From when on a deal that came to its stage then has been there for too long.

        What was learned counts days as the calendar does: nine of ten had left within so many, so
        it is the day after. A number counts working days.
        """
        if self.usual is None:
            return after_working_days(since, self.number, person)
        day = local_date(since, person) + timedelta(days=self.usual.days + 1)
        return start_of_day(day, person)


def limit_of(deal: Deal, person: Person, known: Known) -> Limit:
    """What is in force: the person's own number counts most, then what the team's deals show."""
    own = person.settings.stuck_deal_days is not None
    return Limit(stuck_deal_days(person), None if own else of_stage(deal, known), own)


def learned(usual: Usual, stage: str) -> Phrase:
    """What a team's deals show of a stage, with how many they are."""
    return counted(
        "9 of 10 deals your team won left {stage} within {days} day ({deals} deals).",
        "9 of 10 deals your team won left {stage} within {days} days ({deals} deals).",
        "days",
        stage=stage,
        days=usual.days,
        deals=usual.deals,
    )


def in_force(limit: Limit, deal: Deal) -> Sequence[Phrase]:
    """The limit of a deal, in words for whoever asks why."""
    if limit.usual is not None:
        return [
            learned(limit.usual, deal.stage or ""),
            say("A deal that stays longer is stuck. A number of your own in Settings goes first."),
        ]
    number = counted(
        "Your limit is {days} working day", "Your limit is {days} working days", "days",
        days=limit.number,
    )  # fmt: skip
    if limit.own:
        return [say("{limit}, as you have set it.", limit=number)]
    default = say("{limit}, the default.", limit=number)
    if deal.stage is None:
        return [default]
    few = say(
        "Of the deals your team has won, fewer than {enough} tell how long they were in {stage}.",
        enough=ENOUGH,
        stage=deal.stage,
    )
    return [default, few]
