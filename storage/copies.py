"""Copies: what stands in Slack beside the message that is recorded, and is to go.

A sender that was held up past its claim posts what another has posted meanwhile. Of the two the one
that is recorded stays; the other becomes a message of its own, which shows nothing: it is taken out
as any message that has nothing left to show, and tried again until that is done.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from coach.models import MessageState
from storage.database import Tx
from storage.messages import Message, is_
from storage.tables import messages

#: The kind of message that a copy is.
KIND = "copy"


@dataclass(frozen=True, slots=True)
class Late:
    """A message that was posted by a sender whose claim had run out, and where it stands."""

    message: Message
    channel: str
    ts: str
    sent_at: datetime


async def settle(tx: Tx, late: Late) -> bool:
    """Keep one of what was posted twice; says whether it is this one.

    If no other has been recorded yet, this is the message, and whoever is at it comes too late in
    turn. Called after the message's row was locked.
    """
    message = late.message
    its = is_(message.workspace_id, message.id)
    query = select(messages.c.state, messages.c.channel, messages.c.ts).where(its)
    row = (await tx.execute(query)).first()
    if row is None or row.state == MessageState.SENT.value:
        if row is None or (row.channel, row.ts) != (late.channel, late.ts):
            await _to_go(tx, late, late.message.person_id if row else None)
        return False
    await tx.execute(
        update(messages)
        .where(its)
        .values(
            state=MessageState.SENT.value,
            channel=late.channel,
            ts=late.ts,
            sent_at=late.sent_at,
            attempts=0,
            not_before=None,
            error=None,
            leased_until=None,
            fence=messages.c.fence + 1,
            # Much may have changed since it was put into words.
            draw_due=True,
        )
    )
    return True


async def _to_go(tx: Tx, late: Late, person_id: str | None) -> None:
    key = (late.message.workspace_id, f"{KIND}:{late.channel}:{late.ts}")
    if (await tx.execute(select(messages.c.id).where(is_(*key)))).first() is None:
        await tx.execute(
            insert(messages).values(
                workspace_id=key[0],
                id=key[1],
                kind=KIND,
                addressee=late.message.addressee,
                person_id=person_id,
                params={},
                state=MessageState.SENT.value,
                channel=late.channel,
                ts=late.ts,
                created_at=late.sent_at,
                sent_at=late.sent_at,
                draw_due=True,
            )
        )
