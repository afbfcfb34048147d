"""An insight as the card in a person's messages, for every state it can be in."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from bot.slack.blocks.menu import BLOCK, INSTEAD, menu
from bot.slack.blocks.pieces import (
    PRIORITY_SIGNS,
    Blocks,
    Json,
    actions,
    context,
    emoji,
    fitted,
    line,
    paragraph,
    plain_text,
)
from bot.slack.blocks.text import escaped, flat, shortened, shorter, units
from bot.slack.blocks.undoing import undo_row
from coach.action import Action
from coach.calendar import zone
from coach.models import Insight, InsightState, InsightType, Priority
from coach.phrases import Phrase, Thing, TimeOfDay, but_the_last, say
from coach.wording import Voice, Words, plain, words

TYPE_ICONS = {
    InsightType.ACTION: "zap",
    InsightType.TIME: "hourglass_flowing_sand",
    InsightType.PATTERN: "bar_chart",
}

PRIORITIES = {
    Priority.HIGH: say("High priority"),
    Priority.MEDIUM: say("Medium priority"),
    Priority.LOW: say("Low priority"),
}

#: The `action_id` of the button that takes a snooze back.
UNSNOOZE = "insight:unsnooze"

#: The same of a mute.
UNMUTE = "insight:unmute"

#: Longest message, reason and promise, in characters.
MESSAGE, REASON, PROMISE = 400, 240, 240

#: How much of a name is to be read at least, before a sentence is left out for it.
NAME = 30


def card(
    insight: Insight,
    voice: Voice,
    *,
    promise: Phrase | None,
    now: datetime,
    morning: date | None = None,
) -> tuple[str, Blocks]:
    """The notification's text and the blocks, in the voice of its person.

    `promise` is what Take Action will do, `morning` the next day on which they work. Times are
    shown in the voice's zone, or not at all while it is unknown. An insight that is decided or
    whose time is up has no buttons.
    """
    state = insight.state
    below = undo_row(insight, voice, now)
    if state is InsightState.TAKEN:
        return _taken(insight, voice, below)
    if state is InsightState.DISMISSED:
        return _dismissed(insight, voice, below)
    if state is InsightState.MUTED:
        return _set_aside(muted(insight), UNMUTE, insight, voice)
    if state is InsightState.RESOLVED:
        if insight.outcome is not None:
            return _resolved(insight, insight.outcome, voice, below)
        settled = say("Settled: {message}", message=insight.message)
        return _ended(settled, "white_check_mark", voice, below)
    if insight.is_put_off(now):
        return _set_aside(put_off(insight, voice), UNSNOOZE, insight, voice)
    if insight.progress is not None and insight.is_over(now):
        # Its time was up, but something of it was done.
        return _taken(insight, voice, below)
    if state is InsightState.EXPIRED or insight.expires_at <= now:
        return _ended(say("Expired: {message}", message=insight.message), "hourglass", voice)
    return _open(insight, promise, now, voice, morning)


def buttons(insight: Insight, voice: Voice, *, now: datetime, morning: date | None = None) -> Json:
    """The two buttons of an open insight, and its menu."""
    dismiss = _button(say("Dismiss"), "insight:dismiss", voice)
    return _row(insight, [_take(voice), dismiss, menu(voice, now=now, morning=morning)])


def short_buttons(insight: Insight, voice: Voice, *, now: datetime) -> Json:
    """The same where many stand below each other: sending it away is in the menu."""
    return _row(insight, [_take(voice), menu(voice, INSTEAD, now=now)])


def _take(voice: Voice) -> Json:
    return {**_button(say("Take Action"), "insight:take", voice), "style": "primary"}


def _button(label: Phrase, action_id: str, voice: Voice) -> Json:
    # No more than Slack needs: of these many stand in one message. Whose it is, its block says.
    text = {"type": "plain_text", "text": plain(label, voice)}
    return {"type": "button", "text": text, "action_id": action_id}


def _row(insight: Insight, elements: Sequence[Json]) -> Json:
    return actions(elements, block_id=f"{BLOCK}{insight.fingerprint}")


def what_and_why(insight: Insight, voice: Voice, share: float = 1.0) -> Json:
    """What is said, behind the icon of its type, and below it why."""
    links = share > 0.2
    return paragraph(
        [
            *emoji(TYPE_ICONS[insight.type]),
            *line(words(insight.message, voice), int(MESSAGE * share), links=links),
        ],
        line(_whole(insight.reason, voice, int(REASON * share)), int(REASON * share), links=links),
        progress(insight, voice, share),
    )


def _whole(said: Phrase, voice: Voice, most: int) -> Words:
    """As many of these sentences as are told whole in so many characters, the first in any case."""
    told = words(said, voice)
    # A long name is cut before a sentence is left out.
    if sum(units(each.text) if each.ours else min(units(each.text), NAME) for each in told) <= most:
        return told
    less = but_the_last(said)
    return told if less is None else _whole(less, voice, most)


def progress(insight: Insight, voice: Voice, share: float) -> list[Json]:
    """How much of a list is done, or what was undone; nothing where there is neither."""
    if insight.outcome is None:
        return []
    if insight.progress is None:
        made = line(words(insight.outcome, voice), int(REASON * share), links=share > 0.2)
        return [*emoji("leftwards_arrow_with_hook"), *made]
    count, whole = insight.progress
    said = say("Done so far: {done}", done=insight.outcome)
    if whole > count:
        said = say("{count} of {all} done: {done}", count=count, all=whole, done=insight.outcome)
    made = line(words(said, voice), int(REASON * share), links=share > 0.2)
    return [*emoji("white_check_mark"), *made]


def promise_of(actions: Mapping[str, Action], insight: Insight) -> Phrase | None:
    """What Take Action will do; nothing when its action is no longer there."""
    action = actions.get(insight.suggestion.action)
    return action.promise(insight.suggestion.params) if action else None


def promised(promise: Phrase | None, voice: Voice, share: float) -> list[Json]:
    """The promise as a small text above the buttons."""
    if promise is None:
        return []
    most = max(int(PROMISE * share), 40)
    return [plain_text(flat(shorter(words(promise, voice), most)), most)]


def importance(insight: Insight, voice: Voice, until: Phrase | None = None) -> Json:
    """How much it matters, by a sign and a word."""
    sign = f"{PRIORITY_SIGNS[insight.priority]} {plain(PRIORITIES[insight.priority], voice)}"
    return plain_text(f"{sign} · {plain(until, voice)}" if until else sign, emoji=True)


def waits(insight: Insight, now: datetime) -> bool:
    """Whether it waits for an answer now: open, in time, and not put off."""
    is_open = insight.state is InsightState.OPEN and insight.expires_at > now
    return is_open and not insight.is_put_off(now)


def put_off(insight: Insight, voice: Voice) -> Phrase:
    """Until when it was put off, as far as their clock is known."""
    later = insight.snoozed_until
    if later is None or voice.time_zone is None:
        return say("Put off: {message}", message=insight.message)
    return say("Put off until {time}: {message}", time=later, message=insight.message)


def muted(insight: Insight) -> Phrase:
    """What of it they hear nothing of, and until when."""
    return insight.outcome or say("Muted: {message}", message=insight.message)


def settled(insight: Insight, voice: Voice, share: float, now: datetime) -> Blocks:
    """What became of an insight, among others, with what can still be pressed."""
    if insight.is_put_off(now):
        return _aside(put_off(insight, voice), UNSNOOZE, insight, voice, share)
    if insight.state is InsightState.MUTED:
        return _aside(muted(insight), UNMUTE, insight, voice, share)
    lines = [settled_line(insight, voice, share)]
    if insight.dismissed and insight.dismissed_as is not None and insight.outcome is not None:
        told = line(words(insight.outcome, voice), int(900 * share) + 60, links=share > 0.1)
        lines.append(paragraph(told))
    return lines + undo_row(insight, voice, now)


def settled_line(insight: Insight, voice: Voice, share: float) -> Json:
    """What became of an insight, as one line among others."""
    if insight.state is InsightState.DISMISSED:
        icon, said = "no_bell", say("Dismissed: {message}", message=insight.message)
    else:
        icon, said = "white_check_mark", _with_deal(insight, voice)
    made = line(words(said, voice), int(MESSAGE * share), links=share > 0.1)
    return paragraph([*emoji(icon), *made])


def _with_deal(insight: Insight, voice: Voice) -> Phrase:
    """What was done, with the deal it was done for, whose name nothing else in the line tells."""
    said = insight.outcome or insight.message
    deal = insight.message.values.get("deal")
    if not isinstance(deal, Thing | Phrase):
        return said
    name = flat(words(say("{deal}", deal=deal), voice))
    return said if name in flat(words(said, voice)) else say("{deal}: {done}", deal=deal, done=said)


def _open(
    insight: Insight, promise: Phrase | None, now: datetime, voice: Voice, morning: date | None
) -> tuple[str, Blocks]:
    until = _until(insight.expires_at, now, voice)

    def build(share: float) -> Blocks:
        return [
            what_and_why(insight, voice, share),
            context(importance(insight, voice, until)),
            *([context(*promised(promise, voice, share))] if promise else []),
            buttons(insight, voice, now=now, morning=morning),
            *undo_row(insight, voice, now),
        ]

    return _alone(say("Coach: {message}", message=insight.message), voice), fitted(build)


def _until(expires_at: datetime, now: datetime, voice: Voice) -> Phrase | None:
    if voice.time_zone is None:
        return None
    here = zone(voice.time_zone)
    if expires_at.astimezone(here).date() == now.astimezone(here).date():
        return say("until {time}", time=TimeOfDay(expires_at))
    return say("until {time}", time=expires_at)


def _taken(insight: Insight, voice: Voice, below: Blocks) -> tuple[str, Blocks]:
    done = insight.outcome or insight.message
    said = say("Done: {outcome}", outcome=done)
    return _alone(said, voice), _answered(insight, done, voice, below)


def _dismissed(insight: Insight, voice: Voice, below: Blocks) -> tuple[str, Blocks]:
    """That it was sent away; what that changes, where the person said why."""
    said = say("Dismissed: {message}", message=insight.message)
    if insight.dismissed_as is None or insight.outcome is None:
        return _ended(said, "no_bell", voice, below)
    outcome = insight.outcome

    def build(share: float) -> Blocks:
        made = line(words(said, voice), int(120 * share) + 30, links=False)
        told = line(words(outcome, voice), int(900 * share) + 60, links=share > 0.2)
        return [paragraph([*emoji("no_bell"), *made], told), *below]

    return _alone(said, voice), fitted(build)


def _resolved(insight: Insight, outcome: Phrase, voice: Voice, below: Blocks) -> tuple[str, Blocks]:
    said = say("Coach: {message}", message=outcome)
    return _alone(said, voice), _answered(insight, outcome, voice, below)


def _answered(insight: Insight, done: Phrase, voice: Voice, below: Blocks) -> Blocks:
    """What was done, and below it what was said."""

    def build(share: float) -> Blocks:
        said = line(words(done, voice), int(MESSAGE * share), links=share > 0.2)
        about = shortened(flat(words(insight.message, voice)), int(160 * share) + 20)
        return [
            paragraph([*emoji("white_check_mark"), *said]),
            context(plain_text(about)),
            *below,
        ]

    return fitted(build)


def _set_aside(said: Phrase, action_id: str, insight: Insight, voice: Voice) -> tuple[str, Blocks]:
    def build(share: float) -> Blocks:
        return _aside(said, action_id, insight, voice, share)

    return _alone(said, voice), fitted(build)


def _aside(said: Phrase, action_id: str, insight: Insight, voice: Voice, share: float) -> Blocks:
    """Something the person hears nothing of for now, and the button that takes that back."""
    made = line(words(said, voice), int(MESSAGE * share), links=share > 0.2)
    undo = _button(say("Undo"), action_id, voice)
    return [
        paragraph([*emoji("zzz" if action_id == UNSNOOZE else "mute"), *made]),
        _row(insight, [undo]),
    ]


def _ended(said: Phrase, icon: str, voice: Voice, below: Sequence[Json] = ()) -> tuple[str, Blocks]:
    def build(share: float) -> Blocks:
        made = line(words(said, voice), int(120 * share) + 30, links=False)
        return [paragraph([*emoji(icon), *made]), *below]

    return _alone(said, voice), fitted(build)


def _alone(said: Phrase, voice: Voice) -> str:
    """The notification: it has to make sense by itself, and Slack takes no empty one."""
    return escaped(flat(words(said, voice)), 320) or "Coach"
