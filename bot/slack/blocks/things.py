"""Lists of the person's own things, each line with its menu, and what was done from one.

A line is plain text, in which no markup of the CRM's is read; its link is an entry of its menu.
"""

import json
from datetime import date, datetime

from bot.coaching.acts import Act
from bot.coaching.listing import PAGE, Kind, Listing, Place
from bot.slack.blocks.asides import sentence
from bot.slack.blocks.list_titles import nothing, title
from bot.slack.blocks.pieces import (
    Blocks,
    Json,
    actions,
    button,
    context,
    fitted,
    plain_text,
    section,
)
from bot.slack.blocks.text import escaped, flat, safe_url, shorter, units
from coach.calendar import days_between
from coach.keys import kind_of
from coach.models import Contact, Deal, DealStatus, Ref, Subject, SubjectKind, Task, TaskPriority
from coach.phrases import DateWithYear, Phrase, facts, say
from coach.presenting import value_of
from coach.promising import days_silent
from coach.terms import PRIORITIES, so_many_days
from coach.wording import Voice, plain, words

#: What begins the `action_id` of everything here; the page it stands on follows.
MENU, TURN, SEVERAL, UNDO = "act:menu", "act:page", "act:several", "act:undo"

#: Longest `block_id`, in characters.
MOST_ID = 255

ENTRIES: dict[str, Phrase] = {
    "done": say("Done"),
    "tomorrow": say("Move to tomorrow"),
    "date": say("Move to a date…"),
    "call": say("Log a call…"),
    "email": say("Log an email…"),
    "meeting": say("Log a meeting…"),
    "stage": say("Move to a stage…"),
    "task": say("New task…"),
    "open": say("Open in the CRM"),
}


#: Where lines have to be shorter than this part of their length, links are left out: ten of the
#: longest would be a message by themselves.
LINKS = 0.2


def thing_list(
    listing: Listing, voice: Voice, now: datetime, done: Act | None = None
) -> tuple[str, Blocks]:
    """A page of a list; above it what was done from it just now, with Undo."""
    if not listing.things:
        above = done_row(done, voice) if done is not None else []
        text, blocks = sentence(nothing(listing), voice)
        return text, [*above, *blocks]
    if listing.place.kind is Kind.DEAL and isinstance(listing.things[0], Deal):
        return _deal(listing, listing.things[0], voice, now, done)
    heading = plain(title(listing), voice)

    def build(share: float) -> Blocks:
        most = int(240 * share) + 20
        return [
            *(done_row(done, voice, share) if done is not None else []),
            _heading(heading, share),
            *(
                line
                for each in listing.things
                for line in row(each, listing, voice, now, most, links=share > LINKS)
            ),
            *_turns(listing, voice),
        ]

    return escaped(heading, 300), fitted(build)


def _heading(text: str, share: float) -> Json:
    # It may hold a name: no emoji is read in it.
    return {"type": "header", "text": plain_text(text, int(120 * share) + 30)}


def done_row(done: Act, voice: Voice, share: float = 1.0) -> Blocks:
    """What was done, and the button that takes it back."""
    said = flat(shorter(words(done.said, voice), int(270 * share) + 30))
    undo = button(plain(say("Undo"), voice), UNDO, done.id)
    return [section(plain_text(f"\u2705 {said}", 320), accessory=undo)]


def done_alone(done: Act, voice: Voice) -> tuple[str, Blocks]:
    """What was done, where no list stands below it."""
    return escaped(flat(words(done.said, voice)), 300), done_row(done, voice)


def ref_in(block_id: str) -> tuple[SubjectKind, Ref] | None:
    """The thing whose menu stands in this block, to be checked against what is stored."""
    kind, _, told = block_id.partition("=")
    try:
        connection_id, id = json.loads(told)
        return SubjectKind(kind), Ref(str(connection_id), str(id))
    except (ValueError, TypeError):
        return None


def _block_id(thing: Subject) -> str:
    told = json.dumps([thing.connection_id, thing.id], separators=(",", ":"))
    return f"{kind_of(thing)}={told}"


def row(
    thing: Subject,
    listing: Listing,
    voice: Voice,
    now: datetime,
    most: int,
    *,
    links: bool = True,
) -> Blocks:
    """A thing's line with its menu, in at most so many characters."""
    said = flat(shorter(words(_told(thing, listing, now), voice), most))
    block_id = _block_id(thing)
    if units(block_id) > MOST_ID:
        # An id of an absurd length: it is shown, but cannot be changed from here.
        return [section(plain_text(said, most + 20))]
    menu = _menu(thing, listing.place, voice, links=links)
    return [section(plain_text(said, most + 20), accessory=menu, block_id=block_id)]


def _menu(thing: Subject, place: Place, voice: Voice, *, links: bool = True) -> Json:
    return {
        "type": "overflow",
        "action_id": f"{MENU}:{place}"[:MOST_ID],
        "options": [_entry(name, thing, voice) for name in _entries(thing, links=links)],
    }


def _entries(thing: Subject, *, links: bool) -> list[str]:
    link = ["open"] if links and safe_url(thing.url) else []
    match thing:
        case Task(contact_id=whom):
            return ["done", "tomorrow", "date", *(["call"] if whom else []), *link]
        case Deal(contact_id=whom):
            return ["stage", *(["call"] if whom else []), "task", *link]
        case Contact():
            return ["call", "email", "meeting", "task", *link]


def _entry(name: str, thing: Subject, voice: Voice) -> Json:
    text = {"type": "plain_text", "text": plain(ENTRIES[name], voice)}
    entry: Json = {"text": text, "value": name}
    if name == "open":
        entry["url"] = thing.url
    return entry


def _told(thing: Subject, listing: Listing, now: datetime) -> Phrase:
    match thing:
        case Task():
            known = [due(thing.due_date, listing.today)]
            if thing.priority in {TaskPriority.HIGH, TaskPriority.URGENT}:
                known.append(PRIORITIES[thing.priority])
            return say("{task} – {facts}", task=thing.thing, facts=facts(*known))
        case Deal():
            known = [say("{value}", value=value_of(thing)), _stage(thing)]
            return say("{deal} – {facts}", deal=thing.thing, facts=facts(*known))
        case Contact():
            return say("{contact} – {facts}", contact=thing.thing, facts=_of(thing, listing, now))


def _stage(deal: Deal) -> Phrase:
    return say("{stage}", stage=deal.stage) if deal.stage else say("no stage")


def _of(contact: Contact, listing: Listing, now: datetime) -> Phrase:
    known = [say("{company}", company=contact.company)] if contact.company else []
    if contact.last_contacted_at is None:
        known.append(say("no contact known"))
    else:
        days = days_silent(contact, now, listing.person)
        if days <= 0:
            known.append(say("contacted today"))
        else:
            known.append(say("last contacted {time} ago", time=so_many_days(days)))
    return say("{facts}", facts=facts(*known))


def due(day: date | None, today: date) -> Phrase:
    """By when a task is to be done, and whether that is past."""
    if day is None:
        return say("no due date")
    if day == today:
        return say("due today")
    date = _with_year(day, today)
    return say("due {date} (overdue)", date=date) if day < today else say("due {date}", date=date)


def _with_year(day: date, today: date) -> date | DateWithYear:
    return day if day.year == today.year else DateWithYear(day)


def _turns(listing: Listing, voice: Voice) -> Blocks:
    """The buttons that turn the page, and the one for several things at once."""
    place, last = listing.place, listing.place.first + len(listing.things)
    pressed: list[Json] = []
    if place.first > 0:
        pressed.append(_turn(say("Earlier"), place, max(0, place.first - PAGE), voice))
    if last < listing.count:
        pressed.append(_turn(say("More"), place, last, voice))
    if listing.count > 1 and place.kind in {Kind.TASKS, Kind.CONTACTS}:
        several = plain(say("Several at once…"), voice)
        pressed.append(button(several, f"{SEVERAL}:{place}"[:MOST_ID]))
    told: Blocks = []
    if listing.count > len(listing.things):
        shown = say(
            "{first} to {last} of {count}", first=place.first + 1, last=last, count=listing.count
        )
        told.append(context(plain_text(plain(shown, voice))))
    return [*told, *([actions(pressed)] if pressed else [])]


def _turn(label: Phrase, place: Place, first: int, voice: Voice) -> Json:
    there = Place(place.kind, first, place.sought)
    return button(plain(label, voice), f"{TURN}:{there}"[:MOST_ID])


def _deal(
    listing: Listing, deal: Deal, voice: Voice, now: datetime, done: Act | None
) -> tuple[str, Blocks]:
    """One deal with all that is known of it."""
    heading = plain(say("{deal}", deal=deal.thing), voice)
    known: list[Phrase] = [say("{value}", value=value_of(deal))]
    if deal.status is not DealStatus.OPEN:
        known.append(say("won") if deal.status is DealStatus.WON else say("lost"))
    elif deal.stage:
        known.append(_since(deal, listing, now))
    if deal.account:
        known.append(say("{company}", company=deal.account))
    if deal.expected_close_date:
        closes = _with_year(deal.expected_close_date, listing.today)
        known.append(say("expected to close {date}", date=closes))
    lines = [say("{facts}", facts=facts(*known))]
    if listing.contact is not None:
        told = _of(listing.contact, listing, now)
        lines.append(say("With {contact}: {facts}", contact=listing.contact.thing, facts=told))
    lines += [
        say("Planned: {task}, {due}", task=each.thing, due=due(each.due_date, listing.today))
        for each in listing.planned
    ] or [say("Nothing is planned for it.")]

    def build(share: float) -> Blocks:
        most = int(300 * share) + 20
        told = [flat(shorter(words(each, voice), most)) for each in lines]
        row: Json = section(plain_text(told[0], most + 20))
        block_id = _block_id(deal)
        if units(block_id) <= MOST_ID:
            row |= {"accessory": _menu(deal, listing.place, voice), "block_id": block_id}
        return [
            *(done_row(done, voice, share) if done is not None else []),
            _heading(heading, share),
            row,
            *(context(plain_text(each)) for each in told[1:]),
        ]

    return escaped(heading, 300), fitted(build)


def _since(deal: Deal, listing: Listing, now: datetime) -> Phrase:
    if deal.stage_entered_at is None:
        return _stage(deal)
    days = days_between(deal.stage_entered_at, now, listing.person)
    if days <= 0:
        return say("{stage}, since today", stage=deal.stage or "")
    return say("{stage}, for {time}", stage=deal.stage or "", time=so_many_days(days))
