"""`/coach …`: recorded, understood, answered for the one who typed."""

import html
import logging
import re
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from bot.coaching import enrolling
from bot.coaching.actor import Actor
from bot.coaching.permission import Refusal
from bot.slack.blocks.asides import answer_modal, sentence
from bot.slack.blocks.pieces import Json
from bot.slack.blocks.text import unbroken
from bot.slack.command import Answer, Call, Subcommand
from bot.slack.listeners.answering import BUSY
from bot.slack.listeners.claim import AgainError, Claim
from bot.slack.listeners.desk import Desk
from bot.slack.listeners.home import refresh
from bot.slack.listeners.pressing import Press, show
from bot.slack.listeners.response_url import respond
from coach.models import Origin, Person, Verb
from coach.phrases import Phrase, say
from storage import activities
from storage.activities import SLACK, ActivityRow

log = logging.getLogger(__name__)

#: What Slack makes of addresses, people and links when the manifest says `should_escape`.
_ESCAPED = re.compile(r"<(?:mailto:)?([^<>|]*)(?:\|([^<>]*))?>")


def typed(text: str) -> str:
    """What the person typed, without what Slack put around it."""
    plain = html.unescape(_ESCAPED.sub(lambda found: found[2] or found[1], text))
    return unbroken(plain).strip()


async def answer(desk: Desk, client: AsyncWebClient, body: Json, claim: Claim) -> None:
    """Answer one command (https://docs.slack.dev/interactivity/implementing-slash-commands)."""
    try:
        await _answer(desk, client, body, claim)
    except AgainError:
        log.info("a command came a second time; it was answered by then")


async def _answer(desk: Desk, client: AsyncWebClient, body: Json, claim: Claim) -> None:
    word, _, args = typed(str(body.get("text") or "")).partition(" ")
    name = word.lower()
    subcommand = desk.subcommands.get(name)
    if subcommand is None:
        subcommand, args = desk.subcommands["help"], " ".join((word, args)).strip()
    if subcommand.opens_modal:
        await show(desk, client, str(body["trigger_id"]), partial(_view, desk, claim, body, name))
        return
    result = await _run(desk, claim, body, subcommand, name, args)
    url = str(body.get("response_url") or "")
    api = desk.parts.slack_api_url
    posted = await respond(client, api, url, result.text, result.blocks, final=not result.simpler)
    if not posted and result.simpler:
        await respond(client, api, url, result.text, result.simpler)
    refresh(desk, client, await _actor(desk, body))
    if (later := result.later) is None:
        return

    async def work() -> None:
        made = await later()
        await respond(client, api, url, made.text, made.blocks, replace=True)

    async def tell(said: Phrase) -> None:
        await refuse(desk, client, body, said)

    if not desk.begin_long(str(body["team_id"]), f"/coach {name}", work, tell):
        await tell(BUSY)


async def pressed(press: Press) -> None:
    """Do what a button names that stands for something to be typed."""
    name = str(press.action.get("action_id") or "").partition(":")[2]
    if name not in press.desk.subcommands:
        raise Refusal(say("This button is from an older version. `/coach help` lists what I know."))
    subcommand = press.desk.subcommands[name]
    body = {
        "team_id": press.team_id,
        "user_id": press.user["id"],
        "user_name": press.user.get("username") or press.user.get("name"),
        "text": name,
        "trigger_id": press.trigger_id,
        "response_url": press.response_url,
    }
    if press.response_url or subcommand.opens_modal:
        await answer(press.desk, press.client, body, press.claim)
    else:
        # There is no message to be answered: it is shown in a window.
        await press.show(partial(_window, press, body, subcommand, name))


async def _window(press: Press, body: Json, subcommand: Subcommand, name: str) -> Json:
    result = await _run(press.desk, press.claim, body, subcommand, name, "")
    return answer_modal(result.simpler or result.blocks)


async def refuse(desk: Desk, client: AsyncWebClient, body: Json, said: Phrase) -> None:
    """Say why a command could not be followed."""
    url = str(body.get("response_url") or "")
    voice = await desk.voice(str(body["team_id"]), _user(body), said)
    await respond(client, desk.parts.slack_api_url, url, *sentence(said, voice))


async def _actor(desk: Desk, body: Json) -> Actor:
    return await desk.actor(str(body["team_id"]), _user(body))


def _user(body: Json) -> Json:
    return {"id": body["user_id"], "name": body.get("user_name")}


async def _view(desk: Desk, claim: Claim, body: Json, name: str) -> Json:
    result = await _run(desk, claim, body, desk.subcommands[name], name, "")
    if result.view is None:
        raise TypeError(f"/coach {name} says that it opens a modal and made none")
    return result.view


async def _run(
    desk: Desk,
    claim: Claim,
    body: Json,
    subcommand: Subcommand,
    name: str,
    args: str,
) -> Answer:
    actor = await _actor(desk, body)
    person = await enrolling.person_of(desk.parts, actor)
    key = str(body.get("trigger_id") or desk.parts.new_id())
    await _record(desk, claim, person, name, key)
    return await subcommand.run(
        Call(
            parts=desk.parts,
            slack=desk.slack,
            connecting=desk.connecting,
            actor=actor,
            person=person,
            key=key,
            args=args.strip(),
            subcommands=desk.subcommands,
        )
    )


async def _record(desk: Desk, claim: Claim, person: Person, name: str, key: str) -> None:
    """Keep that a command was used: its name, never what else was typed.

    Raises `AgainError` where another delivery of it has done so, in whichever process.
    """
    now = desk.parts.clock.now()
    row = ActivityRow(
        connection_id=SLACK,
        dedupe_key=f"command:{key}",
        verb=Verb.COMMAND_USED,
        occurred_at=now,
        recorded_at=now,
        person_id=person.id,
        origin=Origin.UI,
        changes={"command": [None, name if name in desk.subcommands else "help"]},
    )
    async with desk.parts.database.write() as tx:
        is_first = await activities.record_first(tx, person.workspace_id, row)
        claim.is_ours = claim.is_ours or is_first
    if not claim.is_ours:
        raise AgainError
