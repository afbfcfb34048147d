"""Why somebody sees an insight: what it goes by, how it came, and what became of its kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from coach import staying
from coach.action import ActionView
from coach.calendar import local_date
from coach.knowledge import Known
from coach.models import Contact, Deal, Dismissed, Insight, Level, Person, Subject
from coach.phrases import Phrase, Series, counted, facts, say, together
from coach.presenting import contact_item, deal_item, task_item
from coach.rule import Rule, TimeRule
from coach.terms import LEVEL_NAMES
from coach.thresholds import stale_lead_days
from coach.timetable import next_brief, next_digest
from coach.verdicts import Decided, Reason

#: Verdicts that say no more than that it was said, or is about to be.
_SAID = frozenset({Reason.SAID, Reason.TURN})


@dataclass(frozen=True, slots=True)
class Told:
    """An insight with attention's last word on it, and how it came to its person, if it did."""

    insight: Insight
    decided: Decided | None = None
    #: Whether it answers what its person has just done by themselves.
    own_act: bool = False
    said_at: datetime | None = None
    #: The kind of message: `card`, `brief` or `digest`.
    said_by: str | None = None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of all of one kind that was put before a person."""

    told: int = 0
    done: int = 0
    dismissed: int = 0
    #: Of these, how many for which reason, as far as it was told.
    dismissed_as: Mapping[Dismissed, int] = field(default_factory=dict)
    #: Silenced with what was muted.
    muted: int = 0
    #: Settled by themselves.
    resolved: int = 0
    #: Left unanswered until their time was up.
    expired: int = 0

    @property
    def waiting(self) -> int:
        """How many are open."""
        over = self.done + self.dismissed + self.muted + self.resolved + self.expired
        return self.told - over


def in_force(rule: Rule, person: Person, thing: Subject | None, known: Known) -> list[Phrase]:
    """What decides whether this person hears of a rule, as it is now: of the thing it is about."""
    level = person.settings.level
    mine = say("your level is {level}, {name}", level=int(level), name=LEVEL_NAMES[level])
    least = int(rule.level)
    if rule.level is Level.MINIMAL:
        told = say("You hear of this from level {least} on; {mine}.", least=least, mine=mine)
    else:
        # That high priority interrupts at level 1 is said elsewhere, and is not true of this.
        told = say(
            "You hear of this from level {least} on, however high its priority; {mine}.",
            least=least,
            mine=mine,
        )
    found = [told]
    match rule.setting if isinstance(rule, TimeRule) else None:
        case "stale_lead_days":
            found.append(_limit(stale_lead_days(person), person.settings.stale_lead_days))
        case "stuck_deal_days":
            deal = thing if isinstance(thing, Deal) else Deal("", "")
            found += staying.in_force(staying.limit_of(deal, person, known), deal)
    return found


def _limit(days: int, given: int | None) -> Phrase:
    limit = counted(
        "Your limit is {days} working day", "Your limit is {days} working days", "days", days=days
    )
    if given is None:
        return say("{limit}, the default.", limit=limit)
    return say("{limit}, as you have set it.", limit=limit)


def thing_now(thing: Subject, person: Person, now: datetime) -> Phrase:
    """One of the things it is about, with what is known of it now."""
    if thing.deleted:
        return say("{thing}: no longer in the CRM", thing=thing.thing)
    view = ActionView(now, person, local_date(now, person), {}, "")
    match thing:
        case Deal():
            item = deal_item(thing, view)
        case Contact():
            item = contact_item(thing, view)
        case _:
            item = task_item(thing, view)
    return say("{thing}: {facts}", thing=item.title, facts=facts(*item.facts))


def how_it_came(told: Told) -> Phrase:
    """When and as what it was said and why just then, or why it was not."""
    came = None if told.said_at is None else _came(told, told.said_at)
    decided = told.decided
    if decided is None:
        return came or say("Nothing was decided about it yet.")
    if decided.reason in _SAID:
        return came or decided.reason.sentence
    kept = decided.reason.sentence
    if decided.until is not None:
        kept = together(kept, say("It waits until {time}.", time=decided.until))
    return together(came, kept) if came else kept


def _came(told: Told, at: datetime) -> Phrase:
    match told.said_by:
        case "brief":
            return say("It came with your morning brief: {time}.", time=at)
        case "digest":
            return say("It came with your digest: {time}.", time=at)
        case "backlog":
            return say(
                "It was so before your coach knew of it, and came in one summary: {time}.", time=at
            )
        case _ if told.own_act:
            return say(
                "It answered something you had just done, so it came at once: {time}.", time=at
            )
        case _:
            return say(
                "It came by itself, as the most important thing that waited for you: {time}.",
                time=at,
            )


def what_comes_next(person: Person, now: datetime) -> Phrase | None:
    """When the next brief and the next digest may come; `None` when there are none."""
    brief, digest = next_brief(person, now), next_digest(person, now)
    if brief is not None and digest is not None:
        return say("Next brief: {brief}. Next digest: {digest}.", brief=brief, digest=digest)
    if brief is not None:
        return say("Next brief: {brief}. You get no digest.", brief=brief)
    if digest is not None:
        return say("Next digest: {digest}. You get no brief.", digest=digest)
    return None


def so_far(outcomes: Outcomes) -> Phrase:
    """What became of its kind, in numbers."""
    if not outcomes.told:
        return say("You have got none of this kind yet.")
    got = counted(
        "You have got {count} of this kind", "You have got {count} of this kind", "count",
        count=outcomes.told,
    )  # fmt: skip
    return say("{got}: {became}.", got=got, became=became(outcomes))


def of_kind(called: Phrase, outcomes: Outcomes) -> Phrase:
    """The same of one kind among several, by its name."""
    return say(
        "{called} – {count} told: {became}",
        called=called,
        count=outcomes.told,
        became=became(outcomes),
    )


def became(outcomes: Outcomes) -> Series:
    """What became of them, each with how many; nothing is left out but what is none."""
    found = [
        phrase
        for count, phrase in (
            (outcomes.done, say("{count} done", count=outcomes.done)),
            (outcomes.dismissed, _dismissed(outcomes)),
            (outcomes.muted, say("{count} muted", count=outcomes.muted)),
            (
                outcomes.resolved,
                counted(
                    "{count} settled by itself",
                    "{count} settled by themselves",
                    "count",
                    count=outcomes.resolved,
                ),
            ),
            (outcomes.expired, say("{count} left unanswered", count=outcomes.expired)),
            (outcomes.waiting, say("{count} still open", count=outcomes.waiting)),
        )
        if count
    ]
    return facts(*found)


_DISMISSED = {
    Dismissed.NOT_RELEVANT: say("not relevant"),
    Dismissed.ALREADY_DONE: say("already done"),
    Dismissed.WRONG_DATA: say("wrong data"),
    Dismissed.BAD_TIMING: say("bad timing"),
    Dismissed.STOP_KIND: say("no more of this kind"),
}


def _dismissed(outcomes: Outcomes) -> Phrase:
    count = say("{count} dismissed", count=outcomes.dismissed)
    reasons = [
        say("{count} × {why}", count=outcomes.dismissed_as[why], why=words)
        for why, words in _DISMISSED.items()
        if why in outcomes.dismissed_as
    ]
    return say("{count} ({reasons})", count=count, reasons=facts(*reasons)) if reasons else count
