"""Open deals with which nothing has happened for two weeks of work.

When: ten working days after the last thing that is known to have happened: a call, mail, meeting or
note, a task that was done, a move to another stage. Why it helps: whoever has stopped talking has
mostly stopped buying, and a deal that stands in a good stage hides it. What it must not say: that a
deal has gone quiet of which nobody knows when its client was last spoken to; that it is lost; and
no figure of how many such deals are.
"""

from datetime import datetime, timedelta

from coach import settling
from coach.calendar import after_working_days, days_between
from coach.circumstances import in_largest_tenth, of_deal
from coach.concern import is_open_deal
from coach.keys import about, subject_key
from coach.knowledge import CONTACTS_OF_DEALS, LARGE_VALUE, LIVES_OF_DEALS, Known, Life
from coach.models import (
    Contact,
    Deal,
    DealStatus,
    Draft,
    Level,
    Person,
    Priority,
    Subject,
    SubjectKind,
    Suggestion,
    Task,
)
from coach.one_by_one import drafted, one_by_one
from coach.phrases import Phrase, counted, say, together
from coach.promising import largest_first
from coach.rule import TimeLook, TimeRule, Verdict
from coach.truth import Changed, Over, Standing, TruthLook

#: After so many working days without anything.
QUIET = 10

GAP = timedelta(days=7)

#: How many of one person's deals are spoken of in a day.
A_DAY = 2


def due(subject: Subject, person: Person, known: Known) -> datetime | None:
    """When a deal has gone quiet; never where nobody knows of any contact, or it is not open."""
    if not is_open_deal(subject):
        return None
    life = known[LIVES_OF_DEALS].get(subject_key(subject))
    return None if life is None else after_working_days(life.last_at, QUIET, person)


def brings_life(before: Subject | None, after: Subject) -> bool:
    """Whether a task was done or undone, or somebody was in touch."""
    if isinstance(after, Task):
        earlier = before if isinstance(before, Task) else Task("", "")
        if after.completed_at is None and earlier.completed_at is None:
            return False
        return (after.completed_at, after.deal_id) != (earlier.completed_at, earlier.deal_id)
    if isinstance(after, Contact):
        spoken = before.last_contacted_at if isinstance(before, Contact) else None
        return after.last_contacted_at != spoken
    return False


def evaluate(look: TimeLook) -> Verdict:
    """The largest first, at most two a person a day, each once a week."""
    lives = look.known[LIVES_OF_DEALS]
    deals = [each for each in look.due if isinstance(each, Deal) and subject_key(each) in lives]
    return one_by_one(
        look,
        largest_first(deals, look.now),
        lambda deal: _draft(look, deal, lives[subject_key(deal)]),
        gap=GAP,
        a_day=A_DAY,
        # What came to life and went quiet again is news.
        is_same=lambda deal, earlier: (
            about(deal, lives[subject_key(deal)].last_at) in earlier.about
        ),
    )


def still_true(look: TruthLook) -> Standing:
    """While nothing happens with it and it is open; the number of days follows."""
    lives = look.known[LIVES_OF_DEALS]
    for deal in look.left:
        if isinstance(deal, Deal) and (life := lives.get(subject_key(deal))) is not None:
            large = None
            if look.insight.priority is Priority.HIGH:
                large = in_largest_tenth(deal, look.known[LARGE_VALUE])
            return _said(look.person, look.known, deal, life, large, look.now)
    its = look.only(Deal)
    if its is None:
        return Over(settling.gone(look))
    if its.status is not DealStatus.OPEN or its.person_id != look.person.id:
        return Over(settling.moved_on(look, its))
    return Over(say("Something has happened with {deal} again.", deal=its.thing))


def _draft(look: TimeLook, deal: Deal, life: Life) -> Draft:
    large = in_largest_tenth(deal, look.known[LARGE_VALUE])
    said = _said(look.person, look.known, deal, life, large, look.now)
    return drafted(
        look,
        deal,
        said,
        priority=Priority.HIGH if large else Priority.MEDIUM,
        lasts=GAP,
    )


def _said(
    person: Person, known: Known, deal: Deal, life: Life, large: Phrase | None, now: datetime
) -> Changed:
    reason = say(
        "No call, mail, meeting or note, no task done and no move to another stage for {limit} "
        "working days.",
        limit=QUIET,
    )
    if large:
        reason = together(reason, large)
    contact = known[CONTACTS_OF_DEALS].get(subject_key(deal))
    if circumstances := of_deal(deal, contact, person, now, worth=large is None):
        reason = together(reason, circumstances)
    return Changed(
        counted(
            "Nothing has happened with {deal} for {days} day. Is it still alive?",
            "Nothing has happened with {deal} for {days} days. Is it still alive?",
            "days",
            deal=deal.thing,
            days=days_between(life.last_at, now, person),
        ),
        reason,
        Suggestion("view_deal", {"connection_id": deal.connection_id, "deal_id": deal.id}),
        (about(deal, life.last_at), *((about(contact),) if contact else ())),
    )


RULE = TimeRule(
    called=say("Quiet deals"),
    summary=say("Open deals with which nothing has happened for 10 working days."),
    level=Level.MINIMAL,
    kind=SubjectKind.DEAL,
    due=due,
    evaluate=evaluate,
    still_true=still_true,
    counts=lambda count: counted(
        "{count} deal gone quiet", "{count} deals gone quiet", "count", count=count
    ),
    knows=(LIVES_OF_DEALS,),
    asks_of=is_open_deal,
    shown=(LARGE_VALUE, CONTACTS_OF_DEALS),
    largest_first=True,
    latest_first=True,
    moved_by=frozenset({SubjectKind.TASK, SubjectKind.CONTACT}),
    moved_when=brings_life,
    instead_of=frozenset({"no_next_step", "stuck_deals"}),
    left_out_of=frozenset({"stale_leads"}),
)
