"""Owners: which person somebody is whom a CRM names by address, id or name."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import select

from coach.events import EVERYWHERE, Owner, OwnerKey
from coach.models import Person
from storage import people
from storage.database import Tx, chunks, insert
from storage.tables import owners


async def resolve(
    tx: Tx,
    workspace_id: str,
    connection_id: str,
    named: Iterable[Owner],
    now: datetime,
    new_id: Callable[[], str],
) -> dict[Owner, str]:
    """The person behind each owner of a connection; people nobody knew yet are made.

    Somebody with an address will be looked up in Slack.
    """
    wanted = {owner: owner.keys(connection_id)[0] for owner in named}
    known = await _people_of(tx, workspace_id, wanted.values())
    made: dict[OwnerKey, dict[str, object]] = {}
    for owner, key in sorted(wanted.items(), key=lambda item: item[1]):
        if key not in known and key not in made:
            made[key] = {"id": new_id(), "name": str(owner), "email": owner.email}
    await people.make(tx, workspace_id, list(made.values()), now)
    if made:
        await tx.execute(
            owners.insert(),
            [_row(workspace_id, key, str(row["id"])) for key, row in made.items()],
        )
    known.update({key: str(row["id"]) for key, row in made.items()})
    return {owner: known[key] for owner, key in wanted.items()}


def _row(workspace_id: str, key: OwnerKey, person_id: str) -> dict[str, str]:
    return {
        "workspace_id": workspace_id,
        "connection_id": key.connection_id,
        "owner_key": key.key,
        "person_id": person_id,
    }


async def _people_of(tx: Tx, workspace_id: str, keys: Iterable[OwnerKey]) -> dict[OwnerKey, str]:
    found: dict[OwnerKey, str] = {}
    wanted = set(keys)
    for piece in chunks(sorted({key.key for key in wanted})):
        query = select(owners.c.connection_id, owners.c.owner_key, owners.c.person_id).where(
            owners.c.workspace_id == workspace_id,
            owners.c.connection_id.in_(sorted({key.connection_id for key in wanted})),
            owners.c.owner_key.in_(piece),
        )
        found.update({OwnerKey(row[0], row[1]): row[2] for row in await tx.execute(query)})
    return found


async def by_email(tx: Tx, workspace_id: str, email: str) -> Person | None:
    """The person behind a CRM owner's address."""
    key = OwnerKey(EVERYWHERE, f"email:{email.strip().lower()}")
    person_id = (await _people_of(tx, workspace_id, [key])).get(key)
    if person_id is None:
        return None
    return (await people.load(tx, workspace_id, [person_id])).get(person_id)


async def owner_of(tx: Tx, workspace_id: str, connection_id: str, person_id: str) -> Owner | None:
    """How a connection names this person; `None` when it does not."""
    query = (
        select(owners.c.owner_key)
        .where(
            owners.c.workspace_id == workspace_id,
            owners.c.person_id == person_id,
            owners.c.connection_id.in_([EVERYWHERE, connection_id]),
        )
        .order_by(owners.c.owner_key.desc())
    )
    # Of several of a kind the first of the alphabet, so that it is always the same one.
    told = dict(key.split(":", 1) for key in (await tx.execute(query)).scalars())
    return Owner.of(email=told.get("email"), id=told.get("id"), name=told.get("name"))


async def own(tx: Tx, workspace_id: str, key: OwnerKey, person_id: str) -> None:
    """Let an owner nobody stood for yet be this person."""
    if key not in await _people_of(tx, workspace_id, [key]):
        await tx.execute(
            insert(tx, owners).values(**_row(workspace_id, key, person_id)).on_conflict_do_nothing()
        )
