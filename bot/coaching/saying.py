"""What follows for the coach when a message of advice stands before its person."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from coach import backlogs
from coach.attention import APART
from coach.models import Insight, MessageState
from coach.timetable import BRIEF_LINES
from storage import attention, sayings
from storage.database import Tx
from storage.messages import Message

#: How many of its insights a message shows, by its kind; the others are behind a button. A kind
#: that is not here shows all.
SHOWN: Mapping[str, int] = {"brief": BRIEF_LINES, "digest": 10, "backlog": backlogs.LINES}


@dataclass(frozen=True, slots=True)
class Stands:
    """A message with the insights it is made of, as it stands before its person."""

    message: Message
    insights: Sequence[Insight]

    def shown(self, now: datetime) -> Sequence[Insight]:
        """Those that can be read without pressing anything."""
        here = [each for each in self.insights if not each.is_over(now)]
        return here[: SHOWN.get(self.message.kind)]


def posted(channel: str, ts: str, at: datetime) -> dict[str, object]:
    """What is recorded of a message that was posted."""
    return {
        "state": MessageState.SENT.value,
        "channel": channel,
        "ts": ts,
        "sent_at": at,
        "attempts": 0,
        "not_before": None,
        "error": None,
    }


async def said(tx: Tx, workspace_id: str, stand: Sequence[Stands], now: datetime) -> None:
    """Advice was said: who has more waiting gets the next a little later."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for each in stand:
        # What is behind a button was not said yet.
        by_kind[each.message.kind] += [insight.fingerprint for insight in each.shown(now)]
    persons = {each.message.person_id for each in stand}
    await attention.hold_apart(tx, workspace_id, {id for id in persons if id}, now + APART)
    for kind, prints in by_kind.items():
        await sayings.said(tx, workspace_id, prints, kind, now)
