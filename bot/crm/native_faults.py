"""What is wrong with what came in the native form, in sentences that say what is accepted."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import ValidationError

from bot.crm.native_form import (
    TAKEN,
    Action,
    ActorForm,
    Amount,
    ContactForm,
    Currency,
    DataForm,
    Day,
    DealForm,
    DealState,
    Email,
    Form,
    Fraction,
    Id,
    Kind,
    Long,
    Moment,
    OwnerForm,
    Short,
    TaskForm,
    TaskState,
    Title,
    Urgency,
    Url,
    clean,
)
from bot.crm.provider import PayloadError
from coach.models import DealStatus, SubjectKind, TaskPriority, TaskStatus, Verb

#: So many faults of one event are told, in so many characters together.
FAULTS = 3
MOST = 500

#: Of what was sent, so many characters are said back.
SHOWN = 40

#: Where the sender wrote what stands at a place of the form.
Written = Callable[[Sequence[str]], Sequence[str]]


def _one_of(values: Iterable[str]) -> str:
    return f"one of {', '.join(values)}"


def _choice(values: Iterable[StrEnum]) -> str:
    return _one_of(f'"{each}"' for each in values)


_TEXT = 'text, as "Acme renewal"'
_THING = 'an object with its id, as {"id": "D-17"}'

_ACTIONS = _one_of(TAKEN)

#: What each kind of field accepts, with an example.
_ACCEPTED: Sequence[tuple[object, str]] = (
    (Verb, f"{_ACTIONS}, batch"),
    (Action, _ACTIONS),
    (Id, 'text or a number of 1 to 255 characters, as "D-17"'),
    (Title, _TEXT),
    (Short, _TEXT),
    (Long, _TEXT),
    (Url, 'an address, as "https://crm.example.com/deals/17"'),
    (Email, 'an address of at most 320 characters, as "ana@example.com"'),
    (Currency, 'a code of at most 8 characters, as "EUR"'),
    (Moment, 'a moment from 1970 to 2199 in ISO 8601, as "2026-11-22T10:00:00Z"'),
    (Day, 'a day from 1970 to 2199 in ISO 8601, as "2026-11-22"'),
    (Amount, "a number up to 1e15 with a point before its decimals, as 12000.50"),
    (Fraction, 'a number from 0 to 1, as 0.6, or percent, as 60 or "60%"'),
    (DealState, _choice(DealStatus)),
    (TaskState, _choice(TaskStatus)),
    (Urgency, _choice(TaskPriority)),
    (Kind, _choice(SubjectKind)),
    (bool, "true or false"),
    (OwnerForm, 'an object, as {"email": "ana@example.com"}'),
    (ActorForm, 'an object, as {"email": "ana@example.com"}, or {"type": "automation"}'),
    (DataForm, 'an object with what it is about, as {"deal": {"id": "D-17"}}'),
    (DealForm, _THING),
    (ContactForm, _THING),
    (TaskForm, _THING),
    (dict[str, Any], 'an object, as {"title": "Acme renewal"}'),
)


F = TypeVar("F", bound=Form)


def read(
    form: type[F],
    value: Mapping[str, Any],
    sent: Mapping[str, Any],
    written: Written = lambda place: place,
) -> F:
    """The form of a value that was made of what was sent, if it is not that itself.

    Raises `PayloadError`, which says what is wrong in the sender's own terms.
    """
    try:
        return form.model_validate(value)
    except ValidationError as error:
        raise PayloadError(_explained(error, form, sent, written)) from error


def _explained(
    error: ValidationError, form: type[Form], sent: Mapping[str, Any], written: Written
) -> str:
    """The first faults, as far as there is room for them."""
    told = ""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    for fault in faults[:FAULTS]:
        place = [str(name) for name in fault["loc"]]
        there = written(place)
        sentence = f"{'.'.join(there)}: {_wrong(fault['type'], sent, there)}; give "
        sentence += f"{accepted(form, place)}."
        if told and len(told) + 1 + len(sentence) > MOST:
            break
        told = f"{told} {sentence}".lstrip()
    return told


def _wrong(kind: str, value: Any, place: Sequence[str]) -> str:
    for name in place:
        value = value.get(name) if isinstance(value, Mapping) else None
    if kind == "missing" or value is None or (isinstance(value, str) and not clean(value)):
        return "it is missing"
    if kind in {"too_long", "string_too_long"} and isinstance(value, str):
        return f"{len(value):,} characters are too many"
    return f"{shown(value)} is not accepted"


def shown(value: object) -> str:
    """The beginning of what was sent, as it can be said back and kept."""
    text = str(clean(json.dumps(value, ensure_ascii=False)))
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def accepted(form: type[Form], place: Sequence[str]) -> str:
    """What may stand at a place of a form, with an example."""
    hint: object = form
    for name in place:
        inner = next(
            each for each in _kinds(hint) if isinstance(each, type) and issubclass(each, Form)
        )
        hint = _hints(inner)[name]
    kinds = _kinds(hint)
    return next(words for kind, words in _ACCEPTED if kind in kinds)


def _kinds(hint: object) -> tuple[object, ...]:
    """A type, and those it is one of."""
    return (hint, *get_args(hint))


@cache
def _hints(form: type[Form]) -> Mapping[str, object]:
    return get_type_hints(form, include_extras=True)
