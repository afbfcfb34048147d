"""The minimal form: what happened to what, and whatever else is known of it in one map.

`{"action", "entity_type", "entity_id", "metadata"}`, as small scripts send it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from bot.crm.native_faults import accepted, read, shown
from bot.crm.native_form import (
    TAKEN,
    Action,
    ContactForm,
    DealForm,
    EventForm,
    Form,
    Id,
    Kind,
    Moment,
    Short,
    TaskForm,
    clean,
)
from bot.crm.provider import PayloadError
from coach.models import DealStatus, Verb

#: Further particulars that are kept with an activity: so many, with names and texts so long.
KEPT = 20
NAME = 60
TEXT = 500

_FORMS: Mapping[str, type[DealForm | ContactForm | TaskForm]] = {
    "deal": DealForm,
    "contact": ContactForm,
    "task": TaskForm,
}

#: What these names hold is read elsewhere.
_READ = frozenset({"id", "timestamp", "owner", "actor", "won", "old_stage", "new_stage"})

#: What is said of the event and not of the thing.
_OF_THE_EVENT = _READ | {"days_to_complete", "has_due_date"}


@dataclass(frozen=True, slots=True)
class Extra:
    """What the minimal form tells beyond the fields of things."""

    #: What fields of the deal were before.
    before: dict[str, Any] = field(default_factory=dict)
    #: What is kept with the activity as it was told.
    details: dict[str, Any] = field(default_factory=dict)


class _Told(Form):
    won: bool | None = None
    old_stage: Short | None = None
    new_stage: Short | None = None
    has_due_date: bool | None = None


class _MinimalForm(Form):
    id: Id | None = None
    action: Action
    entity_type: Kind | None = None
    entity_id: Id | None = None
    timestamp: Moment | None = None
    owner: Any = None
    actor: Any = None
    metadata: dict[str, Any] = Field(default_factory=dict)


def expanded(value: Mapping[str, Any]) -> tuple[EventForm, Extra]:
    """The event in the whole form, and what has no place in it.

    Raises `PayloadError`.
    """
    form = read(_MinimalForm, value, value)
    verb, kind = _verb(form)
    entity_id = form.entity_id or form.metadata.get("id")
    if entity_id is None:
        raise PayloadError(f"entity_id: say which {kind} it is about.")
    fields = {name: told for name, told in form.metadata.items() if name not in _OF_THE_EVENT}
    fields["id"] = entity_id
    told = read(_Told, form.metadata, value, lambda place: ("metadata", *place))
    if kind == "deal":
        _fill_deal(fields, told, verb)
    if kind == "task" and told.has_due_date is False:
        fields.setdefault("due_date", None)
    whole = read(
        EventForm,
        {
            "id": form.id,
            "type": verb,
            "timestamp": form.timestamp or form.metadata.get("timestamp"),
            "owner": form.owner or form.metadata.get("owner"),
            "actor": form.actor or form.metadata.get("actor"),
            "data": {kind: fields},
        },
        value,
        lambda place: _written(place, value),
    )
    before = {"stage": told.old_stage} if kind == "deal" and told.old_stage else {}
    return whole, Extra(before, _details(form.metadata, kind))


def _written(place: Sequence[str], sent: Mapping[str, Any]) -> Sequence[str]:
    """Where the minimal form has what stands at a place of the whole one."""
    match place:
        case ["data", _, *names]:
            return ["metadata", *names]
        case [name, *_] if not sent.get(name):
            return ["metadata", *place]
    return place


def _verb(form: _MinimalForm) -> tuple[Verb, str]:
    action = form.action.lower()
    names = {action, f"{form.entity_type}_{action}"}
    verb = next((verb for verb in TAKEN if verb.value in names), None)
    if verb is None:
        actions = accepted(_MinimalForm, ["action"])
        raise PayloadError(f"action: {shown(form.action)} is not accepted; give {actions}.")
    about = verb.value.partition("_")[0]
    return verb, form.entity_type or (about if about in _FORMS else "contact")


def _fill_deal(fields: dict[str, Any], told: _Told, verb: Verb) -> None:
    if told.new_stage is not None and not fields.get("stage"):
        fields["stage"] = told.new_stage
    # An open deal is not won either: only of one that was closed does “not won” say anything.
    if not fields.get("status") and (told.won or (told.won is False and verb is Verb.DEAL_CLOSED)):
        fields["status"] = DealStatus.WON if told.won else DealStatus.LOST


def _details(metadata: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """What no field of the thing holds, within bounds."""
    known = _READ | _FORMS[kind].model_fields.keys()
    kept: dict[str, Any] = {}
    for name, value in metadata.items():
        short = str(clean(name))[:NAME]
        if name not in known and short and value is not None and len(kept) < KEPT:
            kept[short] = _bounded(value)
    return kept


def _bounded(value: Any) -> Any:
    if isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        # Larger ones lose digits wherever JSON is read with floating point.
        return value if abs(value) < 2**53 else str(value)[:TEXT]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return str(clean(text[: TEXT * 2]))[:TEXT]
