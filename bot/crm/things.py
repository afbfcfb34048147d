"""What vendors tell of deals, contacts and tasks, cleaned and made into changes."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.crm.calls import Answer
from bot.crm.native_form import ContactForm, DealForm, Id, Moment, TaskForm, clean
from bot.crm.provider import PayloadError, Told, told_by_status
from bot.web.strict_json import JsonError, loads
from coach.events import Change
from coach.models import SubjectKind
from coach.writes import CreateTask, DeleteTask, LogContact, Outgoing

#: Names of the forms that the domain has other words for.
NAMES = {"name": "name_given"}

_OWNED_BY = frozenset({"owner_email", "owner_id", "owner_name"})

#: What each form tells of a thing itself.
TOLD = {
    form: frozenset(form.model_fields) - {"id"} - _OWNED_BY
    for form in (DealForm, ContactForm, TaskForm)
}

#: What is told by a value only; emptied, it is not told.
_NEVER_EMPTY = frozenset({"title", "name", "status", "priority", "created_at"})

_FORMS: Mapping[SubjectKind, type[DealForm | ContactForm | TaskForm]] = {
    SubjectKind.DEAL: DealForm,
    SubjectKind.CONTACT: ContactForm,
    SubjectKind.TASK: TaskForm,
}

_ID: TypeAdapter[str] = TypeAdapter(Id)
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)

#: The longest identity of an event.
_LONGEST = 255

#: So much of what a vendor says against a change is told.
_WORDS = 200


def fields_of(form: DealForm | ContactForm | TaskForm) -> dict[str, Any]:
    """Names and values of what was told, in the domain's terms; an empty date is not told."""
    fields: dict[str, Any] = {}
    for name in form.model_fields_set & TOLD[type(form)]:
        value = getattr(form, name)
        if value is None and name in _NEVER_EMPTY:
            continue
        fields[NAMES.get(name, name)] = value
    if others := form.others():
        fields["other"] = others
    if _OWNED_BY & form.model_fields_set and form.owner() is None:
        fields["person_id"] = None
    return fields


def thing(
    kind: SubjectKind,
    told: Mapping[str, Any],
    at: datetime,
    *,
    before: Mapping[str, Any] | None = None,
) -> Change:
    """What a vendor tells of one thing, by the names of the native form.

    A field that cannot be what its name says is left out: a vendor is not told of it, and the rest
    counts. Raises `PayloadError` when the thing has no id.
    """
    form = _form(_FORMS[kind], told)
    return Change(kind, form.id, at, fields_of(form), form.owner(), before=dict(before or {}))


def _form(
    form: type[DealForm | ContactForm | TaskForm], told: Mapping[str, Any]
) -> DealForm | ContactForm | TaskForm:
    try:
        return form.model_validate(dict(told))
    except ValidationError as error:
        unreadable = {str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}
    if "id" in unreadable:
        raise PayloadError("It does not say which thing it is about.")
    return form.model_validate({k: v for k, v in told.items() if k not in unreadable})


def gone(kind: SubjectKind, id: object, at: datetime) -> Change:
    """That a thing is no more. Raises `PayloadError` when it has no id."""
    return Change(kind, needed(id), at, {"deleted": True})


def contacted(id: object, at: datetime) -> tuple[Change, ...]:
    """That somebody was in touch with a contact, if it says with whom."""
    known = name_of(id)
    if known is None:
        return ()
    return (Change(SubjectKind.CONTACT, known, at, {"last_contacted_at": at}),)


def name_of(id: object) -> str | None:
    """An id as text, whether it was told as text or as a number; `None` when it is neither."""
    if isinstance(id, bool) or not isinstance(id, str | int):
        return None
    try:
        return _ID.validate_python(str(id)) or None
    except (ValidationError, ValueError):
        # Python writes no numbers of thousands of digits.
        return None


def needed(id: object) -> str:
    """An id as text. Raises `PayloadError` when there is none."""
    known = name_of(id)
    if known is None:
        raise PayloadError("It does not say which thing it is about.")
    return known


def moment(value: object) -> datetime | None:
    """A point in time as vendors write it, without a zone UTC; `None` when it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return _MOMENT.validate_python(value).astimezone(UTC)
    except (ValidationError, OverflowError):
        return None


def utc(at: datetime) -> str:
    """A point in time as every vendor reads it."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def words(value: object, most: int = _WORDS) -> str:
    """The beginning of a text a vendor sent, without what databases do not take."""
    return str(clean(value))[:most].strip() if isinstance(value, str) else ""


def percent(value: object) -> str | None:
    """A probability in percent, as the form reads it; what is none stays unsaid."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return f"{value}%" if 0 <= value <= 100 else None


def key(*parts: object) -> str:
    """The identity of an event out of what tells it from all others."""
    whole = "|".join("" if part is None else str(part) for part in parts)
    cleaned = str(clean(whole))
    if len(cleaned) <= _LONGEST:
        return cleaned
    # Cut, two long ones could become one.
    return f"id:{hashlib.sha256(whole.encode('utf-8', 'replace')).hexdigest()}"


def content(body: bytes) -> dict[str, Any]:
    """The JSON object that a vendor sent. Raises `PayloadError`."""
    try:
        value = loads(body)
    except JsonError as error:
        raise PayloadError(f"The body cannot be read: {error}.") from error
    if not isinstance(value, dict):
        raise PayloadError("The body must be a JSON object.")
    return value


def inner(value: object, *names: str) -> Any:
    """What stands at a place within objects; `None` where there is nothing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def rows(value: object) -> list[dict[str, Any]]:
    """The objects of a list; what is none is passed over."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def answered(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer, empty when there is none."""
    try:
        return content(answer.body)
    except PayloadError:
        return {}


_REFUSED = {
    401: "the CRM does not take the coach's credentials any more",
    403: "the coach may not do that in the CRM",
    404: "it is not in the CRM any more",
    410: "it is not in the CRM any more",
}


def told_with(outgoing: Outgoing, answer: Answer, *, id: object = None, why: object = None) -> Told:
    """What the status says, with the id the vendor gave, or its own words for why not.

    What is to be deleted and is gone is as it should be.
    """
    if isinstance(outgoing.write, DeleteTask) and answer.gone:
        return Told()
    said = told_by_status(answer)
    if answer.ok:
        return Told(remote_id=name_of(id))
    if said.refusal is None:
        return said
    whose = words(why)
    reason = f"{said.refusal}: {whose}" if whose else said.refusal
    plain = _REFUSED.get(answer.status)
    gone = answer.gone and not isinstance(outgoing.write, CreateTask | LogContact)
    return Told(refusal=f"{plain} ({reason})" if plain else reason, gone=gone)
