"""Saying by hand which person an owner of a CRM is: whom the words mean, and making it so."""

from collections.abc import Collection
from typing import NamedTuple

from bot.coaching.owning import reach
from bot.runtime.parts import Parts
from coach.errors import CoachError
from coach.events import EVERYWHERE, OwnerKey
from coach.owners import Known, named_by, shown, surest
from coach.phrases import Joint, Series, say
from storage import merging, owners, people
from storage.database import Tx


class OwnerError(CoachError):
    """Nobody, or not one person alone, is meant; or the two cannot be one. The text says which."""


class UnknownOwnerError(OwnerError):
    """Nobody has what was typed."""


class Meant(NamedTuple):
    """The one owner somebody named: a key of theirs, and who they are, if that is known."""

    key: OwnerKey
    person_id: str | None = None


async def find(tx: Tx, workspace_id: str, typed: str) -> Meant:
    """The owner that somebody means who types an address, an id, a name or one of these as a key.

    An address may be of somebody no CRM has named yet: Slack knows whose it is, which
    it knows of nothing else. Raises `OwnerError`.
    """
    places = await owners.places(tx, workspace_id)
    keys = named_by(typed, places)
    found = await owners.meant(tx, workspace_id, keys)
    if len(found) > 1 and [key.kind for key in keys] == ["name"] and ":" in typed:
        # Said so exactly, a name that several bear is the one known by nothing else.
        found = [one for one in found if all(key.kind == "name" for key in one.keys)] or found
    if len(found) > 1:
        raise OwnerError(
            say(
                "Several owners are called “{owner}”: {keys}. Say which, by one of these.",
                owner=typed,
                keys=Series(tuple(sorted(_key_of(one, keys) for one in found)), Joint.COMMA),
            )
        )
    if found:
        (one,) = found
        mine = [key for key in keys if key in one.keys]
        exact = next((key for key in mine if key.kind != "name"), None)
        return Meant(exact or surest(_near(one, mine)) or mine[0], one.person_id)
    if len(keys) == 1 and keys[0].kind == "email":
        return Meant(keys[0])
    raise UnknownOwnerError(
        say(
            "No CRM has named an owner “{owner}” so far. Check how it is written there.",
            owner=typed,
        )
    )


def _near(one: Known, named: Collection[OwnerKey]) -> list[OwnerKey]:
    """Somebody's keys in the connections they were named in, and their addresses."""
    near = {EVERYWHERE, *(key.connection_id for key in named)}
    return [key for key in one.keys if key.connection_id in near]


def _key_of(one: Known, named: Collection[OwnerKey]) -> str:
    mine = [key for key in named if key in one.keys]
    return shown(surest(_near(one, mine)) or mine[0])


async def join(parts: Parts, tx: Tx, workspace_id: str, key: OwnerKey, person_id: str) -> str:
    """Let whoever has that key be this person; returns who both are now.

    The caller holds the workspace's lock. Raises `OwnerError` when they cannot be one.
    """
    found = [one.person_id for one in await owners.meant(tx, workspace_id, [key])]
    if len(found) > 1:
        found = [
            one.person_id
            for one in await owners.meant(tx, workspace_id, [key])
            if all(each.kind == "name" for each in one.keys)
        ]
        if len(found) != 1:
            raise OwnerError(say("By now several owners are called so; ask again by a key."))
    stays = person_id
    if not found:
        await owners.own(tx, workspace_id, key, person_id)
    elif found[0] != person_id:
        both = await people.load(tx, workspace_id, [person_id, found[0]])
        known = [id for id in (person_id, found[0]) if both[id].slack_user_id]
        if len(known) == 2:
            raise OwnerError(
                say(
                    "{owner} is somebody else in this Slack workspace already.",
                    owner=shown(key),
                )
            )
        stays = known[0] if known else min(both)
        await merging.merge(tx, workspace_id, gone=max(both.keys() - {stays}), into=stays)
    if key.kind == "name":
        await owners.choose(tx, workspace_id, key, stays)
    await reach(parts, tx, workspace_id, stays)
    return stays


async def match(parts: Parts, tx: Tx, workspace_id: str, owner_id: str, person_id: str) -> None:
    """Let an owner nobody in Slack is yet be this person.

    The caller holds the workspace's lock. Raises `OwnerError` where somebody is by now.
    """
    both = await people.load(tx, workspace_id, [owner_id, person_id])
    if owner_id not in both or both[owner_id].slack_user_id is not None:
        raise OwnerError(say("Somebody else has matched this owner meanwhile."))
    await merging.merge(tx, workspace_id, gone=owner_id, into=person_id)
    await reach(parts, tx, workspace_id, person_id)
