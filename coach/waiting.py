"""An open insight as attention sees it, with what became of the message that shows it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from coach.importance import Worth, most_important_first
from coach.models import InsightType, MessageState, Priority
from coach.values import quick


@quick
@dataclass(frozen=True, slots=True)
class Waiting:
    """An open insight as attention sees it, with what became of the message that shows it."""

    fingerprint: str
    priority: Priority
    created_at: datetime
    expires_at: datetime
    #: `None` when no message has been made.
    message: MessageState | None = None
    sent_at: datetime | None = None
    #: After a failure: from when the message may be tried again.
    not_before: datetime | None = None
    rule: str = ""
    type: InsightType = InsightType.ACTION
    subject: str = ""
    #: The things it is about, by `subject_key`.
    about: frozenset[str] = frozenset()
    #: Whether it answers what its person has just done by themselves.
    own_act: bool = False
    #: What kind of message shows it: `card`, `brief` or `digest`.
    shown_by: str = "card"
    snoozed_until: datetime | None = None
    #: Until when it is worth an interruption, where it lasts longer than that.
    fresh_until: datetime | None = None
    #: Its place among what its rule said at the same time.
    rank: int = 0
    #: When what it answers was told; `None`: when it was made.
    told_at: datetime | None = None
    #: Whether that was one of many changes that came in one go.
    in_bulk: bool = False
    #: Whether it tells of what was so before the coach knew of it, or before its person started.
    backlog: bool = False
    #: When it was last asked whether it is so; `None`: when it was made.
    as_of: datetime | None = None
    #: Whether it is behind the button of a message that stands, and was not said yet.
    behind: bool = False
    #: The money at stake in it, where it is known, and others wait with it.
    worth: Worth | None = None

    @property
    def stands(self) -> bool:
        """Whether it stands in Slack, and was not put off since."""
        if self.message is not MessageState.SENT:
            return False
        put_off = self.snoozed_until
        return put_off is None or (self.sent_at is not None and self.sent_at >= put_off)

    @property
    def is_unsaid(self) -> bool:
        """Whether it neither stands in Slack nor is on its way there."""
        return not self.stands and self.message is not MessageState.SENDING


def most_important(waiting: Iterable[Waiting]) -> list[Waiting]:
    """The same, the most important first."""
    all_ = list(waiting)
    return most_important_first(
        all_, {each.fingerprint: each.worth for each in all_ if each.worth is not None}
    )


def on_their_way(waiting: Sequence[Waiting]) -> int:
    """How many messages will stand there in a moment; of cards only what nobody can stop."""
    cards = sum(
        each.message is MessageState.SENDING and each.shown_by == "card" for each in waiting
    )
    coming = (MessageState.DUE, MessageState.SENDING)
    return cards + len(
        {each.shown_by for each in waiting if each.message in coming and each.shown_by != "card"}
    )
