"""Open deals that have been in the same stage for too long."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

from coach import settling
from coach.calendar import (
    after_working_days,
    days_between,
    local_date,
    start_of_day,
    working_days_between,
)
from coach.circumstances import of_deal
from coach.keys import about, subject_key
from coach.knowledge import CONTACTS_OF_DEALS, LARGE_VALUE, Known
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
from coach.phrases import Money, Phrase, counted, say, together
from coach.promising import most_promising_first
from coach.repetition import WEEK, next_allowed
from coach.rule import TimeLook, TimeRule, Verdict
from coach.thresholds import stuck_deal_days
from coach.truth import Changed, Over, Standing, TruthLook

GAP = timedelta(hours=24)

#: How many of one person's deals are spoken of in a day.
A_DAY = 2


def due(subject: Subject, person: Person, known: Known) -> datetime | None:
    """When a deal becomes stuck; never when it is closed or deleted.

    Where nobody knows when it came to its stage, from when on it is known to be there.
    """
    if not isinstance(subject, Deal) or subject.deleted or subject.status is not DealStatus.OPEN:
        return None
    if subject.stage_since is None or subject.stage is None:
        return None
    return after_working_days(subject.stage_since, stuck_deal_days(person), person)


def evaluate(look: TimeLook) -> Verdict:
    """The largest stuck deals first, at most two a person a day, each at most once in 24 hours."""
    today = local_date(look.now, look.person)
    tomorrow = start_of_day(today + timedelta(days=1), look.person)
    spoken_of = sum(local_date(said.created_at, look.person) == today for said in look.past)
    # A backlog is told of once, whatever else is said that day; what it was made of may be in it
    # once more, as long as nobody has answered it.
    gap, left = (timedelta(), look.at_once) if look.at_once else (GAP, A_DAY - spoken_of)
    deals = [each for each in look.due if isinstance(each, Deal)]
    found = [(deal.stage_since, deal) for deal in most_promising_first(deals, look.now, {})]
    stuck = [(entered, deal) for entered, deal in found if entered is not None and deal.stage]
    # Of equal value the most promising: the sort keeps their order. Nobody hears of the same two
    # day after day: each has its turn in a week, but in a summary, which is made once.
    lately = Counter(each.subject for each in look.past if each.created_at > look.now - WEEK)
    stuck.sort(
        key=lambda each: (
            0 if look.at_once else lately[subject_key(each[1])],
            -(each[1].value or Decimal(0)),
        )
    )
    drafts: list[Draft] = []
    later: dict[str, datetime] = {}
    waiting = False
    for entered, deal in stuck:
        key = subject_key(deal)
        said = [earlier for earlier in look.past if earlier.subject == key]
        if said and said[0].created_at + gap > look.now:
            later[key] = said[0].created_at + gap
            continue
        # A new stage is a new reason: what was dismissed in the last one does not count.
        stay = f"{deal.stage}@{entered.isoformat()}#"
        past = [earlier for earlier in said if earlier.occasion.startswith(stay)]
        allowed = next_allowed(past, gap=gap, about=(about(deal),), now=look.now)
        if allowed is None:
            later[key] = look.now + timedelta(days=7)
        elif allowed > look.now:
            later[key] = allowed
        elif len(drafts) >= left:
            waiting = True
        else:
            later[key] = look.now + GAP
            drafts.append(_draft(look, deal, entered, f"{stay}{look.now.isoformat()}"))
    return Verdict(drafts, again_at=tomorrow if waiting else None, later=later)


def still_true(look: TruthLook) -> Standing:
    """While the deal is stuck, be it in another stage by now; the number of days follows."""
    for deal in look.left:
        if isinstance(deal, Deal) and deal.stage_since is not None:
            # Why it is of high priority is said for as long as it is so.
            large = _largest(deal, look.known) if look.insight.priority is Priority.HIGH else None
            return _said(look.person, look.known, deal, deal.stage_since, large, look.now)
    moved = look.only(Deal)
    return Over(settling.moved_on(look, moved) if moved else settling.gone(look))


def _draft(look: TimeLook, deal: Deal, entered: datetime, occasion: str) -> Draft:
    large = _largest(deal, look.known)
    said = _said(look.person, look.known, deal, entered, large, look.now)
    return Draft(
        person_id=look.person.id,
        subject=subject_key(deal),
        occasion=occasion,
        priority=Priority.HIGH if large else Priority.MEDIUM,
        message=said.message,
        reason=said.reason,
        suggestion=said.suggestion,
        expires_at=look.now + GAP,
        about=said.about,
    )


def _largest(deal: Deal, known: Known) -> Phrase | None:
    """That a deal is in the largest tenth; nothing where it is not."""
    limits, currency = known[LARGE_VALUE], deal.currency or ""
    limit = limits.get(currency)
    if limit is None or deal.value is None or float(deal.value) < limit:
        return None
    value = Money(deal.value, deal.currency)
    if len(limits) > 1 and currency:
        return say(
            "At {value} it is in the largest tenth of your open deals in {currency}.",
            value=value,
            currency=currency,
        )
    return say("At {value} it is in the largest tenth of your open deals.", value=value)


def _said(
    person: Person,
    known: Known,
    deal: Deal,
    entered: datetime,
    large: Phrase | None,
    now: datetime,
) -> Changed:
    days = days_between(entered, now, person)
    worked = working_days_between(entered, now, person)
    limit = stuck_deal_days(person)
    # Days are said as people count them; where days off make the difference, that is said too.
    reason = (
        counted(
            "Your limit is {limit} working day.",
            "Your limit is {limit} working days.",
            "limit",
            limit=limit,
        )
        if worked == days
        else counted(
            "{days} of them was a working day; your limit is {limit}.",
            "{days} of them were working days; your limit is {limit}.",
            "days",
            days=worked,
            limit=limit,
        )
    )
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


def _at_least(deal: Deal, days: int, worked: int, limit: int) -> tuple[Phrase, Phrase]:
    """What is said of a deal that was found in its stage: nobody knows since when it is there."""
    message = counted(
        "Deal “{deal}” has been in {stage} for at least {days} day. Time to move it forward?",
        "Deal “{deal}” has been in {stage} for at least {days} days. Time to move it forward?",
        "days",
        deal=deal.thing,
        stage=deal.stage or "",
        days=days,
    )
    reason = counted(
        "When it came there is not known; it was there {days} working day ago. "
        "Your limit is {limit}.",
        "When it came there is not known; it was there {days} working days ago. "
        "Your limit is {limit}.",
        "days",
        days=worked,
        limit=limit,
    )
    return message, reason


RULE = TimeRule(
    called=say("Stuck deals"),
    summary=say("Open deals in one stage for your number of working days."),
    level=Level.MINIMAL,
    kind=SubjectKind.DEAL,
    due=due,
    evaluate=evaluate,
    still_true=still_true,
    setting="stuck_deal_days",
    counts=lambda count: counted("{count} deal stuck", "{count} deals stuck", "count", count=count),
    shown=(LARGE_VALUE, CONTACTS_OF_DEALS),
    largest_first=True,
    latest_first=True,
)
