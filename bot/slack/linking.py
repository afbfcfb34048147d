"""Who is which owner in the CRM, for people whose addresses differ: asked, and proved."""

import re

from bot.coaching import enrolling
from bot.coaching.actor import Actor
from bot.coaching.claiming import find, join
from bot.runtime.parts import Parts
from bot.slack import members
from bot.slack.installed import Slack
from coach.errors import CoachError
from coach.events import OwnerKey
from coach.models import Person
from coach.owners import shown
from coach.phrases import Phrase, counted, facts, say, to_json, verbatim
from storage import link_requests, lists, messages, owners, people, workspaces
from storage.database import Tx
from storage.link_requests import LinkRequest
from storage.messages import Message

_ADDRESS = re.compile(r"[^\s@<>|,;:\"']{1,64}@[^\s@<>|,;:\"']+\.[^\s@<>|,;:\"']{2,}")


class LinkError(CoachError):
    """The link cannot be made; the text says why."""


async def ask(parts: Parts, slack: Slack, actor: Actor, typed: str) -> Phrase:
    """Ask that this Slack user be recognised as an owner of a CRM; returns the answer.

    Who it is, is typed as an address, an id or a name. Slack's own word on an address is proof, and
    so is the administrator's; anybody else's claim waits until the administrator has confirmed it.
    Raises `LinkError`, `OwnerError` when nobody or no one person is meant, and `MembersError` when
    Slack does not say.
    """
    workspace_id, slack_user_id = actor.workspace_id, actor.slack_user_id
    _check_form(typed)
    async with parts.database.read() as tx:
        asker = await people.by_slack_user(tx, workspace_id, slack_user_id)
        key, owner_id = await find(tx, workspace_id, typed)
        owner = (await people.load(tx, workspace_id, [owner_id] if owner_id else [])).get(
            owner_id or ""
        )
    address = called(key, owner)
    if asker is not None and owner is not None and owner.id == asker.id:
        return say("You are already recognised as {email}.", email=address)
    _check_free(owner, slack_user_id, key, address)
    proved = None
    if key.kind == "email":
        proved = await members.by_address(parts, slack, workspace_id, address)
    if proved is not None and proved != slack_user_id:
        raise LinkError(_taken(key, address))
    admin = slack_user_id
    if not proved:
        admin, *others = await members.administrators(parts, slack, workspace_id)
        admin = slack_user_id if slack_user_id in others else admin
    if owner is None and admin != slack_user_id:
        # Whoever it is meant for could decide nothing by it.
        raise LinkError(
            say(
                "The CRM has named no owner {email} so far. Type the address, id or name by which "
                "it knows you, as in `/coach link ana@example.com`.",
                email=address,
            )
        )
    async with parts.database.write() as tx:
        # What becomes somebody else's must not be saved by the worker under its old owner.
        await workspaces.lock(tx, parts.database, workspace_id)
        asker = await enrolling.ensure(parts, tx, actor)
        if admin == slack_user_id:
            await _join(parts, tx, asker, key)
        else:
            if await link_requests.has_open(tx, workspace_id, asker.id):
                return say(
                    "You have asked already, and the administrator has yet to decide. You will get "
                    "a message then."
                )
            await _request(parts, tx, asker, key, admin)
    parts.wake.sender.set()
    parts.wake.lookup.set()
    if admin == slack_user_id:
        parts.wake.tick.set()
        return say("You are now recognised as {email}.", email=address)
    return say(
        "The administrator has been asked to confirm that {email} is you. "
        "You will get a message when they have decided.",
        email=address,
    )


async def decide(
    parts: Parts,
    slack: Slack,
    actor: Actor,
    request_id: str,
    *,
    confirmed: bool,
) -> Phrase:
    """The administrator's decision on a request, taken once; returns what came of it.

    Raises `LinkError` for anybody else, and for a request that is decided or unknown.
    """
    workspace_id, slack_user_id = actor.workspace_id, actor.slack_user_id
    if slack_user_id not in await members.administrators(parts, slack, workspace_id):
        raise LinkError(say("Only the administrator can decide this."))
    now = parts.clock.now()
    state = "confirmed" if confirmed else "refused"
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, workspace_id)
        request = await link_requests.decide(
            tx, workspace_id, request_id, state=state, by=slack_user_id, now=now
        )
        if request is None:
            known = await link_requests.get(tx, workspace_id, request_id)
            raise LinkError(_DECIDED[known.state] if known else say("This request is not known."))
        asker = (await people.load(tx, workspace_id, [request.person_id]))[request.person_id]
        email = called(request.key, await _owner(tx, workspace_id, request.key))
        if confirmed:
            await _join(parts, tx, asker, request.key)
        decider = await people.by_slack_user(tx, workspace_id, slack_user_id)
        await _show_decision(tx, request, state, decider.name if decider else "")
        if asker.slack_user_id:
            answer = Message(
                workspace_id,
                f"link_answer:{request.id}",
                "link_answer",
                asker.slack_user_id,
                {"email": email, "state": state},
                asker.id,
            )
            await messages.make(tx, [(answer, [])], now)
    parts.wake.sender.set()
    parts.wake.tick.set()
    if confirmed:
        return say("{who} is now recognised as {email}.", who=asker.name, email=email)
    return say("{who} is not recognised as {email}.", who=asker.name, email=email)


_DECIDED = {
    "confirmed": say("This was already confirmed."),
    "refused": say("This was already refused."),
}


def called(key: OwnerKey, owner: Person | None) -> str:
    """What to call an owner: their address, or their name, with the key where it tells more."""
    if key.kind == "email":
        return key.value
    name = owner.name if owner is not None else key.value
    if key.kind == "name":
        return name
    return shown(key) if name == key.value else f"{name} ({shown(key)})"


def _check_form(typed: str) -> None:
    words = typed.strip()
    if not words or len(words) > 254 or not words.isprintable() or re.search(r"[<>|]", words):
        raise LinkError(_HOW)
    if "@" in words and not _ADDRESS.fullmatch(words.removeprefix("email:")):
        raise LinkError(_HOW)


_HOW = say(
    "Type how the CRM knows you: your address, id or name there, as in "
    "`/coach link ana@example.com` or `/coach link Ana Ruiz`."
)


async def _owner(tx: Tx, workspace_id: str, key: OwnerKey) -> Person | None:
    found = await owners.meant(tx, workspace_id, [key])
    known = await people.load(tx, workspace_id, [one.person_id for one in found])
    return known[found[0].person_id] if len(found) == 1 else None


def _taken(key: OwnerKey, address: str) -> Phrase:
    if key.kind != "email":
        return say(
            "{email} belongs to somebody else in this Slack workspace, so it cannot be linked to "
            "you. If that is wrong, ask whoever runs the coach.",
            email=address,
        )
    return say(
        "{email} belongs to somebody else in this Slack workspace, so it cannot be linked to you. "
        "If that is wrong, change the address in your Slack profile.",
        email=address,
    )


def _check_free(owner: Person | None, slack_user_id: str, key: OwnerKey, address: str) -> None:
    if owner is not None and owner.slack_user_id not in {None, slack_user_id}:
        raise LinkError(_taken(key, address))


async def _join(parts: Parts, tx: Tx, asker: Person, key: OwnerKey) -> None:
    owner = await _owner(tx, asker.workspace_id, key)
    # Slack may have matched the address to somebody while the question was open.
    _check_free(owner, asker.slack_user_id or "", key, called(key, owner))
    await join(parts, tx, asker.workspace_id, key, asker.id)


async def _request(parts: Parts, tx: Tx, asker: Person, key: OwnerKey, admin: str) -> None:
    owner = await _owner(tx, asker.workspace_id, key)
    address = called(key, owner)
    request = LinkRequest(asker.workspace_id, parts.new_id(), asker.id, *key, "asked")
    await link_requests.add(tx, request, parts.clock.now())
    who = asker.name if asker.name != asker.slack_user_id else None
    params = {
        "request_id": request.id,
        "who": who,
        "email": address,
        "things": to_json(await _things(tx, owner)) if owner else None,
        "state": "asked",
    }
    question = Message(asker.workspace_id, f"link:{request.id}", "link_request", admin, params)
    await messages.make(tx, [(question, [])], parts.clock.now())


async def _things(tx: Tx, owner: Person) -> Phrase:
    deals = len(await lists.deals_of(tx, owner.workspace_id, owner.id, most=1000))
    tasks = len(await lists.tasks_of(tx, owner.workspace_id, owner.id, most=1000))
    return verbatim(
        facts(
            counted("{count} open deal", "{count} open deals", "count", count=deals),
            counted("{count} open task", "{count} open tasks", "count", count=tasks),
        )
    )


async def _show_decision(tx: Tx, request: LinkRequest, state: str, by: str) -> None:
    id = f"link:{request.id}"
    question = await messages.get(tx, request.workspace_id, id)
    if question is not None:
        params = {**question.params, "state": state, "by": by}
        await messages.redraw(tx, request.workspace_id, id, params)
