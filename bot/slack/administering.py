"""What whoever administers the coach sees and does in their Home tab."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.coaching import claiming, enrolling
from bot.coaching.actor import Actor
from bot.coaching.connecting import Connecting, Linked
from bot.coaching.permission import Refusal
from bot.runtime.parts import Parts
from bot.slack import members, switches, team_channel
from bot.slack.installed import NotInstalledError, Slack
from bot.slack.scopes import LINKS
from bot.slack.switches import Switch
from coach.models import Person
from coach.phrases import Phrase, counted, facts, say, to_json
from coach.sought import sought
from storage import administrators, crm_writes, deliveries, homes, messages, people, workspaces
from storage.database import Tx
from storage.messages import Message
from storage.team_channels import TeamChannel

#: How many owners are offered to be matched at once.
UNMATCHED = 5


@dataclass(frozen=True, slots=True)
class Administration:
    """How it stands with the coach of a workspace."""

    linked: Sequence[Linked]
    #: How many owners in CRMs are somebody in Slack, and those that are nobody yet, as far as
    #: they are shown, each with how much waits for them.
    matched: int
    unmatched: Sequence[tuple[Person, int]]
    more_unmatched: int
    failed_deliveries: int
    failed_changes: int
    #: Slack users who administer, the first of them named by Slack or the operator.
    administrators: Sequence[str]
    #: What is switched on for everybody.
    switched_on: frozenset[Switch] = frozenset()
    #: What the app would have to be allowed for links to be seen, as far as Slack has said.
    lacks: frozenset[str] = frozenset()
    #: The channel in which the team is told of what concerns all of it.
    channel: TeamChannel | None = None


async def of(
    parts: Parts, slack: Slack, connecting: Connecting, actor: Actor
) -> Administration | None:
    """How it stands, for who administers; `None` for everybody else."""
    try:
        who = await members.administrators(parts, slack, actor.workspace_id)
    except members.MembersError:
        return None
    if actor.slack_user_id not in who:
        return None
    linked = await connecting.linked(actor.workspace_id)
    async with parts.database.read() as tx:
        unmatched = await people.unmatched(tx, actor.workspace_id)
        matched = await people.how_many_matched(tx, actor.workspace_id)
        failed = await deliveries.counts(tx, actor.workspace_id)
        changes = await crm_writes.counts(tx, actor.workspace_id)
    return Administration(
        linked,
        matched,
        unmatched[:UNMATCHED],
        max(0, len(unmatched) - UNMATCHED),
        failed.get("failed", 0),
        changes.get("failed", 0),
        who,
        await switches.are_on(parts, actor.workspace_id),
        await _lacks(slack, actor.workspace_id),
        await team_channel.known_to(parts, actor.workspace_id),
    )


async def owners(parts: Parts, slack: Slack, actor: Actor, typed: str = "") -> list[Person]:
    """Owners in CRMs who are nobody in Slack yet, those called so first. Raises `Refusal`."""
    await members.only_administrators(parts, slack, actor)
    async with parts.database.read() as tx:
        found = [person for person, _ in await people.unmatched(tx, actor.workspace_id)]
    return sought(found, typed, lambda each: [each.name, each.email or ""])


async def _lacks(slack: Slack, workspace_id: str) -> frozenset[str]:
    """Which scopes for links the token has not; nothing where Slack has not said what it has."""
    try:
        granted = (await slack.of(workspace_id)).installation.scopes
    except NotInstalledError:
        return frozenset()
    return LINKS.difference(granted) if granted else frozenset()


async def match(
    parts: Parts, slack: Slack, actor: Actor, owner_id: str, slack_user_id: str
) -> None:
    """Let an owner of a CRM be this Slack user. Raises `Refusal` or `OwnerError`."""
    await members.only_administrators(parts, slack, actor)
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, actor.workspace_id)
        person = await enrolling.ensure(parts, tx, Actor(actor.workspace_id, slack_user_id))
        await claiming.match(parts, tx, actor.workspace_id, owner_id, person.id)
    parts.wake.ring({"lookup", "tick", "attention", "sender"})


async def try_again(parts: Parts, slack: Slack, actor: Actor) -> Phrase:
    """Have what failed worked on once more; says how much that is. Raises `Refusal`.

    What a CRM may have already is left alone: it could be there twice.
    """
    await members.only_administrators(parts, slack, actor)
    now = parts.clock.now()
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, actor.workspace_id)
        brought = await deliveries.replay(tx, actor.workspace_id, now)
        made = await crm_writes.replay(tx, actor.workspace_id, now)
    parts.wake.ring({"worker", "large", "outbox"})
    if not brought and not made:
        return say("Nothing can be tried again. `coach doctor` says what failed.")
    again = facts(
        counted("{count} delivery", "{count} deliveries", "count", count=brought),
        counted("{count} change", "{count} changes", "count", count=made),
    )
    return say("Tried again: {what}.", what=again)


async def add(parts: Parts, slack: Slack, actor: Actor, slack_user_id: str) -> None:
    """Let somebody else administer as well; the others are told. Raises `Refusal`."""
    before = await members.only_administrators(parts, slack, actor)
    if slack_user_id in before:
        raise Refusal(say("They administer the coach already."))
    async with parts.database.write() as tx:
        # One after the other: so that each knows how many there are.
        await workspaces.lock(tx, parts.database, actor.workspace_id)
        if len(await administrators.of(tx, actor.workspace_id)) >= administrators.MOST:
            raise Refusal(say("That are enough: take somebody else off first."))
        who = await enrolling.ensure(parts, tx, Actor(actor.workspace_id, slack_user_id))
        now = parts.clock.now()
        if not await administrators.add(
            tx, actor.workspace_id, slack_user_id, actor.slack_user_id, now
        ):
            raise Refusal(say("They administer the coach already."))
        await homes.changed(tx, actor.workspace_id, [who], now)
        by = await _name(tx, actor)
        told = say("{by} has made {who} an administrator of the coach.", by=by, who=who.name)
        await _tell(parts, tx, actor, before, told)
        theirs = say("{by} has made you an administrator of the coach. See its Home tab.", by=by)
        await _tell(parts, tx, actor, [slack_user_id], theirs)
    parts.wake.ring({"sender", "lookup"})


async def remove(parts: Parts, slack: Slack, actor: Actor, slack_user_id: str) -> None:
    """Have somebody administer no more; they and the others are told. Raises `Refusal`."""
    before = await members.only_administrators(parts, slack, actor)
    async with parts.database.write() as tx:
        if not await administrators.remove(tx, actor.workspace_id, slack_user_id):
            raise Refusal(say("They do not administer the coach, or nobody can take them off."))
        by, who = await _name(tx, actor), await _name(tx, Actor(actor.workspace_id, slack_user_id))
        known = await people.by_slack_user(tx, actor.workspace_id, slack_user_id)
        if known is not None:
            await homes.changed(tx, actor.workspace_id, [known], parts.clock.now())
        told = say("{by} has taken {who} off the coach's administrators.", by=by, who=who)
        await _tell(parts, tx, actor, before, told)
    parts.wake.ring({"sender"})


async def _name(tx: Tx, actor: Actor) -> str:
    known = await people.by_slack_user(tx, actor.workspace_id, actor.slack_user_id)
    return known.name if known is not None else actor.slack_user_id


async def _tell(parts: Parts, tx: Tx, actor: Actor, whom: Sequence[str], said: Phrase) -> None:
    now = parts.clock.now()
    made = [
        Message(
            actor.workspace_id,
            f"administrators:{parts.new_id()}",
            "administrators",
            each,
            {"said": to_json(said)},
        )
        for each in dict.fromkeys(whom)
        if each != actor.slack_user_id
    ]
    await messages.make(tx, [(each, []) for each in made], now)
