"""The native form of events: its fields, cleaned and within bounds whatever strangers send."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from coach.events import AUTOMATION, Owner
from coach.mirror import bounded
from coach.models import DealStatus, TaskPriority, TaskStatus, Verb

#: Digits kept behind the decimal point of an amount.
_DECIMALS = 6


def clean(value: object) -> object:
    """Text as databases take it: without NUL, halves of surrogate pairs, and space around."""
    if isinstance(value, str):
        if value.isascii() and "\x00" not in value:
            # Nearly all are, and need no more.
            return value.strip()
        return value.replace("\x00", "").encode("utf-8", "replace").decode().strip()
    return value


def _cut(length: int) -> Callable[[str], str]:
    return lambda text: text[:length]


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _aware(moment: datetime) -> datetime:
    if not 1970 <= moment.year < 2200:
        raise ValueError("must lie between 1970 and 2200")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _in_range(day: date) -> date:
    if not 1970 <= day.year < 2200:
        raise ValueError("must lie between 1970 and 2200")
    return day


def _short(value: Decimal) -> Decimal:
    # "0e-999999999" is within any range, but nobody could write it out.
    exponent = int(value.as_tuple().exponent)
    if -_DECIMALS <= exponent <= 0:
        return value
    return value.quantize(Decimal(1).scaleb(-_DECIMALS if exponent < 0 else 0))


def _https(url: str) -> str | None:
    # Links lead out of Slack: nothing but plain web addresses.
    return url if re.fullmatch(r"https://[^\s<>|\"']{1,2000}", url) else None


def _date_of(value: object) -> object:
    # Vendors send a due date with or without a time of day.
    if isinstance(value, str) and len(value) > 10 and value[10:11] in {"T", " "}:
        return value[:10]
    return value


#: What may be told to have happened; commands are the coach's own.
TAKEN = tuple(verb for verb in Verb if verb is not Verb.COMMAND_USED)

# The bounds come first: after a function of ours pydantic would check them by more of its own.
Id = Annotated[str, StringConstraints(min_length=1, max_length=255), BeforeValidator(clean)]
Title = Annotated[str, BeforeValidator(clean), AfterValidator(_cut(500))]
Short = Annotated[str, BeforeValidator(clean), AfterValidator(_cut(120))]
Long = Annotated[str, BeforeValidator(clean), AfterValidator(_cut(5000))]
Email = Annotated[str, StringConstraints(max_length=320), BeforeValidator(clean)]
Moment = Annotated[datetime, AfterValidator(_aware)]
Url = Annotated[str, BeforeValidator(clean), AfterValidator(_https)]
Currency = Annotated[str, StringConstraints(max_length=8), BeforeValidator(clean)]
DealState = Annotated[DealStatus, BeforeValidator(_lower)]
TaskState = Annotated[TaskStatus, BeforeValidator(_lower)]
Urgency = Annotated[TaskPriority, BeforeValidator(_lower)]
Action = Annotated[str, BeforeValidator(clean), AfterValidator(_cut(120))]
Kind = Annotated[Literal["deal", "contact", "task"], BeforeValidator(_lower)]
Day = Annotated[date, BeforeValidator(_date_of), AfterValidator(_in_range)]
Amount = Annotated[
    Decimal,
    Field(ge=Decimal("-1e15"), le=Decimal("1e15"), allow_inf_nan=False),
    AfterValidator(_short),
]


class Form(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, value: Any) -> Any:
        # Forms and spreadsheets send an empty text for what is empty.
        if not isinstance(value, dict):
            return value
        empty = [
            name
            for name, told in value.items()
            if isinstance(told, str) and (not told or told.isspace())
        ]
        return {**value, **dict.fromkeys(empty)} if empty else value


def _fraction(value: object) -> object:
    # Some CRMs tell probabilities in percent; above 1 nothing else can be meant.
    if isinstance(value, str):
        value = value.strip()
        percent = value.endswith("%")
        try:
            number = Decimal(value.rstrip("% "))
        except InvalidOperation:
            return value
        if not number.is_finite():
            return value
        return number / 100 if percent or 1 < number <= 100 else number
    if isinstance(value, int | float) and not isinstance(value, bool) and 1 < value <= 100:
        return Decimal(str(value)) / 100
    return value


Fraction = Annotated[
    Decimal,
    BeforeValidator(_fraction),
    Field(ge=0, le=1, allow_inf_nan=False),
    AfterValidator(_short),
]


class OwnerForm(Form):
    """Who something belongs to."""

    email: Email | None = None
    id: Id | None = None
    name: Short | None = None

    def owner(self) -> Owner | None:
        """In the domain's terms."""
        return Owner.of(email=self.email, id=self.id, name=self.name)


#: What small scripts write beside the fields of a thing though it is about the event.
_OF_THE_EVENT = frozenset({"timestamp", "owner", "actor"})


class _Owned(Form):
    """What deals, contacts and tasks have in common; fields nobody here knows are kept as told."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    id: Id
    url: Url | None = None
    created_at: Moment | None = None
    owner_email: Email | None = None
    owner_id: Id | None = None
    owner_name: Short | None = None

    def owner(self) -> Owner | None:
        return Owner.of(email=self.owner_email, id=self.owner_id, name=self.owner_name)

    def others(self) -> dict[str, str | None]:
        """The fields that the form does not know, each with the text or number it holds."""
        if not self.model_extra:
            return {}
        told = dict(self.model_extra)
        given = told.pop("other", None)
        told |= given if isinstance(given, dict) else {}
        return bounded(
            {
                str(clean(str(name))): clean(value)
                for name, value in told.items()
                if name not in _OF_THE_EVENT
                and (value is None or isinstance(value, str | int | float))
            }
        )


class DealForm(_Owned):
    """A deal, whole or in part."""

    title: Title | None = None
    stage: Short | None = None
    status: DealState | None = None
    value: Amount | None = None
    currency: Currency | None = None
    source: Short | None = None
    contact_id: Id | None = None
    closed_at: Moment | None = None
    account: Title | None = None
    product: Title | None = None
    pipeline: Short | None = None
    expected_close_date: Day | None = None
    probability: Fraction | None = None
    lost_reason: Title | None = None


class ContactForm(_Owned):
    """A contact, whole or in part."""

    name: Title | None = None
    email: Email | None = None
    status: Short | None = None
    source: Short | None = None
    company: Title | None = None
    last_contacted_at: Moment | None = None


class TaskForm(_Owned):
    """A task, whole or in part."""

    title: Title | None = None
    status: TaskState | None = None
    priority: Urgency | None = None
    due_date: Day | None = None
    note: Long | None = None
    completed_at: Moment | None = None
    contact_id: Id | None = None
    deal_id: Id | None = None


class DataForm(Form):
    """The objects an event is about."""

    deal: DealForm | None = None
    contact: ContactForm | None = None
    task: TaskForm | None = None


class ActorForm(OwnerForm):
    """Who did something: one of the CRM's people, or what is no person."""

    type: Short | None = None

    @model_validator(mode="before")
    @classmethod
    def _in_a_word(cls, value: Any) -> Any:
        # Small scripts say in one word what it was, or who by address, id or name.
        if isinstance(value, str):
            if value.strip().lower() in _MACHINES:
                return {"type": value}
            return {"email": value} if "@" in value else {"id": value, "name": value}
        if isinstance(value, int) and not isinstance(value, bool):
            return {"id": str(value)}
        # Nothing else is a reason to take no note of what happened.
        return value if isinstance(value, dict) else {}

    def actor(self) -> Owner | str | None:
        """In the domain's terms; of a type that is no person's it is an automation."""
        if (self.type or "user").lower() not in _PEOPLE:
            return AUTOMATION
        return self.owner()


#: Types of actor that are people, where no other is given; every other is an automation.
_PEOPLE = frozenset({"user", "person", "human", "owner"})

#: What is no person where nothing but a word is given.
_MACHINES = frozenset(
    {"api", "app", "automation", "bot", "import", "integration", "script", "system", "workflow"}
)


class EventForm(Form):
    """One event in the native form."""

    id: Id | None = None
    type: Verb
    timestamp: Moment | None = None
    owner: OwnerForm | None = None
    actor: ActorForm | None = None
    data: DataForm

    @model_validator(mode="before")
    @classmethod
    def _nobody(cls, value: Any) -> Any:
        # A template fills in what there is: of a deal without a contact, a contact without an id.
        data = value.get("data") if isinstance(value, dict) else None
        if not isinstance(data, dict):
            return value
        about = str(value.get("type")).partition("_")[0]
        empty = [name for name, told in data.items() if name != about and _is_nothing(told)]
        if not empty:
            return value
        return {**value, "data": {k: told for k, told in data.items() if k not in empty}}


def _is_nothing(told: object) -> bool:
    return isinstance(told, dict) and "id" in told and clean(told["id"]) in (None, "")
