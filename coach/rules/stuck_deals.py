"""Open deals that have been in the same stage for too long."""

from datetime import datetime, timedelta

from coach import settling
from coach.calendar import (
    days_between,
    working_dates_between,
)
from coach.circumstances import in_largest_tenth, of_deal
from coach.concern import is_open_deal
from coach.keys import about, subject_key
from coach.knowledge import CONTACTS_OF_DEALS, LARGE_VALUE, USUAL_STAYS, Known
from coach.models import (
    Deal,
    DealStatus,
    Draft,
    Level,
    Person,
    Priority,
    Subject,
    SubjectKind,
    Suggestion,
)
from coach.one_by_one import drafted, one_by_one
from coach.phrases import Phrase, counted, say, together
from coach.promising import largest_first
from coach.rule import TimeLook, TimeRule, Verdict
from coach.staying import Limit, learned, limit_of
from coach.truth import Changed, Over, Standing, TruthLook

GAP = timedelta(hours=24)

#: How many of one person's deals are spoken of in a day.
A_DAY = 2


def due(subject: Subject, person: Person, known: Known) -> datetime | None:
    """When a deal becomes stuck; never when it is closed or deleted.

    By what the team's won deals needed there, or by a number (`coach.staying`). Where nobody knows
    when it came to its stage, from when on it is known to be there.
    """
    if not is_open_deal(subject):
        return None
    if subject.stage_since is None or subject.stage is None:
        return None
    return limit_of(subject, person, known).over_at(subject.stage_since, person)


def evaluate(look: TimeLook) -> Verdict:
    """The largest stuck deals first, at most two a person a day, each at most once in 24 hours."""
    deals = [
        each for each in look.due if isinstance(each, Deal) and each.stage and each.stage_since
    ]
    return one_by_one(
        look,
        largest_first(deals, look.now),
        lambda deal: _draft(look, deal),
        gap=GAP,
        a_day=A_DAY,
        # A new stage is a new reason: what was dismissed in the last one does not count.
        is_same=lambda deal, earlier: earlier.occasion.startswith(_stay(deal)),
    )


def _stay(deal: Deal) -> str:
    return f"{deal.stage}@{deal.stage_since.isoformat() if deal.stage_since else ''}#"


def still_true(look: TruthLook) -> Standing:
    """While the deal is stuck, be it in another stage by now; the number of days follows."""
    for deal in look.left:
        if isinstance(deal, Deal) and deal.stage_since is not None:
            # Why it is of high priority is said for as long as it is so.
            large = None
            if look.insight.priority is Priority.HIGH:
                large = in_largest_tenth(deal, look.known[LARGE_VALUE])
            return _said(look.person, look.known, deal, deal.stage_since, large, look.now)
    its = look.only(Deal)
    if its is None:
        return Over(settling.gone(look))
    if _has_not_moved(look, its):
        # It is the limit that has changed.
        return Over(
            say("{deal} is within your limit for {stage}.", deal=its.thing, stage=its.stage or "")
        )
    return Over(settling.moved_on(look, its))


def _has_not_moved(look: TruthLook, deal: Deal) -> bool:
    if deal.status is not DealStatus.OPEN or deal.person_id != look.person.id:
        return False
    return deal.stage_since is not None and deal.stage_since < look.insight.created_at


def _draft(look: TimeLook, deal: Deal) -> Draft:
    large = in_largest_tenth(deal, look.known[LARGE_VALUE])
    said = _said(look.person, look.known, deal, deal.stage_since or look.now, large, look.now)
    return drafted(
        look,
        deal,
        said,
        priority=Priority.HIGH if large else Priority.MEDIUM,
        lasts=GAP,
        occasion=f"{_stay(deal)}{look.now.isoformat()}",
    )


def _said(
    person: Person,
    known: Known,
    deal: Deal,
    entered: datetime,
    large: Phrase | None,
    now: datetime,
) -> Changed:
    days = days_between(entered, now, person)
    worked = working_dates_between(entered, now, person)
    limit = limit_of(deal, person, known)
    reason = _reason(deal, days, worked, limit)
    message = counted(
        "Deal “{deal}” has been in {stage} for {days} day. Time to move it forward?",
        "Deal “{deal}” has been in {stage} for {days} days. Time to move it forward?",
        "days",
        deal=deal.thing,
        stage=deal.stage or "",
        days=days,
    )
    if deal.stage_entered_at is None:
        message, reason = _at_least(deal, days, worked, limit)
    if large:
        reason = together(reason, large)
    contact = known[CONTACTS_OF_DEALS].get(subject_key(deal))
    # What is said with its size is not said twice.
    circumstances = of_deal(deal, contact, person, now, worth=large is None)
    if circumstances:
        reason = together(reason, circumstances)
    return Changed(
        message,
        reason,
        Suggestion("view_deal", {"connection_id": deal.connection_id, "deal_id": deal.id}),
        # When they are spoken to, that is to be said.
        (about(deal), *((about(contact),) if contact else ())),
    )


def _reason(deal: Deal, days: int, worked: int, limit: Limit) -> Phrase:
    if limit.usual is not None:
        return learned(limit.usual, deal.stage or "")
    # Days are said as people count them; where days off make the difference, that is said too.
    if worked == days:
        return counted(
            "Your limit is {limit} working day.",
            "Your limit is {limit} working days.",
            "limit",
            limit=limit.number,
        )
    return counted(
        "{days} of them was a working day; your limit is {limit}.",
        "{days} of them were working days; your limit is {limit}.",
        "days",
        days=worked,
        limit=limit.number,
    )


def _at_least(deal: Deal, days: int, worked: int, limit: Limit) -> tuple[Phrase, Phrase]:
    """What is said of a deal that was found in its stage: nobody knows since when it is there."""
    message = counted(
        "Deal “{deal}” has been in {stage} for at least {days} day. Time to move it forward?",
        "Deal “{deal}” has been in {stage} for at least {days} days. Time to move it forward?",
        "days",
        deal=deal.thing,
        stage=deal.stage or "",
        days=days,
    )
    if limit.usual is not None:
        return message, together(
            say("When it came there is not known."), learned(limit.usual, deal.stage or "")
        )
    reason = counted(
        "When it came there is not known; it was there {days} working day ago. "
        "Your limit is {limit}.",
        "When it came there is not known; it was there {days} working days ago. "
        "Your limit is {limit}.",
        "days",
        days=worked,
        limit=limit.number,
    )
    return message, reason


RULE = TimeRule(
    called=say("Stuck deals"),
    summary=say("Open deals in one stage for longer than 9 of 10 that your team won needed."),
    level=Level.MINIMAL,
    kind=SubjectKind.DEAL,
    due=due,
    evaluate=evaluate,
    still_true=still_true,
    setting="stuck_deal_days",
    counts=lambda count: counted("{count} deal stuck", "{count} deals stuck", "count", count=count),
    knows=(USUAL_STAYS,),
    asks_of=is_open_deal,
    shown=(LARGE_VALUE, CONTACTS_OF_DEALS),
    largest_first=True,
    latest_first=True,
)
