"""The minimal form: what happened to what, and whatever else is known of it in one map.

`{"action", "entity_type", "entity_id", "metadata"}`, as small scripts send it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from bot.crm.native_form import (
    ContactForm,
    DealForm,
    EventForm,
    Form,
    Id,
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
_READ = frozenset({"id", "timestamp", "owner", "won", "old_stage", "new_stage"})

#: What is said of the event and not of the thing.
_OF_THE_EVENT = _READ | {"days_to_complete", "has_due_date"}


@dataclass(frozen=True, slots=True)
class Extra:
    """What the minimal form tells beyond the fields of things."""

    #: What fields of the deal were before.
    before: dict[str, Any] = field(default_factory=dict)
    #: What is kept with the activity as it was told.
    details: dict[str, Any] = field(default_factory=dict)


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


class _Told(Form):
    won: bool | None = None
    old_stage: Short | None = None
    new_stage: Short | None = None
    has_due_date: bool | None = None


_Kind = Annotated[Literal["deal", "contact", "task"], BeforeValidator(_lower)]


class _MinimalForm(Form):
    id: Id | None = None
    action: Short
    entity_type: Annotated[Literal["deal", "contact", "task"], BeforeValidator(_lower)] | None = (
        None
    )
    entity_id: Id | None = None
    timestamp: Moment | None = None
    owner: Any = None
    metadata: dict[str, Any] = Field(default_factory=dict)


def expanded(value: Mapping[str, Any]) -> tuple[EventForm, Extra]:
    """The event in the whole form, and what has no place in it.

    Raises `PayloadError`, or pydantic's `ValidationError`.
    """
    form = _MinimalForm.model_validate(value)
    verb, kind = _verb(form)
    entity_id = form.entity_id or form.metadata.get("id")
    if entity_id is None:
        raise PayloadError(f"entity_id: say which {kind} it is about.")
    fields = {name: told for name, told in form.metadata.items() if name not in _OF_THE_EVENT}
    fields["id"] = entity_id
    told = _Told.model_validate(form.metadata)
    if kind == "deal":
        _fill_deal(fields, told, verb)
    if kind == "task" and told.has_due_date is False:
        fields.setdefault("due_date", None)
    whole = EventForm.model_validate(
        {
            "id": form.id,
            "type": verb,
            "timestamp": form.timestamp or form.metadata.get("timestamp"),
            "owner": form.owner or form.metadata.get("owner"),
            "data": {kind: fields},
        }
    )
    before = {"stage": told.old_stage} if kind == "deal" and told.old_stage else {}
    return whole, Extra(before, _details(form.metadata, kind))


def _verb(form: _MinimalForm) -> tuple[Verb, str]:
    action = form.action.lower()
    names = {action, f"{form.entity_type}_{action}"}
    verb = next((verb for verb in Verb if verb.value in names), None)
    if verb is None:
        raise PayloadError(f"action: {form.action[:50]!r} is not something that can happen here.")
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
