"""Menus of things, however many there are: what fits stands in them, of more one searches.

Slack takes 100 entries in a menu; one that is searched asks us as somebody types
(https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#external_select).
"""

import json
from collections.abc import Sequence

from bot.slack.blocks.pieces import Json, option, plain_text
from bot.slack.blocks.text import flat, shorter, units
from coach.keys import kind_of
from coach.models import Ref, Subject, SubjectKind
from coach.phrases import say
from coach.wording import Voice, plain, words

#: Longest value of an entry, and most entries of a menu.
MOST_VALUE, MOST_CHOICES = 150, 100

#: Under which heading things of each kind stand.
_HEADINGS = {
    SubjectKind.DEAL: say("Deals"),
    SubjectKind.CONTACT: say("Contacts"),
    SubjectKind.TASK: say("Tasks"),
}


def menu(offered: Json, voice: Voice, *, whole: bool) -> Json:
    """A menu of what is offered, if that is the `whole` of it; else one that is searched."""
    if whole:
        return {"type": "static_select", **offered}
    # Before anything is typed the first of them are shown.
    return {
        "type": "external_select",
        "min_query_length": 0,
        "placeholder": plain_text(plain(say("Type a name"), voice), 150),
    }


def entries(things: Sequence[Subject], most: int, voice: Voice) -> list[Json]:
    """So many of these things to choose from, by name."""
    return [
        option(_name(each, voice), value)
        for each in things
        if units(value := box_of(each)) <= MOST_VALUE
    ][:most]


def grouped(things: Sequence[Subject], voice: Voice) -> list[Json]:
    """Things of several kinds to choose from, each kind under its heading; none is left empty."""
    groups: list[Json] = []
    for kind, heading in _HEADINGS.items():
        its = [
            option(_name(each, voice), value)
            for each in things
            if kind_of(each) is kind and units(value := kept(each)) <= MOST_VALUE
        ]
        if its:
            groups.append({"label": plain_text(plain(heading, voice), 75), "options": its})
    return groups


def box_of(thing: Subject | Ref) -> str:
    """The value of a thing among others of its kind."""
    return json.dumps([thing.connection_id, thing.id], separators=(",", ":"))


def kept(thing: Subject) -> str:
    """The value of a thing among things of other kinds."""
    told = [kind_of(thing).value, thing.connection_id, thing.id]
    return json.dumps(told, separators=(",", ":"))


def read(value: str) -> tuple[SubjectKind, Ref]:
    """What `kept` has made the value of. Raises `ValueError` for a value of another form."""
    kind, *ref = _listed(value)
    return SubjectKind(str(kind)), _ref(ref)


def read_box(value: str) -> Ref:
    """What `box_of` has made the value of. Raises `ValueError` likewise."""
    return _ref(_listed(value))


def _listed(value: str) -> list[object]:
    told = json.loads(value)
    if not isinstance(told, list) or not told:
        raise ValueError(value)
    return told


def _ref(told: list[object]) -> Ref:
    connection_id, id = told
    return Ref(str(connection_id), str(id))


def _name(thing: Subject, voice: Voice) -> str:
    return flat(shorter(words(say("{thing}", thing=thing.thing), voice), 75))
