"""What Slack has answered, and how it is recorded: many answers in a few statements."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.coaching import saying
from bot.coaching.saying import Stands
from bot.slack.disturbing import Peace
from bot.slack.drawing import Kind
from coach.models import InsightState, MessageState
from storage import copies, deciding, people, sayings, sending
from storage.copies import Late
from storage.database import Tx
from storage.sending import Claimed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """Slack has taken a message, or what it looks like now."""

    claimed: Claimed
    kind: Kind
    #: Where and since when it stands there; nothing for one that stood there before.
    channel: str | None = None
    ts: str | None = None
    sent_at: datetime | None = None
    #: It was taken out of Slack.
    gone: bool = False
    #: What Slack said of its person before it was sent.
    peace: Peace | None = None
    #: It stood there already, as it was when the answer was lost.
    found: bool = False

    def recorded(self) -> dict[str, object]:
        """What is recorded of the message."""
        if self.gone:
            state = MessageState.WITHDRAWN.value
            return {"attempts": 0, "state": state, "channel": None, "ts": None}
        if self.sent_at is None:
            return {"attempts": 0}
        posted = saying.posted(self.channel or "", self.ts or "", self.sent_at)
        return {**posted, "draw_due": True} if self.found else posted


async def keep_peace(tx: Tx, told: Sequence[tuple[Claimed, Peace | None]]) -> None:
    """Keep with people what Slack has said of them, for every process."""
    rows = [
        (each.person, peace.asked_at, peace.until)
        for each, peace in told
        if peace is not None and each.person is not None
    ]
    if rows:
        whom = [(each.person.workspace_id, each.person.id) for each, _ in told if each.person]
        await deciding.lock(tx, whom)
        await people.told_of_peace(tx, rows)


async def record(tx: Tx, answers: Sequence[Answer]) -> None:
    """Record what Slack has answered: a few statements, however many answers there are."""
    advice: dict[str, list[Answer]] = defaultdict(list)
    await keep_peace(tx, [(each.claimed, each.peace) for each in answers])
    for each in answers:
        if each.sent_at is not None and each.kind.advice:
            advice[each.claimed.message.workspace_id].append(each)
    await _said_by_drawing(tx, answers)
    for workspace_id, said in sorted(advice.items()):
        stand = [Stands(each.claimed.message, each.claimed.insights) for each in said]
        now = max(each.sent_at for each in said if each.sent_at is not None)
        await saying.said(tx, workspace_id, stand, now)
    ours = await sending.record_all(
        tx, [(each.claimed.message, each.recorded()) for each in answers]
    )
    for each in answers:
        message = each.claimed.message
        if each.sent_at is None:
            continue
        is_it = (message.workspace_id, message.id) in ours
        if not is_it:
            log.warning(
                "%s stands in Slack twice: this answer came after another sender had claimed it",
                message.id,
            )
            late = Late(message, each.channel or "", each.ts or "", each.sent_at)
            is_it = await copies.settle(tx, late)
        if is_it and each.kind.sent is not None:
            await each.kind.sent(tx, message)


async def _said_by_drawing(tx: Tx, answers: Sequence[Answer]) -> None:
    """Note what was put into a message that stood there, or moved up in it: it is said by that."""
    for each in answers:
        message = each.claimed.message
        stood_at = message.sent_at
        if stood_at is None or each.sent_at is not None or not each.kind.advice:
            continue
        if each.gone or message.superseded:
            continue
        stands = Stands(message, each.claimed.insights)
        new = [
            insight.fingerprint
            for insight in stands.shown(stood_at)
            if insight.seen_at is None and insight.state is InsightState.OPEN
        ]
        if new:
            await sayings.said(tx, message.workspace_id, new, message.kind, stood_at)
