"""Who is who: CRM owners are matched to Slack users by address, misses remembered as well."""

import asyncio
import logging
from datetime import timedelta

from bot.coaching import planning
from bot.coaching.attending import reach
from bot.runtime.backoff import backoff
from bot.runtime.parts import Parts
from bot.slack import members
from bot.slack.faults import CALL_FAILED, Fault, Means, fault
from bot.slack.installed import NotInstalledError, Slack
from coach.models import Person
from storage import merging, people, rounds, workspaces
from storage.database import Tx

log = logging.getLogger(__name__)

#: When to ask again about somebody Slack did not know.
MISS = timedelta(hours=24)

#: When to ask again after Slack refused us: somebody has to mend the token or its scopes.
UNTIL_MENDED = timedelta(minutes=15)

#: How many people one turn asks about, and how long it has them to itself.
TOGETHER = 50
LEASE = timedelta(minutes=10)

#: When to ask again about somebody known, for a new time zone or name.
REFRESH = timedelta(days=1)


async def look_up_due(parts: Parts, slack: Slack) -> int:
    """Ask Slack about everyone whose turn it is; returns how many were asked about.

    `users.lookupByEmail` may be called about 50 times a minute in a workspace
    (https://docs.slack.dev/reference/methods/users.lookupByEmail): when Slack says it is enough,
    the rest of that workspace waits as long as it asks, and the others have their turn.
    """
    now = parts.clock.now()
    async with parts.database.read() as tx:
        if not await people.waits_to_be_looked_up(tx, now):
            return 0
    async with parts.database.write() as tx:
        mine = await people.claim_look_ups(tx, parts.database, now, now + LEASE, most=TOGETHER)
    by_workspace: dict[str, list[Person]] = {}
    for person in mine:
        by_workspace.setdefault(person.workspace_id, []).append(person)
    asked = sum(
        await asyncio.gather(
            *(_look_up(parts, slack, id, theirs) for id, theirs in by_workspace.items())
        )
    )
    if asked:
        parts.wake.sender.set()
    return asked


async def _look_up(parts: Parts, slack: Slack, workspace_id: str, waiting: list[Person]) -> int:
    """Ask about people of one workspace, one after the other; returns how many were asked about."""
    try:
        client = (await slack.of(workspace_id)).client
    except NotInstalledError:
        await _later(parts, waiting, UNTIL_MENDED)
        return 0
    for place, person in enumerate(waiting, 1):
        try:
            if person.slack_user_id:
                answer = await client.users_info(user=person.slack_user_id, include_locale=True)
            else:
                answer = await client.users_lookupByEmail(email=person.email or "")
        except CALL_FAILED as error:
            found = fault(error)
            if found.retry_after is not None:
                await members.rest(parts, workspace_id, found)
                # The workspace rests, not they: all of them are next when it has rested.
                await _later(parts, waiting[place - 1 :], timedelta())
                return place
            await _failed(parts, person, found)
            continue
        user = answer.get("user") or {}
        if not user.get("id") or user.get("deleted") or user.get("is_bot"):
            await _later(parts, [person], MISS)
            continue
        async with parts.database.write() as tx:
            await workspaces.lock(tx, parts.database, workspace_id)
            await match(parts, tx, person, user)
    return len(waiting)


async def _failed(parts: Parts, person: Person, found: Fault) -> None:
    match found.means:
        case Means.AGAIN:
            wait = backoff(3, parts.entropy)
        case Means.WORKSPACE:
            log.warning("Slack does not say who anybody is: %s. Run coach doctor.", found.code)
            wait = UNTIL_MENDED
        case Means.NEVER:
            if found.code != "users_not_found":
                log.warning("Slack could not be asked who %s is: %s", person.name, found.code)
            wait = MISS
    await _later(parts, [person], wait)


async def _later(parts: Parts, waiting: list[Person], wait: timedelta) -> None:
    async with parts.database.write() as tx:
        at = parts.clock.now() + wait
        await people.look_up_later(tx, waiting, at)


async def match(parts: Parts, tx: Tx, person: Person, user: dict[str, object]) -> None:
    """Take in what Slack says of a user: an owner becomes reachable, with a name, time zone and
    language.

    `user` is Slack's user object (https://docs.slack.dev/reference/objects/user-object).
    """
    now, workspace_id = parts.clock.now(), person.workspace_id
    slack_user_id = str(user["id"])
    known = await people.by_slack_user(tx, workspace_id, slack_user_id)
    is_news = known is None
    if known is not None and known.id != person.id:
        # The same human was known by command first, or by a second address.
        await merging.merge(tx, workspace_id, gone=person.id, into=known.id)
        person, is_news = known, True
    time_zone = str(user.get("tz") or "") or None
    name = str(user.get("real_name") or user.get("name") or "") or person.name
    # Rounds come before people: whoever looks at them takes them in this order.
    await rounds.hold(tx, workspace_id, [person.id])
    await people.change(
        tx,
        workspace_id,
        person.id,
        slack_user_id=slack_user_id,
        name=name,
        time_zone=time_zone,
        # An answer to an address does not tell it.
        locale=str(user.get("locale") or "")[:35] or person.locale,
        lookup_after=now + REFRESH,
    )
    if is_news or person.time_zone != time_zone:
        await planning.reconsider(parts, tx, person)
        parts.wake.tick.set()
    await reach(parts, tx, workspace_id, person.id)
