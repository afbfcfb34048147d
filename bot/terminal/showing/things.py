"""What the CRM says now: deals, contacts and tasks, the newest first."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from bot.terminal.showing.listing import Json, Listing, Names, Wish, words
from bot.terminal.showing.values import record
from coach.models import Contact, Deal, Subject, SubjectKind, Task
from coach.phrases import DateWithYear, Money
from storage import showing
from storage.database import Tx
from storage.showing import Place

#: What is for ourselves only: our own ids, when each field was told, what a deal is named by.
_OURS = ("person_id", "told", "deleted", "apart")


#: Fields that are called otherwise outside.
_CALLED = {"name_given": "name"}


def _page(
    kind: SubjectKind,
) -> Callable[[Tx, Wish, Subject | None, int], Awaitable[Sequence[Subject]]]:
    async def page(tx: Tx, wish: Wish, after: Subject | None, most: int) -> Sequence[Subject]:
        return await showing.things(
            tx,
            kind,
            wish.workspace_id,
            person_id=wish.person_id,
            since=wish.since,
            after=after,
            most=most,
        )

    return page


def _needs(thing: Subject) -> tuple[Iterable[str | None], Iterable[Place]]:
    places: list[Place] = []
    if not isinstance(thing, Contact) and thing.contact_id:
        places.append((SubjectKind.CONTACT, thing.connection_id, thing.contact_id))
    if isinstance(thing, Task) and thing.deal_id:
        places.append((SubjectKind.DEAL, thing.connection_id, thing.deal_id))
    return [thing.person_id], places


def _json(thing: Subject, names: Names) -> Json:
    made = {_CALLED.get(name, name): value for name, value in record(thing, _OURS).items()}
    made |= names.of(thing.person_id)
    if isinstance(thing, Contact):
        made["is_lead"] = thing.is_lead
    else:
        made["contact"] = names.name(SubjectKind.CONTACT, thing.connection_id, thing.contact_id)
    if isinstance(thing, Task):
        made["deal"] = names.name(SubjectKind.DEAL, thing.connection_id, thing.deal_id)
    return made


def _cells(thing: Subject, names: Names) -> tuple[str, ...]:
    who = names.who(thing.person_id)
    match thing:
        case Deal():
            contact = names.name(SubjectKind.CONTACT, thing.connection_id, thing.contact_id)
            return (
                thing.name,
                thing.account or "",
                who,
                thing.status.value,
                thing.stage or "",
                words(Money(thing.value, thing.currency)) if thing.value is not None else "",
                contact or "",
                names.when(thing.created_at, thing.person_id),
                thing.id,
            )
        case Contact():
            return (
                thing.name,
                thing.company or "",
                who,
                thing.status or "",
                thing.email or "",
                names.when(thing.last_contacted_at, thing.person_id),
                names.when(thing.created_at, thing.person_id),
                thing.id,
            )
        case Task():
            about = names.name(SubjectKind.DEAL, thing.connection_id, thing.deal_id)
            about = about or names.name(SubjectKind.CONTACT, thing.connection_id, thing.contact_id)
            return (
                thing.name,
                who,
                thing.status.value,
                thing.priority.value,
                words(DateWithYear(thing.due_date)) if thing.due_date else "",
                about or "",
                names.when(thing.created_at, thing.person_id),
                thing.id,
            )


def _listing(kind: SubjectKind, *columns: str) -> Listing[Subject]:
    return Listing(
        days=None, page=_page(kind), needs=_needs, json=_json, columns=columns, cells=_cells
    )


DEALS = _listing(
    SubjectKind.DEAL,
    "deal",
    "account",
    "owner",
    "status",
    "stage",
    "value",
    "contact",
    "created",
    "id",
)
CONTACTS = _listing(
    SubjectKind.CONTACT,
    "contact",
    "company",
    "owner",
    "status",
    "email",
    "last contact",
    "created",
    "id",
)
TASKS = _listing(
    SubjectKind.TASK, "task", "owner", "status", "priority", "due", "about", "created", "id"
)
