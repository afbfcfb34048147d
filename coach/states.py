"""The states of insights and of messages, every way between them, and what can be pressed in each.

One table, against which the store and what is drawn are checked
(`tests/bot/coaching/test_every_way.py`). Muting and putting off are part of it: a mute ends an
insight, and what is put off stays open with another button.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from coach.models import Insight, InsightState, MessageState

_OPEN, _TAKEN, _DISMISSED = InsightState.OPEN, InsightState.TAKEN, InsightState.DISMISSED
_MUTED, _RESOLVED, _EXPIRED = InsightState.MUTED, InsightState.RESOLVED, InsightState.EXPIRED


class Way(StrEnum):
    """What moves an insight, by the word that its history keeps."""

    TAKEN = "taken"
    DISMISSED = "dismissed"
    #: Its kind, or what it is about, by whichever way that was asked for.
    MUTED = "muted"
    #: That was taken back, or its time was up.
    UNMUTED = "unmuted"
    RESOLVED = "resolved"
    EXPIRED = "expired"
    #: What was decided was taken back, or turned out to be a matter of timing.
    UNDONE = "undone"
    #: Put off, and had back: it stays open.
    SNOOZED = "snoozed"
    UNSNOOZED = "unsnoozed"


#: What was opened again too late has expired; what is not true, or muted since, goes on from open.
_AGAIN = {_OPEN: Way.UNDONE, _EXPIRED: Way.UNDONE}

#: Each way from one state of an insight to another. What was settled can be undone only where
#: something was done of it before, for as long as that can be.
INSIGHT_WAYS: Mapping[InsightState, Mapping[InsightState, Way]] = {
    _OPEN: {
        _TAKEN: Way.TAKEN,
        _DISMISSED: Way.DISMISSED,
        _MUTED: Way.MUTED,
        _RESOLVED: Way.RESOLVED,
        _EXPIRED: Way.EXPIRED,
    },
    _TAKEN: _AGAIN,
    _DISMISSED: _AGAIN,
    _MUTED: {_OPEN: Way.UNMUTED, _EXPIRED: Way.UNMUTED},
    _RESOLVED: _AGAIN,
    _EXPIRED: {},
}

_DUE, _SENDING, _SENT = MessageState.DUE, MessageState.SENDING, MessageState.SENT
_FAILED, _WITHDRAWN = MessageState.FAILED, MessageState.WITHDRAWN

#: The same of a message.
MESSAGE_WAYS: Mapping[MessageState, frozenset[MessageState]] = {
    # Claimed, or not wanted any more.
    _DUE: frozenset({_SENDING, _WITHDRAWN}),
    # Taken, to be tried again, refused for good, or not wanted at the last moment.
    _SENDING: frozenset({_SENT, _DUE, _FAILED, _WITHDRAWN}),
    # Taken out of Slack: it has nothing left to show.
    _SENT: frozenset({_WITHDRAWN}),
    # Tried again by hand: what was refused, and advice by way of attention.
    _FAILED: frozenset({_DUE, _WITHDRAWN}),
    _WITHDRAWN: frozenset({_DUE}),
}


class Press(StrEnum):
    """What can be pressed where an insight is shown, by its `action_id`."""

    TAKE = "insight:take"
    DISMISS = "insight:dismiss"
    MENU = "insight:menu"
    UNSNOOZE = "insight:unsnooze"
    UNMUTE = "insight:unmute"
    UNDO = "insight:undo"
    #: Why it was sent away.
    EXPLAIN = "insight:why_not"


#: What an open insight is answered by; sending it away may stand in the menu.
ANSWERS = frozenset({Press.TAKE, Press.DISMISS, Press.MENU})

_NOTHING: frozenset[Press] = frozenset()


def presses(insight: Insight, now: datetime) -> frozenset[Press]:
    """What can be pressed on an insight as it is now: nothing else stands in any message."""
    undo = frozenset({Press.UNDO}) if insight.can_be_undone(now) else _NOTHING
    match insight.state:
        case InsightState.OPEN if insight.is_put_off(now):
            return frozenset({Press.UNSNOOZE})
        case InsightState.OPEN if insight.expires_at > now:
            return ANSWERS | undo
        case InsightState.TAKEN | InsightState.RESOLVED:
            return undo
        case InsightState.DISMISSED if insight.dismissed_as is None:
            return undo | {Press.EXPLAIN} if undo else _NOTHING
        case InsightState.DISMISSED:
            return undo
        case InsightState.MUTED:
            return frozenset({Press.UNMUTE})
        case InsightState.OPEN | InsightState.EXPIRED if insight.progress is not None:
            # Its time is up, but something of it was done.
            return undo
        case _:
            return _NOTHING
