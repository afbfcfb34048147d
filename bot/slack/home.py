"""The Home tab of one person: all that is on it as it is now, and drawn again when that changes."""

import logging
from datetime import datetime, timedelta
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from bot.coaching import enrolling, explaining, following, muting, silencing
from bot.coaching.actor import Actor
from bot.coaching.connecting import Connecting
from bot.coaching.listing import Kind, Place, listed
from bot.runtime.parts import Parts
from bot.slack import administering, team_channel
from bot.slack.blocks.administration import administration
from bot.slack.blocks.card import promise_of
from bot.slack.blocks.home import home
from bot.slack.blocks.mutes import mute_rows
from bot.slack.blocks.pieces import Blocks, Json
from bot.slack.faults import CALL_FAILED, Means, fault
from bot.slack.installed import NotInstalledError, Slack
from coach.models import Person
from storage import crm_writes, homes, people

log = logging.getLogger(__name__)

#: How long what somebody did is told there, and how much of it.
LATELY, DID = timedelta(days=7), 5

#: How many tabs are drawn again in one turn: Slack takes a hundred views a minute from a workspace
#: (https://docs.slack.dev/reference/methods/views.publish), and a turn is two seconds.
TOGETHER = 3

#: For how long a tab is one process's to draw: longer than Slack takes to answer.
LEASE = timedelta(seconds=30)

#: When a tab is drawn again that could not be.
AFTER_FAULT = timedelta(minutes=1)


async def tab(parts: Parts, slack: Slack, connecting: Connecting, actor: Actor) -> Json:
    """The view as things are now."""
    person = await enrolling.person_of(parts, actor)
    pending = await following.pending(parts, actor.workspace_id, person.id)
    voice, now = parts.voices.to(person), parts.clock.now()
    muted = await muting.of(parts, actor.workspace_id, person.id)
    rows = mute_rows(muted, voice, lambda each: silencing.called(parts.rules, each.what, each.name))
    async with parts.database.read() as tx:
        did = await crm_writes.of_person(tx, actor.workspace_id, person.id, now - LATELY, DID)
    return home(
        person,
        voice,
        pending,
        partial(promise_of, parts.actions),
        now,
        muted=rows,
        helped=await explaining.helped(parts, person),
        due=await listed(parts, person, Place(Kind.HOME)),
        did=did,
        channel=await team_channel.known_to(parts, actor.workspace_id),
        administration=await _administration(parts, slack, connecting, actor, person),
    )


async def _administration(
    parts: Parts, slack: Slack, connecting: Connecting, actor: Actor, person: Person
) -> Blocks:
    stands = await administering.of(parts, slack, connecting, actor)
    if stands is None:
        return []
    async with parts.database.read() as tx:
        called = await people.names(tx, actor.workspace_id, stands.administrators)
    return administration(stands, called, parts.voices.to(person))


async def publish(
    parts: Parts, slack: Slack, connecting: Connecting, client: AsyncWebClient, actor: Actor
) -> None:
    """Show the tab as things are now."""
    view = await tab(parts, slack, connecting, actor)
    await client.views_publish(user_id=actor.slack_user_id, view=view)


async def draw_due(parts: Parts, slack: Slack, connecting: Connecting) -> None:
    """Draw some of the tabs on which something has changed; those left wait for the next turn."""
    now = parts.clock.now()
    async with parts.database.read() as tx:
        if not await homes.any_due(tx, now):
            return
    async with parts.database.write() as tx:
        claimed = await homes.claim(tx, parts.database, now, now + LEASE, TOGETHER)
    for person in claimed:
        try:
            await _draw(parts, slack, connecting, person, now + LEASE)
        except Exception as error:
            # The others' turn is theirs; this one comes again when its claim has run out.
            log.error("a Home tab could not be drawn again: %s", type(error).__name__)
            log.debug("what was done with it", exc_info=True)


async def _draw(
    parts: Parts, slack: Slack, connecting: Connecting, person: Person, until: datetime
) -> None:
    try:
        client = (await slack.of(person.workspace_id)).client
        actor = Actor(person.workspace_id, person.slack_user_id or "")
        await publish(parts, slack, connecting, client, actor)
    except NotInstalledError:
        # Whoever opens the tab has it drawn then.
        log.debug("a Home tab is of a team that is not there")
    except CALL_FAILED as error:
        found = fault(error)
        if found.means is Means.AGAIN:
            later = parts.clock.now() + (found.retry_after or AFTER_FAULT)
            async with parts.database.write() as tx:
                await homes.draw_later(tx, person, later)
            return
        log.warning("a Home tab could not be drawn again: %s", found.code)
    async with parts.database.write() as tx:
        await homes.drawn(tx, person, until, parts.clock.now())
