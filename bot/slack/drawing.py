"""How each kind of message is drawn from what it shows: adding a kind is adding an entry here."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from bot.coaching import team_channel
from bot.runtime.parts import Parts
from bot.slack import team_channel as choosing
from bot.slack.blocks import team_channel as in_channel
from bot.slack.blocks.arrival import arrival
from bot.slack.blocks.backlog import backlog
from bot.slack.blocks.brief import brief
from bot.slack.blocks.card import card, promise_of
from bot.slack.blocks.digest import digest
from bot.slack.blocks.notices import (
    administrators,
    feedback,
    hello,
    link_answer,
    link_request,
    trouble,
    welcome,
)
from bot.slack.blocks.pieces import Blocks
from bot.slack.blocks.question import question
from bot.slack.blocks.taking_over import taking_over
from bot.slack.blocks.undelivered import undelivered
from coach import engine
from coach.calendar import zone
from coach.importance import Worth
from coach.models import Enrolment, Insight, InsightState, InsightType
from coach.phrases import Phrase
from coach.postponing import next_day
from coach.wording import Voice
from storage import copies, people
from storage.database import Tx
from storage.messages import Message
from storage.sending import Claimed


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
    #: What advice like an insight's is called together.
    called: Callable[[Insight], Phrase | None] = lambda insight: None
    #: Something newer of its kind stands there: only what was done is shown.
    superseded: bool = False
    #: Since when it stands in Slack; `None` while it does not.
    sent_at: datetime | None = None
    #: What there is of a backlog, each kind by its number: “12 deals stuck”.
    waits: Sequence[Phrase] = ()
    #: The next day on which its person works; `None` where it is nobody's.
    morning: date | None = None
    #: The money at stake in each insight, by fingerprint, where that is known.
    worth: Mapping[str, Worth] = field(default_factory=dict)

    @property
    def day_before(self) -> date | None:
        """The day on which it came, where that is over for its person."""
        if self.sent_at is None:
            return None
        came, today = (
            each.astimezone(zone(self.voice.time_zone)).date() for each in (self.sent_at, self.now)
        )
        return came if came < today else None

    @property
    def here(self) -> Sequence[Insight]:
        """The insights, those that another message shows by now as if their time was up.

        What was put off is shown by another message from then on.
        """
        return [
            replace(each, state=InsightState.EXPIRED, type=InsightType.TIME, outcome=None)
            if self._is_elsewhere(each)
            else each
            for each in self.insights
        ]

    def _is_elsewhere(self, insight: Insight) -> bool:
        later = insight.snoozed_until
        if later is None or self.sent_at is None or not self.sent_at < later <= self.now:
            return False
        return insight.decided_at is None or insight.decided_at >= later


def sight_of(parts: Parts, each: Claimed) -> Sight:
    """What a message that was claimed is drawn from, in the voice of its person."""

    now = parts.clock.now()

    def called(insight: Insight) -> Phrase | None:
        rule = parts.rules.get(insight.rule)
        return rule.called if rule else None

    voice = parts.voices.to(each.person)
    if (spoken := each.message.params.get("voice")) is not None:
        # To a channel: as whoever has chosen it is spoken to.
        voice = parts.voices.of(*spoken)
    return Sight(
        each.message.params,
        each.insights,
        lambda insight: promise_of(parts.actions, insight),
        now,
        voice,
        called,
        each.message.superseded,
        each.message.sent_at,
        _waits(parts, each),
        next_day(each.person, now) if each.person else None,
        each.worth,
    )


def _waits(parts: Parts, each: Claimed) -> list[Phrase]:
    """What there is of a backlog, each kind by its rule."""
    counts = [
        (rule.counts, count)
        for name, rule in engine.time_rules(parts.rules).items()
        if (count := each.backlog.get(name)) and engine.is_heard(rule, each.person)
    ]
    return [told(count) for told, count in counts if told is not None]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message."""

    #: The notification's text and the blocks; `None` when there is nothing left to show.
    draw: Callable[[Sight], tuple[str, Blocks] | None]
    #: Whether it is advice: posted only to who still wants it, while some of it is still true.
    advice: bool = False
    #: What changes when it stands in Slack.
    sent: Callable[[Tx, Message], Awaitable[object]] | None = None
    #: What changes when Slack refuses it for good, in its word.
    refused: Callable[[Tx, Message, str], Awaitable[object]] | None = None


def _card(sight: Sight) -> tuple[str, Blocks] | None:
    (insight,) = sight.here
    over = insight.is_over(sight.now) and insight.progress is None
    if over and insight.type is InsightType.TIME:
        # If it is still so, it is said again: nobody needs to see how often it was.
        return None
    promise = sight.promise(insight)
    return card(insight, sight.voice, promise=promise, now=sight.now, morning=sight.morning)


def _brief(sight: Sight) -> tuple[str, Blocks] | None:
    return brief(
        sight.here,
        sight.voice,
        sight.promise,
        superseded=sight.superseded,
        now=sight.now,
        day=sight.day_before,
        morning=sight.morning,
        worth=sight.worth,
    )


def _digest(sight: Sight) -> tuple[str, Blocks] | None:
    return digest(
        sight.here,
        sight.voice,
        sight.called,
        superseded=sight.superseded,
        now=sight.now,
    )


def _backlog(sight: Sight) -> tuple[str, Blocks] | None:
    return backlog(
        sight.params,
        sight.here,
        sight.waits,
        sight.voice,
        sight.promise,
        superseded=sight.superseded,
        now=sight.now,
        morning=sight.morning,
    )


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
    "brief": Kind(_brief, advice=True),
    "digest": Kind(_digest, advice=True),
    "backlog": Kind(_backlog, advice=True),
    # It stands beside the one that is recorded: nothing of it is to be seen.
    copies.KIND: Kind(lambda sight: None),
    "question": Kind(lambda sight: question(sight.params, sight.voice)),
    "welcome": Kind(lambda sight: welcome(sight.params, sight.voice), sent=_invited),
    "arrival": Kind(lambda sight: arrival(sight.params, sight.voice)),
    "hello": Kind(lambda sight: hello(sight.params, sight.voice)),
    "administrators": Kind(lambda sight: administrators(sight.params, sight.voice)),
    "feedback": Kind(lambda sight: feedback(sight.params, sight.voice)),
    "link_request": Kind(lambda sight: link_request(sight.params, sight.voice)),
    "link_answer": Kind(lambda sight: link_answer(sight.params, sight.voice)),
    "trouble": Kind(lambda sight: trouble(sight.params, sight.voice)),
    "undelivered": Kind(lambda sight: undelivered(sight.params, sight.voice)),
    "taking_over": Kind(lambda sight: taking_over(sight.params, sight.voice)),
    "team_news": Kind(lambda sight: in_channel.news(sight.params, sight.voice)),
    team_channel.HELLO: Kind(
        lambda sight: in_channel.hello(sight.params, sight.voice), refused=choosing.refused
    ),
    team_channel.WINS: Kind(
        lambda sight: in_channel.wins(sight.params, sight.voice), refused=choosing.refused
    ),
    team_channel.WEEK: Kind(
        lambda sight: in_channel.week(sight.params, sight.voice), refused=choosing.refused
    ),
}
