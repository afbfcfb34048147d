"""What a provider makes of a delivery: events, each with the changes it brings to the mirror."""

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from coach.models import Origin, SubjectKind, Verb
from coach.values import quick

#: Stands for the connection of what holds in the whole workspace: an address.
EVERYWHERE = ""


class OwnerKey(NamedTuple):
    """One thing an owner is recognised by, and where it says who that is.

    Two CRMs may each have an owner 77, or an Ana Ruiz; an address is the same person in both.
    """

    connection_id: str
    #: `email:ana@example.com`, `id:77` or `name:ana ruiz`.
    key: str

    @property
    def kind(self) -> str:
        """`email`, `id` or `name`."""
        return self.key.partition(":")[0]

    @property
    def value(self) -> str:
        """The address, the id or the normalised name."""
        return self.key.partition(":")[2]


@dataclass(frozen=True, slots=True)
class Owner:
    """Who a thing belongs to, as a CRM names people: all that was told of one person at once."""

    email: str | None = None
    id: str | None = None
    name: str | None = None

    @classmethod
    def of(
        cls, *, email: str | None = None, id: str | None = None, name: str | None = None
    ) -> "Owner | None":
        """The owner by what is known of them; `None` when that is nothing."""
        address = email.strip().lower() if email else None
        own = id.strip() if id else None
        called = " ".join(name.split()) if name else None
        if not (address or own or called):
            return None
        return cls(address or None, own or None, called or None)

    def keys(self, connection_id: str) -> tuple[OwnerKey, ...]:
        """What this owner of a connection is recognised by, the surest first."""
        keys: list[OwnerKey] = []
        if self.email:
            keys.append(OwnerKey(EVERYWHERE, f"email:{self.email}"))
        if self.id:
            keys.append(OwnerKey(connection_id, f"id:{self.id}"))
        if self.name:
            keys.append(OwnerKey(connection_id, f"name:{normalised(self.name)}"))
        return tuple(keys)

    def __str__(self) -> str:
        """What to call them."""
        return self.name or self.email or self.id or ""


def normalised(name: str) -> str:
    """A name as names are compared: in small letters, one space between words."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


#: Stands for whatever is no person: a workflow, an integration, a script.
AUTOMATION = "automation"


@quick
@dataclass(frozen=True, slots=True)
class Change:
    """What was told of one thing at one time; what is not in `fields` was not told.

    `fields` holds names and values of `coach.models.Deal`, `Contact` or `Task`; a value of `None`
    says that the CRM has emptied the field. `deleted` is a field like any other, and so is each of
    `other`, which holds those fields only that were told.
    """

    kind: SubjectKind
    id: str
    at: datetime
    fields: dict[str, Any] = field(default_factory=dict)
    #: The owner, when the delivery names one.
    owner: Owner | None = None
    #: The thing itself did not say so: whoever the event belongs to, unless an owner is known.
    owner_assumed: bool = False
    #: What fields were before, where the vendor tells; used where the mirror does not know it.
    before: dict[str, Any] = field(default_factory=dict)
    #: Whether the deal came to the stage it names just then; `None` when the event around it tells.
    came: bool | None = None
    #: From when on it can be known that it has not left that stage, where that is later.
    watched_from: datetime | None = None
    #: The time of an earlier change of ours that this one takes back, as if it had not been.
    undoes: datetime | None = None


@quick
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
    #: What else was told, in JSON values and within bounds, by the vendor's own names.
    details: dict[str, Any] | None = None
    #: It was found by looking: when that is how the mirror has it already, nothing has happened.
    observed: bool = False
    #: Who did it, where that was told: one of the CRM's people, or `AUTOMATION`.
    actor: "Owner | str | None" = None

    def subject_id(self, kind: SubjectKind) -> str | None:
        """The id of the thing of that kind the event is about, if any."""
        for change in self.changes:
            if change.kind is kind:
                return change.id
        return None
