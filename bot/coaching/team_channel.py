"""The team's channel: deals that were won, and the week in figures; never what is one person's.

What was told of a deal follows it for a while. Whoever looks, in whichever process, claims what is
due with the transaction that has it told.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.coaching import wins_told
from bot.coaching.checking import Touched
from bot.runtime.parts import Parts
from coach import team_week
from coach.bulk import WITHIN, in_one_go
from coach.calendar import is_hourless, next_work
from coach.gate import PEOPLE
from coach.models import Activity, Deal, DealStatus, Origin, Person, Ref, SubjectKind, Verb
from coach.phrases import to_json
from storage import messages, mirror, people, team_channels, team_figures, team_wins, workspaces
from storage.database import Tx
from storage.messages import Message
from storage.team_channels import TeamChannel
from storage.team_wins import Win

#: What somebody did by mistake they put right within that; what is won meanwhile is told together.
GATHERED = timedelta(minutes=1)

#: A win is news when it was told of so soon, and closed so short a time before.
TOLD_WITHIN, CLOSED_WITHIN = timedelta(days=1), timedelta(days=7)

#: What could not be told for so long is no news any more.
STALE = timedelta(days=4)

#: So many workspaces are looked at in one turn.
TOGETHER = 20

#: How often it is looked whether there is anything to tell, in seconds.
EVERY = 15.0

#: The kinds of messages that go to the channel, as `bot.slack.drawing` has them.
HELLO, WINS, WEEK = "team_hello", team_wins.KIND, "team_week"


async def note(
    tx: Tx,
    workspace_id: str,
    connection_id: str,
    told: Sequence[tuple[Activity, datetime]],
    touched: Sequence[Touched],
    now: datetime,
) -> bool:
    """Have the channel told of what was won, and what it was told follow: that at once, if any.

    Says whether there may be any. `told` are the activities, each with when we were told of it.
    Costs nothing where no deal was won by any of it, or had been.
    """
    before = {each.after.id: each.before for each in touched if isinstance(each.after, Deal)}
    new = {
        activity.deal.id: Win(
            workspace_id, connection_id, activity.deal.id, _won_at(activity, received_at)
        )
        for activity, received_at in told
        if activity.deal is not None
        and activity.verb is Verb.DEAL_CLOSED
        and not _was_won(before.get(activity.deal.id))
        and _is_news(activity, activity.deal, received_at)
    }
    changed = {
        each.after.id
        for each in touched
        # Of one that was not known before nothing can have been told.
        if isinstance(each.after, Deal)
        and each.before is not None
        and (_was_won(each.before) or each.after.status is DealStatus.WON)
    }
    if changed:
        await team_wins.changed(tx, workspace_id, connection_id, changed, now)
    if new:
        channel = await team_channels.of(tx, workspace_id)
        if channel is not None and channel.tells_wins:
            await team_wins.add(tx, list(new.values()), now + GATHERED)
    # What is new waits for others anyway.
    return bool(changed)


def _was_won(before: object) -> bool:
    return isinstance(before, Deal) and before.status is DealStatus.WON


def _won_at(activity: Activity, received_at: datetime) -> datetime:
    """When a deal was won: not when we were told, as after an outage all is told in one go."""
    at = activity.occurred_at
    # Some vendors tell the day alone.
    return received_at if is_hourless(at) else min(at, received_at)


def _is_news(activity: Activity, deal: Deal, received_at: datetime) -> bool:
    """Whether a deal was won now, as far as anybody says: not brought in, and not learned late."""
    if deal.status is not DealStatus.WON or deal.deleted or activity.origin is Origin.IMPORT:
        return False
    closed_at = deal.closed_at or activity.occurred_at
    return (
        received_at - activity.occurred_at <= TOLD_WITHIN
        and received_at - closed_at <= CLOSED_WITHIN
    )


async def turn(parts: Parts) -> bool:
    """Tell what is due; says whether anything was. Any number of processes may look."""
    now = parts.clock.now()
    async with parts.database.read() as tx:
        whose = await team_wins.workspaces_due(tx, now, TOGETHER)
        weeks = await team_channels.due(tx, now)
    for workspace_id in whose:
        async with parts.database.write() as tx:
            await workspaces.lock(tx, parts.database, workspace_id)
            await _wins(parts, tx, workspace_id, now)
    for channel in weeks:
        async with parts.database.write() as tx:
            await _week(tx, channel, now)
    if whose or weeks:
        parts.wake.ring({"sender", "home"})
    return bool(whose or weeks)


async def hours(tx: Tx, channel: TeamChannel) -> Person:
    """Whose hours and time zone the channel goes by: those of who chose it, as they are now."""
    known = await people.by_slack_user(tx, channel.workspace_id, channel.chosen_by)
    return known or Person(channel.workspace_id, "", "")


async def _wins(parts: Parts, tx: Tx, workspace_id: str, now: datetime) -> None:
    """What is due of one workspace's won deals; it is locked."""
    channel = await team_channels.of(tx, workspace_id)
    found = await team_wins.due(tx, workspace_id, now)
    over = [each for each in found if now - each.told_at >= team_wins.FOLLOWED]
    await team_wins.let_go(tx, over)
    told = {each.message_id for each in found if each.message_id and each not in over}
    for message_id in sorted(told):
        await _follow(tx, channel, workspace_id, message_id, now)
    if channel is None or not channel.tells_wins:
        await team_wins.drop_untold(tx, workspace_id)
        return
    if any(each.message_id is None for each in found):
        await _tell(parts, tx, channel, now)


async def _tell(parts: Parts, tx: Tx, channel: TeamChannel, now: datetime) -> None:
    """Tell of all that waits in one message, while who won or chose the channel is at work."""
    waiting = await team_wins.untold(tx, channel.workspace_id)
    by = await hours(tx, channel)
    deals = await _deals(tx, channel.workspace_id, waiting)
    owners = {each.person_id for each in deals.values() if each.person_id}
    known = (await people.load(tx, channel.workspace_id, owners)).values()
    at_work = [by, *(each for each in known if each.slack_user_id and each.time_zone)]
    if (at := min(next_work(now, each) for each in at_work)) > now:
        await team_wins.put_off(tx, waiting, at)
        return
    soon = await team_wins.latest_due(tx, channel.workspace_id, now, now + GATHERED)
    if soon is not None:
        # More is coming in: the end of a bulk would pass for wins of somebody's own.
        await team_wins.put_off(tx, waiting, soon)
        return
    many = in_one_go(each.told_at for each in waiting)
    news = [
        each
        for each in waiting
        if wins_told.stands(deals.get(each.ref))
        and now - each.told_at <= STALE
        # A bulk is nobody's win of now.
        and not any(abs(each.told_at - one) <= WITHIN for one in many)
    ]
    await team_wins.drop(tx, [each for each in waiting if each not in news])
    if not news:
        return
    id = f"{WINS}:{parts.new_id()}"
    await team_wins.tell(tx, news, id)
    named = await wins_told.named_of(tx, channel.workspace_id, owners)
    lines = [
        wins_told.new(each.ref, deals[each.ref], named, amounts=channel.amounts) for each in news
    ]
    voice = [by.time_zone, by.locale]
    params = {**wins_told.kept(lines), "amounts": channel.amounts, "voice": voice}
    made = Message(channel.workspace_id, id, WINS, channel.channel, params)
    await messages.make(tx, [(made, [])], now)
    await team_wins.rest(tx, news)


async def _follow(
    tx: Tx, channel: TeamChannel | None, workspace_id: str, message_id: str, now: datetime
) -> None:
    """Let a message say what is so of its deals by now; one of none that is won is taken out.

    A deal that is not won is let go: won again, it is told like any other, where and when it may.
    """
    known = await messages.get(tx, workspace_id, message_id)
    its = await team_wins.told_in(tx, workspace_id, message_id)
    deals = await _deals(tx, workspace_id, its)
    if known is not None:
        params = await _anew(tx, channel, known, its, deals)
        if params["said"] != known.params.get("said"):
            await messages.redraw(tx, workspace_id, message_id, params)
    lost = [each for each in its if not wins_told.stands(deals.get(each.ref))]
    await team_wins.drop(tx, lost)
    await team_wins.rest(tx, [each for each in its if each not in lost])


async def _anew(
    tx: Tx,
    channel: TeamChannel | None,
    known: Message,
    its: Sequence[Win],
    deals: Mapping[Ref, Deal],
) -> dict[str, Any]:
    """What a message says by now; the deals of it that are not followed stay as they were told."""
    here = channel is not None and channel.channel == known.addressee
    # Where nothing is told any more, deals are told as they were, unless that is hidden since.
    amounts = channel.amounts if channel else True
    if not here:
        amounts = amounts and known.params["amounts"]
    before = wins_told.lines(known.params)
    whose = {each.person_id for each in before} | {each.person_id for each in deals.values()}
    named = await wins_told.named_of(tx, known.workspace_id, whose)
    followed = {each.ref for each in its}
    lines = [
        wins_told.new(each.ref, deals[each.ref], named, amounts=amounts)
        if each.ref in followed
        else wins_told.again(each, named, amounts=amounts)
        for each in before
        if each.ref not in followed or wins_told.stands(deals.get(each.ref))
    ]
    return {**known.params, **wins_told.kept(lines), "amounts": amounts}


async def _deals(tx: Tx, workspace_id: str, wins: Collection[Win]) -> Mapping[Ref, Deal]:
    found: dict[Ref, Deal] = {}
    for connection_id in sorted({each.connection_id for each in wins}):
        ids = [each.deal_id for each in wins if each.connection_id == connection_id]
        loaded = await mirror.load(tx, SubjectKind.DEAL, workspace_id, connection_id, ids)
        found |= {
            Ref(connection_id, id): each for id, each in loaded.items() if isinstance(each, Deal)
        }
    return found


async def _week(tx: Tx, channel: TeamChannel, now: datetime) -> None:
    """Tell of the week that is over, where enough people had a part in it."""
    by = await hours(tx, channel)
    late = channel.figures_at is None or now - channel.figures_at > team_week.LATE
    # Whoever chose it may be in another time zone by now.
    asleep = not late and (at := next_work(now, by)) > now
    again_at = at if asleep else team_week.told_at(now, by)
    if not await team_channels.claim_figures(tx, channel, again_at) or late or asleep:
        return
    since, until = team_week.span(now, by)
    count = await team_figures.active(tx, channel.workspace_id, since, until)
    if count < PEOPLE:
        await team_channels.note_too_few(tx, channel.workspace_id, count)
        return
    await team_channels.note_too_few(tx, channel.workspace_id, None)
    closed = await team_figures.closed(tx, channel.workspace_id, team_week.since(now, by), until)
    open_, amounts = await team_figures.open_now(tx, channel.workspace_id)
    week = team_week.team_week(closed, open_, amounts, count, now, by)
    id = f"{WEEK}:{channel.channel}:{week.week.begin.isoformat()}"
    params = {
        "title": to_json(team_week.title(week)),
        "said": [to_json(each) for each in team_week.lines(week, amounts=channel.amounts)],
        "of": to_json(team_week.counted_of(week)),
        "voice": [by.time_zone, by.locale],
    }
    made = Message(channel.workspace_id, id, WEEK, channel.channel, params)
    await messages.make(tx, [(made, [])], now)
