"""How each kind of message is drawn from what it shows: adding a kind is adding an entry here."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.slack.blocks.card import card
from bot.slack.blocks.notices import link_answer, link_request, welcome
from bot.slack.blocks.pieces import Blocks
from coach.models import Enrolment, Insight
from coach.phrases import Phrase
from coach.wording import Voice
from storage import people
from storage.database import Tx
from storage.messages import Message


@dataclass(frozen=True, slots=True)
class Sight:
    """All that a message may be drawn from, as things are now."""

    params: Mapping[str, Any]
    insights: Sequence[Insight]
    #: What Take Action will do about an insight.
    promise: Callable[[Insight], Phrase | None]
    now: datetime
    #: How its person is spoken to.
    voice: Voice


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message."""

    #: The notification's text and the blocks.
    draw: Callable[[Sight], tuple[str, Blocks]]
    #: Whether it is advice: posted only to who still wants it, while some of it is still true.
    advice: bool = False
    #: What changes when it stands in Slack.
    sent: Callable[[Tx, Message], Awaitable[object]] | None = None


def _card(sight: Sight) -> tuple[str, Blocks]:
    (insight,) = sight.insights
    return card(insight, sight.voice, promise=sight.promise(insight), now=sight.now)


async def _invited(tx: Tx, message: Message) -> None:
    await people.enrol(
        tx,
        message.workspace_id,
        message.person_id or "",
        Enrolment.INVITED,
        only_from=[Enrolment.INVITING],
    )


KINDS: Mapping[str, Kind] = {
    "card": Kind(_card, advice=True),
    "welcome": Kind(lambda sight: welcome(sight.params, sight.voice), sent=_invited),
    "link_request": Kind(lambda sight: link_request(sight.params, sight.voice)),
    "link_answer": Kind(lambda sight: link_answer(sight.params, sight.voice)),
}
