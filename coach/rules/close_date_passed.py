"""Open deals whose expected close date has passed.

When: the day after the date, where the person is; a deal without a date is never due. Why it helps:
a forecast is worth what its dates are worth, and a date that has passed asks to be moved or to be
made true. What it must not say: that the deal is lost, that somebody is to blame, or when it is
likely to close; nobody knows.
"""

from datetime import MAXYEAR, date, datetime, timedelta

from coach import settling
from coach.calendar import local_date, start_of_day
from coach.circumstances import in_largest_tenth, of_deal
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
from coach.one_by_one import drafted, one_by_one
from coach.phrases import DateWithYear, Phrase, counted, say, together
from coach.promising import largest_first
from coach.rule import TimeLook, TimeRule, Verdict
from coach.truth import Changed, Over, Standing, TruthLook

#: A date is moved or not: that is asked once a week.
GAP = timedelta(days=7)

#: How many of one person's deals are spoken of in a day.
A_DAY = 2


def due(subject: Subject, person: Person, known: Known) -> datetime | None:
    """The midnight after the date; never without one, or once the deal is closed or deleted."""
    if not isinstance(subject, Deal) or subject.deleted or subject.status is not DealStatus.OPEN:
        return None
    day = subject.expected_close_date
    if day is None or day.year == MAXYEAR:
        return None
    return start_of_day(day + timedelta(days=1), person)


def evaluate(look: TimeLook) -> Verdict:
    """The largest first, at most two a person a day, each once a week."""
    deals = [each for each in look.due if isinstance(each, Deal) and each.expected_close_date]
    return one_by_one(
        look,
        largest_first(deals, look.now),
        lambda deal: _draft(look, deal),
        gap=GAP,
        a_day=A_DAY,
        # With another date it is something new, whatever became of the last one.
        is_same=lambda deal, earlier: about(deal, deal.expected_close_date) in earlier.about,
    )


def still_true(look: TruthLook) -> Standing:
    """While its date has passed and it is open; with another that has passed, that is named."""
    for deal in look.left:
        if isinstance(deal, Deal) and deal.expected_close_date is not None:
            large = None
            if look.insight.priority is Priority.HIGH:
                large = in_largest_tenth(deal, look.known[LARGE_VALUE])
            return _said(look.person, look.known, deal, deal.expected_close_date, large, look.now)
    its = look.only(Deal)
    if its is None:
        return Over(settling.gone(look))
    if its.status is not DealStatus.OPEN or its.person_id != look.person.id:
        return Over(settling.moved_on(look, its))
    if its.expected_close_date is None:
        return Over(say("{deal} has no close date any more.", deal=its.thing))
    return Over(
        say(
            "{deal} is to close by {date} now.",
            deal=its.thing,
            date=DateWithYear(its.expected_close_date),
        )
    )


def _draft(look: TimeLook, deal: Deal) -> Draft:
    large = in_largest_tenth(deal, look.known[LARGE_VALUE])
    day = deal.expected_close_date or local_date(look.now, look.person)
    said = _said(look.person, look.known, deal, day, large, look.now)
    return drafted(
        look,
        deal,
        said,
        priority=Priority.HIGH if large else Priority.MEDIUM,
        lasts=GAP,
    )


def _said(
    person: Person, known: Known, deal: Deal, day: date, large: Phrase | None, now: datetime
) -> Changed:
    reason = counted(
        "That was {days} day ago. A forecast is worth what its dates are worth.",
        "That was {days} days ago. A forecast is worth what its dates are worth.",
        "days",
        days=(local_date(now, person) - day).days,
    )
    if large:
        reason = together(reason, large)
    contact = known[CONTACTS_OF_DEALS].get(subject_key(deal))
    if circumstances := of_deal(deal, contact, person, now, worth=large is None):
        reason = together(reason, circumstances)
    return Changed(
        say(
            "{deal} was to close by {date}. When will it?", deal=deal.thing, date=DateWithYear(day)
        ),
        reason,
        Suggestion("view_deal", {"connection_id": deal.connection_id, "deal_id": deal.id}),
        (about(deal, day), *((about(contact),) if contact else ())),
    )


RULE = TimeRule(
    called=say("Close dates"),
    summary=say("Open deals whose expected close date has passed."),
    level=Level.MINIMAL,
    kind=SubjectKind.DEAL,
    due=due,
    evaluate=evaluate,
    still_true=still_true,
    counts=lambda count: counted(
        "{count} deal past its close date",
        "{count} deals past their close dates",
        "count",
        count=count,
    ),
    shown=(LARGE_VALUE, CONTACTS_OF_DEALS),
    largest_first=True,
    latest_first=True,
    # What is late by its own date is not told besides that it stands still.
    instead_of=frozenset({"deal_gone_quiet", "no_next_step", "stuck_deals"}),
    worsens=True,
)
