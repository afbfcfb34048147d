"""Links to deals that somebody posts: a button below each, and what it shows to who may see it.

An unfurl is seen by everybody in its channel, so it never says more than that it is a deal: its
state is for who owns it, in their own conversation with the coach or in a window.
"""

import logging
from functools import partial
from html import unescape
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.coaching import acts, enrolling
from bot.coaching.actor import Actor
from bot.coaching.connecting import Page
from bot.coaching.listing import of_deal
from bot.coaching.permission import Refusal
from bot.slack import switches
from bot.slack.blocks.asides import sentence_modal
from bot.slack.blocks.choosing import read_box
from bot.slack.blocks.links import deal_modal, for_everybody, for_its_person
from bot.slack.blocks.pieces import Blocks, Json
from bot.slack.faults import CALL_FAILED, fault
from bot.slack.listeners.desk import Desk
from bot.slack.listeners.pressing import Press
from bot.slack.switches import Switch
from coach.models import Deal, Person, Ref, SubjectKind
from coach.phrases import say
from coach.wording import Voice
from storage import people, sending

log = logging.getLogger(__name__)

#: Of so many links in one message each gets a button.
MOST = 10


async def answer(desk: Desk, body: Json, client: AsyncWebClient) -> None:
    """Put something below the links in a message, or in one that is being written
    (https://docs.slack.dev/reference/events/link_shared).

    Said again of the same message, as when it is edited or Slack is not sure, it takes the place of
    what stood there.
    """
    event = body["event"]
    if body.get("is_ext_shared_channel"):
        # Another organisation need not know what is a deal of this one's.
        return
    workspace_id = await desk.workspace_id(str(body["team_id"]))
    if Switch.LINKS not in await switches.are_on(desk.parts, workspace_id):
        return
    urls = list(dict.fromkeys(str(each.get("url") or "") for each in event.get("links") or ()))
    pages = await desk.connecting.deals_of_links(workspace_id, urls[:MOST])
    if not pages:
        return
    actor = Actor(workspace_id, str(event["user"]))
    async with desk.parts.database.read() as tx:
        # Of whom nothing is known, nothing is kept for posting a link.
        person = await people.by_slack_user(tx, workspace_id, actor.slack_user_id)
    alone = person if await _is_theirs_alone(desk, person, event) else None
    voice = desk.parts.voices.to(person)
    unfurls = {
        url: {"blocks": await _below(desk, actor, alone, page, voice)}
        for url, page in pages.items()
    }
    try:
        await client.chat_unfurl(unfurls=unfurls, **_where(event))
    except CALL_FAILED as error:
        # The message may be gone, or the app may not be allowed to: nobody waits for it.
        log.warning("a link got no button: %s", fault(error).code)


async def says_it_all(desk: Desk, workspace_id: str, text: str) -> bool:
    """Whether a message is links to deals and nothing else: what stands below them answers it."""
    # As Slack writes a link: <https://crm.example/deals/17> or <https://crm.example/deals/17|…>.
    urls = [unescape(word.strip("<>").partition("|")[0]) for word in text.split()]
    if not 0 < len(urls) <= MOST or not all(url.startswith("https://") for url in urls):
        return False
    if Switch.LINKS not in await switches.are_on(desk.parts, workspace_id):
        return False
    return set(urls) <= set(await desk.connecting.deals_of_links(workspace_id, urls))


def _where(event: Json) -> dict[str, Any]:
    """How `chat.unfurl` names the message; one that is being written has no other name."""
    if event.get("unfurl_id") and event.get("source"):
        return {"unfurl_id": str(event["unfurl_id"]), "source": str(event["source"])}
    return {"channel": str(event["channel"]), "ts": str(event["message_ts"])}


async def _is_theirs_alone(desk: Desk, person: Person | None, event: Json) -> bool:
    """Whether it stands in its writer's own conversation with the coach, which nobody else sees.

    That is where the coach has written to them before: by its letter alone it may be a conversation
    with somebody else.
    """
    channel = str(event.get("channel") or "")
    if person is None or event.get("source") == "composer" or not channel.startswith("D"):
        return False
    async with desk.parts.database.read() as tx:
        return channel == await sending.channel_of(tx, person.workspace_id, person.id)


async def _below(
    desk: Desk, actor: Actor, alone: Person | None, page: Page, voice: Voice
) -> Blocks:
    """What stands below a link: its state, where `alone` is who sees it and owns the deal."""
    if alone is not None:
        try:
            deal = await acts.own(desk.parts, actor, SubjectKind.DEAL, page.deal)
        except Refusal:
            return for_everybody(page, voice)
        if isinstance(deal, Deal):
            listing = await of_deal(desk.parts, alone, deal)
            return for_its_person(listing, page.deal, voice, desk.parts.clock.now())
    return for_everybody(page, voice)


async def show(press: Press) -> None:
    """A window with the deal's state, for who owns it; whoever else pressed is told why not."""
    try:
        ref = read_box(press.value)
    except ValueError as error:
        raise Refusal(say("This button is from an older version.")) from error
    await press.show(partial(_window, press, ref))


async def _window(press: Press, ref: Ref) -> Json:
    actor = await press.actor()
    await switches.need(press.parts, actor.workspace_id, Switch.LINKS)
    return await window(press.desk, actor, ref)


async def window(desk: Desk, actor: Actor, ref: Ref) -> Json:
    """The window as things are now."""
    person = await enrolling.person_of(desk.parts, actor)
    voice = desk.parts.voices.to(person)
    try:
        deal = await acts.own(desk.parts, actor, SubjectKind.DEAL, ref)
    except Refusal:
        said = say("This deal is not yours in the CRM, so the coach does not show it to you.")
        return sentence_modal(said, voice)
    if not isinstance(deal, Deal):
        raise TypeError(deal)
    listing = await of_deal(desk.parts, person, deal)
    return deal_modal(listing, voice, desk.parts.clock.now())
