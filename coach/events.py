"""What a provider makes of a delivery: events, each with the changes it brings to the mirror."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coach.models import Origin, SubjectKind, Verb


@dataclass(frozen=True, slots=True)
class Owner:
    """Who a thing belongs to, as a CRM names people."""

    #: `email:ana@example.com`, `id:77` or `name:ana ruiz`; what owners are recognised by.
    key: str
    email: str | None = None
    name: str | None = None

    @classmethod
    def of(
        cls, *, email: str | None = None, id: str | None = None, name: str | None = None
    ) -> "Owner | None":
        """The owner by the best that is known of them: email, then id, then name."""
        if email and (address := email.strip().lower()):
            return cls(f"email:{address}", email=address, name=name)
        if id and id.strip():
            return cls(f"id:{id.strip()}", name=name)
        if name and (words := " ".join(name.split())):
            return cls(f"name:{words.lower()}", name=words)
        return None


@dataclass(frozen=True, slots=True)
class Change:
    """What was told of one thing at one time; what is not in `fields` was not told.

    `fields` holds names and values of `coach.models.Deal`, `Contact` or `Task`; a value of `None`
    says that the CRM has emptied the field. `deleted` is a field like any other.
    """

    kind: SubjectKind
    id: str
    at: datetime
    fields: dict[str, Any] = field(default_factory=dict)
    #: The owner, when the delivery names one.
    owner: Owner | None = None
    #: The thing itself did not say so: whoever the event belongs to, unless an owner is known.
    owner_assumed: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, as a provider read it."""

    #: Identity within the connection: the second event with the same key does nothing.
    dedupe_key: str
    verb: Verb
    occurred_at: datetime
    changes: tuple[Change, ...] = ()
    #: Whose doing or business it is, when the delivery says so; else the subject's owner.
    owner: Owner | None = None
    origin: Origin = Origin.API

    def subject_id(self, kind: SubjectKind) -> str | None:
        """The id of the thing of that kind the event is about, if any."""
        return next((change.id for change in self.changes if change.kind is kind), None)
