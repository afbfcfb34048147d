"""An insight as the card in a person's messages, for every state it can be in."""

from collections.abc import Mapping
from datetime import datetime

from bot.slack.blocks.pieces import (
    PRIORITY_SIGNS,
    Blocks,
    Json,
    actions,
    button,
    context,
    emoji,
    fitted,
    line,
    paragraph,
    plain_text,
)
from bot.slack.blocks.text import escaped, shortened, words
from coach.action import Action
from coach.calendar import zone
from coach.models import Insight, InsightState, InsightType

TYPE_ICONS = {
    InsightType.ACTION: "zap",
    InsightType.TIME: "hourglass_flowing_sand",
    InsightType.PATTERN: "bar_chart",
}

#: Longest message, reason and promise, in characters.
MESSAGE, REASON, PROMISE = 400, 240, 240


def card(
    insight: Insight, *, promise: str, now: datetime, time_zone: str | None
) -> tuple[str, Blocks]:
    """The notification's text and the blocks.

    `promise` is what Take Action will do; times are shown in `time_zone`, or not at all while it is
    unknown. An insight that is decided or whose time is up has no buttons.
    """
    state = insight.state
    if state is InsightState.TAKEN:
        return _taken(insight)
    if state is InsightState.DISMISSED:
        return _ended(insight, "no_bell", "Dismissed")
    if state is InsightState.EXPIRED or insight.expires_at <= now:
        return _ended(insight, "hourglass", "Expired")
    return _open(insight, promise, now, time_zone)


def buttons(insight: Insight) -> Json:
    """The two buttons of an open insight."""
    return actions(
        [
            button("Take Action", "insight:take", insight.fingerprint, "primary"),
            button("Dismiss", "insight:dismiss", insight.fingerprint),
        ],
        block_id=f"insight:{insight.fingerprint}",
    )


def what_and_why(insight: Insight, share: float = 1.0) -> Json:
    """What is said, behind the icon of its type, and below it why."""
    return paragraph(
        [
            *emoji(TYPE_ICONS[insight.type]),
            *line(insight.message, int(MESSAGE * share), links=share > 0.2),
        ],
        line(insight.reason, int(REASON * share), links=share > 0.2),
    )


def promise_of(actions: Mapping[str, Action], insight: Insight) -> str:
    """What Take Action will do; empty when its action is no longer there."""
    action = actions.get(insight.suggestion.action)
    return action.promise(insight.suggestion.params) if action else ""


def promised(promise: str, share: float) -> list[Json]:
    """The promise as a small text above the buttons."""
    return [plain_text(promise, max(int(PROMISE * share), 40))] if promise else []


def importance(insight: Insight, until: str = "") -> Json:
    """How much it matters, by a sign and a word."""
    sign = f"{PRIORITY_SIGNS[insight.priority]} {insight.priority.word.capitalize()} priority"
    return plain_text(f"{sign} · {until}" if until else sign, emoji=True)


def _open(
    insight: Insight, promise: str, now: datetime, time_zone: str | None
) -> tuple[str, Blocks]:
    until = _until(insight.expires_at, now, time_zone)

    def build(share: float) -> Blocks:
        return [
            what_and_why(insight, share),
            context(importance(insight, until)),
            *([context(*promised(promise, share))] if promise else []),
            buttons(insight),
        ]

    return _alone(insight, "Coach"), fitted(build)


def _until(expires_at: datetime, now: datetime, time_zone: str | None) -> str:
    if time_zone is None:
        return ""
    local = expires_at.astimezone(zone(time_zone))
    if local.date() == now.astimezone(zone(time_zone)).date():
        return f"until {local:%H:%M}"
    return f"until {local:%a %-d %b, %H:%M}"


def _taken(insight: Insight) -> tuple[str, Blocks]:
    def build(share: float) -> Blocks:
        links = share > 0.2
        done = line(insight.outcome or insight.message, int(MESSAGE * share), links=links)
        about = shortened(words(insight.message), int(160 * share) + 20)
        return [
            paragraph([*emoji("white_check_mark"), *done]),
            context(plain_text(about)),
        ]

    said = escaped(words(insight.outcome or insight.message), 300)
    return f"Done: {said}", fitted(build)


def _ended(insight: Insight, icon: str, word: str) -> tuple[str, Blocks]:
    def build(share: float) -> Blocks:
        said = line(insight.message, int(120 * share) + 20, links=False)
        return [paragraph([*emoji(icon), {"type": "text", "text": f"{word}: "}, *said])]

    return _alone(insight, word), fitted(build)


def _alone(insight: Insight, before: str) -> str:
    return f"{before}: {escaped(words(insight.message), 300)}"
