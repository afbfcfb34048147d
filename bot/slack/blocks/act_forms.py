"""Windows in which somebody says what is to be done to one of their things, or to several."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.coaching.choosing import Choice
from bot.coaching.listing import Place
from bot.slack.blocks.choosing import (
    MOST_CHOICES,
    MOST_VALUE,
    entries,
    grouped,
    menu,
    read,
    read_box,
)
from bot.slack.blocks.pieces import VALUE, Blocks, Json, field, modal, option
from bot.slack.blocks.text import flat, shorter, units
from coach.actions.create_task import NOTE, TITLE
from coach.models import Deal, Ref, Subject, SubjectKind, TaskPriority
from coach.phrases import Phrase, say
from coach.screens import Control
from coach.terms import PRIORITY_CHOICES
from coach.wording import Voice, plain, words

#: The `callback_id` of these windows.
CALLBACK = "act"

#: Most entries of a row of boxes.
MOST_BOXES = 10

LOGS = {
    Control.LOG_CALL: say("A call"),
    Control.LOG_EMAIL: say("An email"),
    Control.LOG_MEETING: say("A meeting"),
}


@dataclass(frozen=True, slots=True)
class About:
    """What a window is for, where it was opened, and where the answer goes."""

    #: date, stage, log, task, call or several.
    does: str
    kind: SubjectKind | None = None
    ref: Ref | None = None
    #: The page of a list it was opened on.
    place: Place | None = None
    #: Where that list can be replaced.
    url: str = ""

    def kept(self) -> str:
        """As the window's metadata, which comes back with it and is checked then."""
        told = {
            "does": self.does,
            "kind": self.kind,
            "ref": [self.ref.connection_id, self.ref.id] if self.ref else None,
            "place": str(self.place) if self.place else None,
            "url": self.url,
        }
        return json.dumps(told, separators=(",", ":"))

    @classmethod
    def of(cls, view: Mapping[str, Any]) -> "About":
        """What a window is for. Raises `ValueError` for one of another form."""
        told = json.loads(view.get("private_metadata") or "{}")
        if not isinstance(told, dict):
            raise ValueError(told)
        ref, kind, place = told.get("ref"), told.get("kind"), told.get("place")
        return cls(
            str(told.get("does") or ""),
            SubjectKind(kind) if kind else None,
            Ref(str(ref[0]), str(ref[1])) if ref else None,
            Place.read(place) if place else None,
            str(told.get("url") or ""),
        )


def date_form(about: About, thing: Subject, first: date | None, voice: Voice) -> Json:
    """Another date for a task."""
    picker: Json = {"type": "datepicker"}
    if first is not None:
        picker["initial_date"] = first.isoformat()
    return _form(
        about,
        say("Move a task"),
        say("Move it"),
        [field("date", plain(say("Its new date"), voice), picker, hint=_named(thing, voice))],
        voice,
    )


def stage_form(about: About, deal: Deal, stages: Sequence[str], voice: Voice) -> Json:
    """Another stage for a deal, of those of its pipeline."""
    fitting = [each for each in stages if each and units(each) <= MOST_VALUE]
    options = [option(each, each) for each in fitting[:MOST_CHOICES]]
    stage: Json = {"type": "static_select", "options": options}
    present = next((each for each in options if each["value"] == deal.stage), None)
    if present:
        stage["initial_option"] = present
    label = plain(say("Its stage"), voice)
    blocks = [field("stage", label, stage, hint=_named(deal, voice))]
    return _form(about, say("Move a deal"), say("Move it"), blocks, voice)


def log_form(about: About, thing: Subject, control: Control, voice: Voice) -> Json:
    """What kind of contact it was, and what was said."""
    blocks = [
        field("what", plain(say("What it was"), voice), _logs(control, voice)),
        _note(voice, hint=_named(thing, voice)),
    ]
    return _form(about, say("Log a contact"), say("Log it"), blocks, voice)


def call_form(about: About, contacts: Choice, voice: Voice) -> Json:
    """Whom a call was with, and what was said; contacts by name."""
    by_name = sorted(contacts.things, key=lambda each: each.name.casefold())
    offered = {"options": entries(by_name, MOST_CHOICES, voice)}
    whom = menu(offered, voice, whole=contacts.whole)
    blocks = [
        field("whom", plain(say("With whom"), voice), whom),
        field("what", plain(say("What it was"), voice), _logs(Control.LOG_CALL, voice)),
        _note(voice),
    ]
    return _form(about, say("Log a call"), say("Log it"), blocks, voice)


def task_form(
    about: About,
    voice: Voice,
    *,
    thing: Subject | None = None,
    title: str = "",
    note: str = "",
    choice: Choice | None = None,
) -> Json:
    """A new task, about this thing if there is one, or about one of a choice."""
    typed: Json = {"type": "plain_text_input", "max_length": TITLE}
    if title:
        typed["initial_value"] = flat(shorter(words(say("{title}", title=title), voice), TITLE))
    choices = [
        option(plain(PRIORITY_CHOICES[each], voice), each.value) for each in reversed(TaskPriority)
    ]
    usual = next(each for each in choices if each["value"] == TaskPriority.MEDIUM)
    priority: Json = {"type": "static_select", "options": choices, "initial_option": usual}
    hint = _named(thing, voice) if thing is not None else None
    blocks = [
        field("title", plain(say("What is to be done"), voice), typed, hint=hint),
        field("date", plain(say("By when"), voice), {"type": "datepicker"}, optional=True),
        field("priority", plain(say("Priority"), voice), priority),
        *_choosing(choice, voice),
        _note(voice, initial=note),
    ]
    return _form(about, say("New task"), say("Create task"), blocks, voice)


def _choosing(choice: Choice | None, voice: Voice) -> Blocks:
    if choice is None or not choice.things:
        return []
    offered = {"option_groups": grouped(choice.things, voice)}
    if not offered["option_groups"]:
        return []
    element = menu(offered, voice, whole=choice.whole)
    return [field("about", plain(say("What it is about"), voice), element, optional=True)]


def several_form(about: About, things: Sequence[Subject], monday: date, voice: Voice) -> Json:
    """The same for several things of a page; the boxes name them."""
    boxes = entries(things, MOST_BOXES, voice)
    which = field("things", plain(say("Which"), voice), {"type": "checkboxes", "options": boxes})
    if about.kind is SubjectKind.CONTACT:
        blocks = [
            which,
            field("what", plain(say("What it was"), voice), _logs(Control.LOG_CALL, voice)),
            _note(voice),
        ]
        return _form(about, say("Log several"), say("Log them"), blocks, voice)
    done, moved = say("They are done"), say("Move them to the date below")
    choices = [option(plain(done, voice), "done"), option(plain(moved, voice), "move")]
    picker: Json = {"type": "datepicker", "initial_date": monday.isoformat()}
    blocks = [
        which,
        field("what", plain(say("What is to become of them"), voice), _radio(choices)),
        field("date", plain(say("Date, if they are moved"), voice), picker, optional=True),
    ]
    return _form(about, say("Several at once"), say("Do it"), blocks, voice)


def chosen_in(view: Mapping[str, Any]) -> list[Ref]:
    """The things whose boxes were ticked. Raises `ValueError` for values of another form."""
    ticked = _held(view, "things").get("selected_options") or ()
    return [read_box(str(each["value"])) for each in ticked]


def chosen_one(view: Mapping[str, Any], name: str) -> Ref | None:
    """The thing that was chosen in a menu. Raises `ValueError` for a value of another form."""
    told = value_in(view, name)
    return None if told is None else read_box(told)


def chosen_thing(view: Mapping[str, Any], name: str) -> tuple[SubjectKind, Ref] | None:
    """The same in a menu of several kinds of thing. Raises `ValueError` likewise."""
    told = value_in(view, name)
    return None if told is None else read(told)


def value_in(view: Mapping[str, Any], name: str) -> str | None:
    """What a field of a window holds."""
    held = _held(view, name)
    chosen = held.get("selected_option")
    told = chosen.get("value") if chosen else held.get("value") or held.get("selected_date")
    told = told or held.get("selected_user")
    return None if told is None else str(told)


def _held(view: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    holder: Mapping[str, Any] = (view["state"]["values"].get(name) or {}).get(VALUE) or {}
    return holder


def _radio(options: Sequence[Json]) -> Json:
    return {"type": "radio_buttons", "options": list(options), "initial_option": options[-1]}


def _logs(control: Control, voice: Voice) -> Json:
    options = [option(plain(label, voice), each.value) for each, label in LOGS.items()]
    first = next(each for each in options if each["value"] == control.value)
    return {"type": "static_select", "options": options, "initial_option": first}


def _note(voice: Voice, *, initial: str = "", hint: str | None = None) -> Json:
    typed: Json = {"type": "plain_text_input", "multiline": True, "max_length": NOTE}
    if initial:
        typed["initial_value"] = initial[:NOTE]
    return field("note", plain(say("Note"), voice), typed, optional=True, hint=hint)


def _named(thing: Subject, voice: Voice) -> str:
    return flat(shorter(words(say("{thing}", thing=thing.thing), voice), 300))


def _form(about: About, title: Phrase, submit: Phrase, blocks: Blocks, voice: Voice) -> Json:
    return modal(
        plain(title, voice),
        blocks,
        callback_id=CALLBACK,
        submit=plain(submit, voice),
        close=plain(say("Cancel"), voice),
        private_metadata=about.kept(),
    )
