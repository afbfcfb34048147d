"""Owners: which person somebody is whom a CRM names by address, id or name."""

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from coach.events import EVERYWHERE, Owner, OwnerKey, normalised
from coach.models import Person
from coach.owners import Known, Tied, Ties, tie
from storage import merging, people
from storage.among import among, texts
from storage.database import Tx, add_new, chunks, put
from storage.prepared import Prepared
from storage.tables import connections, owners
from storage.tables import people as people_table

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resolved:
    """The person behind each owner that was asked about."""

    people: Mapping[Owner, str] = field(default_factory=dict)
    #: Owners told by a name alone that several people bear, with all of these.
    bearers: Mapping[Owner, frozenset[str]] = field(default_factory=dict)
    #: People who were found to be others, and are no more: who was -> who it is.
    joined: Mapping[str, str] = field(default_factory=dict)
    #: Whether anything was learnt of anybody, so that Slack may have to be asked who they are.
    learnt: bool = False

    def __getitem__(self, owner: Owner) -> str:
        return self.people[owner]

    def of(self, owner: Owner, before: str | None) -> str:
        """The person an owner is, of a thing that was `before`'s.

        A name that several bear is no reason to take a thing from one who bears it.
        """
        if before is not None and before in self.bearers.get(owner, ()):
            return before
        return self.people[owner]


async def resolve(
    tx: Tx,
    workspace_id: str,
    connection_id: str,
    named: Iterable[Owner],
    now: datetime,
    new_id: Callable[[], str],
) -> Resolved:
    """The person behind each owner of a connection; people nobody knew yet are made.

    Everything that is told of an owner at once is kept as theirs, and people who are found to be
    one become one: whoever holds a person's id from before must hold the workspace's lock. Somebody
    with an address will be looked up in Slack.
    """
    wanted = set(named)
    if not wanted:
        return Resolved()
    keys = {key for owner in wanted for key in owner.keys(connection_id)}
    known = await _holders(tx, workspace_id, keys)
    ties = tie(connection_id, wanted, known)
    ids = {one: one.keeper or new_id() for one in ties.everybody}
    await _make(tx, workspace_id, ties, ids, now)
    joined = {gone: ids[one] for one in ties.everybody for gone in one.people if gone != ids[one]}
    await merging.merge_all(tx, workspace_id, joined)
    names = {one: owner.name for owner, one in ties.whom.items() if owner.name}
    new_keys = await _keep_keys(tx, workspace_id, known, ties.everybody, ids, names, now)
    for owner in ties.torn:
        log.warning(
            "%s of %s is one Slack user by address and another by id; `coach owners` lists both",
            owner,
            connection_id,
        )
    return Resolved(
        {owner: ids[one] for owner, one in ties.whom.items()},
        {owner: frozenset(ids[one] for one in all_) for owner, all_ in ties.unsure.items()},
        joined,
        new_keys or bool(joined),
    )


_HOLDERS = Prepared(
    select(owners, people_table.c.slack_user_id.is_not(None).label("in_slack"))
    .join(
        people_table,
        (people_table.c.workspace_id == owners.c.workspace_id)
        & (people_table.c.id == owners.c.person_id),
    )
    .where(
        owners.c.workspace_id == bindparam("workspace"),
        owners.c.person_id.in_(
            select(owners.c.person_id).where(
                owners.c.workspace_id == bindparam("workspace"),
                among(owners.c.connection_id, texts("places")),
                among(owners.c.owner_key, texts("keys")),
            )
        ),
    )
)


async def who_are(
    tx: Tx, workspace_id: str, connection_id: str, named: Collection[Owner]
) -> dict[Owner, str]:
    """Those of a connection's people who are surely known, by what was told of each of them.

    Nobody is made, and nothing is learnt: to have done something makes nobody an owner.
    """
    if not named:
        return {}
    keys = {key for owner in named for key in owner.keys(connection_id)}
    asked = {
        "workspace": workspace_id,
        "places": list({key.connection_id for key in keys}),
        "keys": list({key.key for key in keys}),
    }
    holders: dict[OwnerKey, set[str]] = defaultdict(set)
    for place, key, person_id in await _WHO.rows(tx, asked):
        holders[OwnerKey(place, key)].add(person_id)
    found: dict[Owner, str] = {}
    for owner in named:
        for key in owner.keys(connection_id):
            if len(its := holders.get(key, set())) == 1:
                found[owner] = next(iter(its))
                break
    return found


_WHO = Prepared(
    select(owners.c.connection_id, owners.c.owner_key, owners.c.person_id).where(
        owners.c.workspace_id == bindparam("workspace"),
        among(owners.c.connection_id, texts("places")),
        among(owners.c.owner_key, texts("keys")),
    )
)


async def _holders(tx: Tx, workspace_id: str, keys: Collection[OwnerKey]) -> list[Known]:
    """Everybody who has any of these keys, with all that they have."""
    in_slack: dict[str, bool] = {}
    theirs: dict[str, set[OwnerKey]] = defaultdict(set)
    chosen: dict[str, set[OwnerKey]] = defaultdict(set)
    asked = {
        "workspace": workspace_id,
        "places": list({key.connection_id for key in keys}),
        "keys": list({key.key for key in keys}),
    }
    for row in await _HOLDERS.rows(tx, asked):
        key = OwnerKey(row.connection_id, row.owner_key)
        in_slack[row.person_id] = bool(row.in_slack)
        theirs[row.person_id].add(key)
        if row.chosen:
            chosen[row.person_id].add(key)
    return [
        Known(id, frozenset(theirs[id]), known, frozenset(chosen.get(id, ())))
        for id, known in in_slack.items()
    ]


async def _make(
    tx: Tx, workspace_id: str, ties: Ties, ids: Mapping[Tied, str], now: datetime
) -> None:
    called: dict[Tied, Owner] = {}
    for owner, one in ties.whom.items():
        before = called.get(one)
        if before is None or (owner.name and not before.name):
            called[one] = owner
    rows = [
        {
            "id": ids[one],
            "name": str(called[one]),
            "email": _address(one.keys),
        }
        for one in ties.everybody
        if not one.people
    ]
    for row in rows:
        if any(ids[one] == row["id"] for all_ in ties.unsure.values() for one in all_):
            log.warning("Several owners are called %s; the name alone is none of them", row["name"])
    await people.make(tx, workspace_id, rows, now)


def _address(keys: Iterable[OwnerKey]) -> str | None:
    return min((key.value for key in keys if key.kind == "email"), default=None)


async def _keep_keys(
    tx: Tx,
    workspace_id: str,
    known: Iterable[Known],
    everybody: Iterable[Tied],
    ids: Mapping[Tied, str],
    names: Mapping[Tied, str],
    now: datetime,
) -> bool:
    """Keep what is new of them; says whether anything is."""
    held = {person.person_id: person.keys for person in known}
    rows: list[dict[str, Any]] = []
    reachable: list[dict[str, Any]] = []
    named: list[dict[str, Any]] = []
    for one in everybody:
        before = frozenset[OwnerKey]().union(*(held[person] for person in one.people))
        new = one.keys - before
        rows += [_row(workspace_id, key, ids[one]) for key in sorted(new)]
        if not one.people:
            continue
        if address := _address(new):
            reachable.append({"who": ids[one], "address": address})
        if name := names.get(one):
            named += [
                {"who": ids[one], "called": name, "until_now": key.value}
                for key in sorted(before)
                if key.kind != "name"
            ]
    for piece in chunks(rows, 1000):
        await add_new(tx, owners, piece)
    if named:
        # Who was called by an id or an address has a name now.
        await tx.execute(
            update(people_table)
            .where(
                people_table.c.workspace_id == workspace_id,
                people_table.c.id == bindparam("who"),
                people_table.c.name == bindparam("until_now"),
            )
            .values(name=bindparam("called")),
            named,
        )
    if reachable:
        # Whom Slack did not know by what was known so far, it may know by this.
        await tx.execute(
            update(people_table)
            .where(
                people_table.c.workspace_id == workspace_id,
                people_table.c.id == bindparam("who"),
                people_table.c.slack_user_id.is_(None),
            )
            .values(email=bindparam("address"), lookup_after=now),
            reachable,
        )
    return bool(rows)


def _row(workspace_id: str, key: OwnerKey, person_id: str, chosen: bool = False) -> dict[str, Any]:
    return {
        "workspace_id": workspace_id,
        "connection_id": key.connection_id,
        "owner_key": key.key,
        "person_id": person_id,
        "chosen": chosen,
    }


async def by_email(tx: Tx, workspace_id: str, email: str) -> Person | None:
    """The person behind a CRM owner's address."""
    held = await bearers(tx, workspace_id, [OwnerKey(EVERYWHERE, f"email:{email.strip().lower()}")])
    return held[0] if held else None


async def owner_of(tx: Tx, workspace_id: str, connection_id: str, person_id: str) -> Owner | None:
    """How a connection names this person; `None` when it does not."""
    return (await owners_of(tx, workspace_id, connection_id, [person_id])).get(person_id)


async def owners_of(
    tx: Tx, workspace_id: str, connection_id: str, person_ids: Collection[str]
) -> dict[str, Owner]:
    """How a connection names these people; who is not named is missing."""
    told: dict[str, dict[str, str]] = {}
    for piece in chunks(sorted(person_ids)):
        query = (
            select(owners.c.person_id, owners.c.owner_key, people_table.c.name)
            .join(
                people_table,
                (people_table.c.workspace_id == owners.c.workspace_id)
                & (people_table.c.id == owners.c.person_id),
            )
            .where(
                owners.c.workspace_id == workspace_id,
                owners.c.person_id.in_(piece),
                owners.c.connection_id.in_([EVERYWHERE, connection_id]),
            )
            .order_by(owners.c.owner_key.desc())
        )
        for person_id, key, called in await tx.execute(query):
            # Of several of a kind the first of the alphabet, so that it is always the same one.
            kind, _, value = key.partition(":")
            as_written = kind == "name" and normalised(called) == value
            told.setdefault(person_id, {})[kind] = called if as_written else value
    found = {
        person_id: Owner.of(email=by.get("email"), id=by.get("id"), name=by.get("name"))
        for person_id, by in told.items()
    }
    return {person_id: owner for person_id, owner in found.items() if owner is not None}


async def bearers(tx: Tx, workspace_id: str, keys: Collection[OwnerKey]) -> list[Person]:
    """Everybody who has one of these keys, in the order in which they became known."""
    held = await _holders(tx, workspace_id, keys)
    found = await people.load(tx, workspace_id, [one.person_id for one in held])
    return [found[id] for id in sorted(found)]


async def places(tx: Tx, workspace_id: str) -> list[str]:
    """The connections that have named anybody by an id or a name, and those that are linked."""
    query = (
        select(owners.c.connection_id)
        .where(owners.c.workspace_id == workspace_id, owners.c.connection_id != EVERYWHERE)
        .union(select(connections.c.id).where(connections.c.workspace_id == workspace_id))
    )
    return sorted((await tx.execute(query)).scalars())


async def keys(tx: Tx, workspace_id: str) -> list[OwnerKey]:
    """All that owners are known by, each once."""
    query = (
        select(owners.c.connection_id, owners.c.owner_key)
        .where(owners.c.workspace_id == workspace_id)
        .distinct()
    )
    return sorted(OwnerKey(*row) for row in await tx.execute(query))


async def meant(tx: Tx, workspace_id: str, keys: Collection[OwnerKey]) -> list[Known]:
    """Everybody who may be meant by any of these keys, in the order in which they became known.

    A name that is somebody's choice means this person alone.
    """
    wanted = set(keys)
    held = sorted(await _holders(tx, workspace_id, wanted), key=lambda one: one.person_id)
    chosen = [one for one in held if one.chosen & wanted]
    found = []
    for one in held:
        by_others = {name for other in chosen if other is not one for name in other.chosen}
        if (one.keys & wanted) - by_others:
            found.append(one)
    return found


async def choose(tx: Tx, workspace_id: str, name: OwnerKey, person_id: str) -> None:
    """Let a name, said alone in its connection, mean this person from now on."""
    await tx.execute(
        update(owners)
        .where(
            owners.c.workspace_id == workspace_id,
            owners.c.connection_id == name.connection_id,
            owners.c.owner_key == name.key,
        )
        .values(chosen=False)
    )
    await put(tx, owners, [_row(workspace_id, name, person_id, chosen=True)])


async def own(tx: Tx, workspace_id: str, key: OwnerKey, person_id: str) -> None:
    """Let an owner nobody stood for yet be this person; what is another's stays theirs."""
    if key.kind == "name" or not await _holders(tx, workspace_id, [key]):
        await add_new(tx, owners, [_row(workspace_id, key, person_id)])
