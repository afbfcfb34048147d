"""Messages: what is put before somebody in Slack, and what became of it.

`make` and `withdraw` say what is to be there; how a sender goes about it is in `storage.sending`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, bindparam, func, select, update

from coach.models import MessageState
from storage import deciding
from storage.among import among, texts
from storage.database import Tx, add_new, chunks, merge, put
from storage.prepared import Prepared
from storage.tables import OPEN_INSIGHT, insights, message_insights, messages


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its kind says how it is drawn from `params` and the insights it shows."""

    workspace_id: str
    #: A natural key, such as `card:<fingerprint>`: what is made a second time is the same.
    id: str
    kind: str
    #: A Slack user, or a channel.
    addressee: str
    params: dict[str, Any] = field(default_factory=dict)
    #: Whose it is; `None` when it goes to somebody in another role.
    person_id: str | None = None
    state: MessageState = MessageState.DUE
    channel: str | None = None
    ts: str | None = None
    #: The number of the latest claim.
    fence: int = 0
    attempts: int = 0
    error: str | None = None
    sent_at: datetime | None = None
    #: Something newer of its kind stands there.
    superseded: bool = False
    #: When it was made, the latest time; `None` while it is not kept.
    created_at: datetime | None = None


def card_id(fingerprint: str) -> str:
    """The id of the card that shows an insight by itself."""
    return f"card:{fingerprint}"


def from_row(row: Row[Any]) -> Message:
    """The message in a row of the whole table."""
    return Message(
        row.workspace_id,
        row.id,
        row.kind,
        row.addressee,
        row.params,
        row.person_id,
        MessageState(row.state),
        row.channel,
        row.ts,
        row.fence,
        row.attempts,
        row.error,
        row.sent_at,
        row.superseded,
        row.created_at,
    )


def is_(workspace_id: str, id: str) -> ColumnElement[bool]:
    """The condition that it is this message."""
    return (messages.c.workspace_id == workspace_id) & (messages.c.id == id)


def _making(new: Any, table: Table, columns: Sequence[str]) -> Any:
    anew = {name: new.excluded[name] for name in ("state", "addressee", "params", "created_at")}
    # It may be looked for at this very moment: what comes of that is no answer to this.
    unclaimed = {"leased_until": None, "fence": table.c.fence + 1}
    return new.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={**anew, **unclaimed, "superseded": False, "draw_due": False},
        where=table.c.state == MessageState.WITHDRAWN.value,
    )


async def make(tx: Tx, made: Sequence[tuple[Message, Sequence[str]]], now: datetime) -> None:
    """Have messages posted, each with the fingerprints of the insights it shows, in their order.

    One that is there already stays as it is, unless it was withdrawn.
    """
    if not made:
        return
    rows = [
        {
            "workspace_id": each.workspace_id,
            "id": each.id,
            "kind": each.kind,
            "addressee": each.addressee,
            "params": each.params,
            "person_id": each.person_id,
            "state": MessageState.DUE.value,
            "created_at": now,
        }
        for each, _ in made
    ]
    await merge(tx, _making, messages, rows)
    await add_new(
        tx,
        message_insights,
        [
            {
                "workspace_id": each.workspace_id,
                "message_id": each.id,
                "fingerprint": print_,
                "place": place,
            }
            for each, prints in made
            for place, print_ in enumerate(prints)
        ],
    )


async def arrange(tx: Tx, workspace_id: str, id: str, prints: Sequence[str]) -> None:
    """Let a message show these insights in this order, those too that it shows already."""
    rows = [
        {"workspace_id": workspace_id, "message_id": id, "fingerprint": print_, "place": place}
        for place, print_ in enumerate(prints)
    ]
    await put(tx, message_insights, rows)


async def withdraw(tx: Tx, workspace_id: str, ids: Collection[str]) -> None:
    """Take back messages that are due; what a sender has claimed is no longer ours to stop.

    One that was tried may stand in Slack: it is looked for.
    """
    for piece in chunks(sorted(ids)):
        await tx.execute(
            update(messages)
            .where(
                messages.c.workspace_id == workspace_id,
                messages.c.id.in_(piece),
                messages.c.state == MessageState.DUE.value,
            )
            .values(**_TAKEN_BACK)
        )


async def withdraw_to(tx: Tx, workspace_id: str, addressee: str) -> None:
    """Take back all that is due to be sent to a channel."""
    await tx.execute(
        update(messages)
        .where(
            messages.c.workspace_id == workspace_id,
            messages.c.addressee == addressee,
            messages.c.person_id.is_(None),
            messages.c.state == MessageState.DUE.value,
        )
        .values(**_TAKEN_BACK)
    )


async def standing(tx: Tx, workspace_id: str, kind: str, addressee: str) -> list[Message]:
    """The messages of a kind that stand in a channel."""
    query = select(messages).where(
        messages.c.workspace_id == workspace_id,
        messages.c.kind == kind,
        messages.c.addressee == addressee,
        messages.c.state == MessageState.SENT.value,
    )
    return [from_row(row) for row in await tx.execute(query)]


async def of_kind(tx: Tx, workspace_id: str, kind: str) -> list[Message]:
    """All messages of a kind, whatever became of them."""
    query = select(messages).where(messages.c.workspace_id == workspace_id, messages.c.kind == kind)
    return [from_row(row) for row in await tx.execute(query)]


async def keep_posted(tx: Tx, message: Message, now: datetime) -> None:
    """Keep a message that stands in Slack already; one that is known stays as it is."""
    row = {
        "workspace_id": message.workspace_id,
        "id": message.id,
        "kind": message.kind,
        "addressee": message.addressee,
        "params": message.params,
        "state": message.state.value,
        "channel": message.channel,
        "ts": message.ts,
        "created_at": now,
        "sent_at": message.sent_at,
    }
    await add_new(tx, messages, [row])


#: A message that was tried may stand in Slack though no answer came: it is looked for.
_WAS_TRIED = messages.c.attempts > 0
_TAKEN_BACK = {"state": MessageState.WITHDRAWN.value, "draw_due": _WAS_TRIED}


async def supersede(tx: Tx, workspace_id: str, kind: str, person_ids: Collection[str]) -> None:
    """Something newer of this kind is made for these people: earlier ones say only what was done.

    Called before it is made.
    """
    if person_ids:
        old = (
            messages.c.workspace_id == workspace_id,
            messages.c.kind == kind,
            among(messages.c.person_id, sorted(person_ids)),
        )
        await tx.execute(
            update(messages)
            # What was so long ago says that already.
            .where(*old, messages.c.state.in_(_IN_SLACK), ~messages.c.superseded)
            .values(superseded=True, draw_due=True)
        )
        await tx.execute(
            update(messages)
            .where(*old, messages.c.state == MessageState.DUE.value)
            .values(superseded=_WAS_TRIED, **_TAKEN_BACK)
        )


#: States in which Slack has the message, or may have it in a moment.
_IN_SLACK = (MessageState.SENDING.value, MessageState.SENT.value)


async def changed(tx: Tx, workspace_id: str, fingerprints: Collection[str]) -> None:
    """Have every message that shows one of these insights drawn again."""
    for piece in chunks(sorted(fingerprints)):
        showing = select(message_insights.c.message_id).where(
            message_insights.c.workspace_id == workspace_id,
            message_insights.c.fingerprint.in_(piece),
        )
        await tx.execute(
            update(messages)
            .where(
                messages.c.workspace_id == workspace_id,
                messages.c.id.in_(showing),
                messages.c.state.in_(_IN_SLACK),
            )
            .values(draw_due=True)
        )


async def of_now(tx: Tx, workspace_id: str, kind: str, person_ids: Collection[str]) -> None:
    """Have these people's message of a kind drawn again: what it goes by may be another by now."""
    if person_ids:
        asked = {"_workspace": workspace_id, "_kind": kind, "_people": sorted(person_ids)}
        await _OF_NOW.do(tx, asked)


_OF_NOW = Prepared(
    update(messages)
    .where(
        messages.c.workspace_id == bindparam("_workspace"),
        among(messages.c.person_id, texts("_people")),
        messages.c.kind == bindparam("_kind"),
        messages.c.state.in_(_IN_SLACK),
        ~messages.c.superseded,
    )
    .values(draw_due=True)
)


async def redraw(tx: Tx, workspace_id: str, id: str, params: dict[str, Any]) -> None:
    """Let a message say something else from now on, in Slack too where it stands there."""
    await tx.execute(
        update(messages)
        .where(is_(workspace_id, id))
        .values(params=params, draw_due=messages.c.state.in_(_IN_SLACK))
    )


async def get(tx: Tx, workspace_id: str, id: str) -> Message | None:
    """One message."""
    row = (await tx.execute(select(messages).where(is_(workspace_id, id)))).first()
    return from_row(row) if row else None


async def showing(tx: Tx, workspace_id: str, fingerprint: str) -> list[Message]:
    """The messages that show an insight, oldest first."""
    query = (
        select(messages)
        .join(
            message_insights,
            (message_insights.c.workspace_id == messages.c.workspace_id)
            & (message_insights.c.message_id == messages.c.id),
        )
        .where(
            message_insights.c.workspace_id == workspace_id,
            message_insights.c.fingerprint == fingerprint,
        )
        .order_by(messages.c.created_at, messages.c.id)
    )
    return [from_row(row) for row in await tx.execute(query)]


async def counts(tx: Tx, workspace_id: str) -> dict[MessageState, int]:
    """How many messages stand in each state."""
    query = (
        select(messages.c.state, func.count())
        .where(messages.c.workspace_id == workspace_id)
        .group_by(messages.c.state)
    )
    return {MessageState(row[0]): row[1] for row in await tx.execute(query)}


async def failed(tx: Tx, workspace_id: str, most: int | None = None) -> list[Message]:
    """Messages Slack refused for good, newest first."""
    query = (
        select(messages)
        .where(
            messages.c.workspace_id == workspace_id,
            messages.c.state == MessageState.FAILED.value,
        )
        .order_by(messages.c.created_at.desc())
        .limit(most)
    )
    return [from_row(row) for row in await tx.execute(query)]


#: Its tries are counted anew; that it was tried is known, so that it is looked for first.
_AFRESH: dict[str, Any] = {"attempts": 1, "not_before": None, "error": None}


async def replay(tx: Tx, workspace_id: str, now: datetime, *, person_id: str | None = None) -> int:
    """Try once more what Slack refused for good, of everybody or of one; returns how many.

    Advice whose time is up stays as it is; for the rest attention decides anew.
    """
    shows = (
        select(message_insights.c.message_id)
        .where(
            message_insights.c.workspace_id == messages.c.workspace_id,
            message_insights.c.message_id == messages.c.id,
        )
        .correlate(messages)
    )
    wanted = shows.join(
        insights,
        (insights.c.workspace_id == message_insights.c.workspace_id)
        & (insights.c.fingerprint == message_insights.c.fingerprint),
    ).where(OPEN_INSIGHT, insights.c.expires_at > now)
    refused = [
        messages.c.workspace_id == workspace_id,
        messages.c.state == MessageState.FAILED.value,
    ]
    if person_id is not None:
        refused.append(messages.c.person_id == person_id)
    advice = (
        update(messages)
        .where(*refused, wanted.exists())
        .values(state=MessageState.WITHDRAWN.value, **_AFRESH)
        .returning(messages.c.person_id)
    )
    again = [row[0] for row in await tx.execute(advice)]
    await deciding.reconsider(tx, workspace_id, [id for id in again if id], now)
    others = (
        update(messages)
        .where(*refused, ~shows.exists())
        .values(state=MessageState.DUE.value, **_AFRESH)
        .returning(messages.c.id)
    )
    return len(again) + len((await tx.execute(others)).all())
