"""When, if at all, an insight may reach its person, and as what: decided here and nowhere else.

For one person at a time, from values; each decision keeps its reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from coach.models import Enrolment, Insight, InsightState, Level, MessageState, Person, Priority
from coach.phrases import Phrase, say

#: After an unanswered card, the next one waits so long.
APART = timedelta(seconds=60)


class Verdict(StrEnum):
    """What is to be done with an insight."""

    #: To be said by a card of its own; or it has been.
    NOW = "now"
    #: Not yet: until an instant, or until something about the person changes.
    HOLD = "hold"
    #: Not worth interrupting: shown to whoever asks.
    DIGEST = "digest"
    #: Never to be said any more.
    DROP = "drop"


class Reason(StrEnum):
    """Why; `sentence` says it to people."""

    TURN = "turn"
    SAID = "said"
    EXPIRED = "expired"
    UNTRUE = "untrue"
    BELOW_LEVEL = "below_level"
    UNMATCHED = "unmatched"
    CONSENT = "consent"
    DECLINED = "declined"
    OFF = "off"
    PACE = "pace"
    TROUBLE = "trouble"
    REFUSED = "refused"

    @property
    def sentence(self) -> Phrase:
        """The reason in words for the person."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.TURN: say("It is the most important thing that waits for you."),
    Reason.SAID: say("It stands in your messages."),
    Reason.EXPIRED: say("Its time is up."),
    Reason.UNTRUE: say("It was settled before it was said."),
    Reason.BELOW_LEVEL: say("At your level it is not important enough to interrupt you."),
    Reason.UNMATCHED: say("Nobody in Slack is known to be its owner in the CRM yet."),
    Reason.CONSENT: say("You have not started the coach yet."),
    Reason.DECLINED: say("You have declined to be coached."),
    Reason.OFF: say("Your coach is off."),
    Reason.PACE: say("Something else is before you, and cards come at least a minute apart."),
    Reason.TROUBLE: say("Slack could not take it just now; it is tried again."),
    Reason.REFUSED: say("Slack has refused it for good."),
}


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


@dataclass(frozen=True, slots=True)
class Decided:
    """The verdict on one insight."""

    verdict: Verdict
    reason: Reason
    #: With `HOLD`: until when, where that is known.
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for one person."""

    #: By fingerprint.
    insights: dict[str, Decided]
    #: When this person must be looked at again though nothing has happened; `None`: never.
    again_at: datetime | None = None
    #: Whether they must be asked first whether they want to be coached at all.
    ask: bool = False


#: What becomes of an insight that was not said before its rule called it true no longer.
SETTLED = Decided(Verdict.DROP, Reason.UNTRUE)


def decide(person: Person, waiting: Sequence[Waiting], now: datetime) -> Decision:
    """Decide on all open insights of one person together: at most one is sent at a time."""
    decided: dict[str, Decided] = {}
    ready: list[Waiting] = []
    for each in waiting:
        found = _standing(person, each, now)
        if found is None:
            ready.append(each)
        else:
            decided[each.fingerprint] = found
    decided |= _in_turn(ready, waiting, now)
    ask = any(each.reason is Reason.CONSENT for each in decided.values())
    again = [each.until for each in decided.values() if each.until is not None]
    return Decision(decided, min(again, default=None), ask and person.enrolment is Enrolment.NEW)


def silenced(person: Person) -> Reason | None:
    """Why nothing may be sent to this person at all, if so: what no message of advice gets past."""
    if person.slack_user_id is None:
        return Reason.UNMATCHED
    if person.enrolment is Enrolment.DECLINED:
        return Reason.DECLINED
    if person.enrolment is not Enrolment.STARTED:
        return Reason.CONSENT
    return None if person.settings.enabled else Reason.OFF


def still_wanted(person: Person, insight: Insight, now: datetime) -> bool:
    """Whether what was decided still holds when the message has its turn, a moment later."""
    return (
        insight.state is InsightState.OPEN and insight.expires_at > now and silenced(person) is None
    )


def admits(level: Level, priority: Priority) -> bool:
    """Whether a person at this level is interrupted by an insight of this priority."""
    return priority + level > Priority.HIGH


def _standing(person: Person, each: Waiting, now: datetime) -> Decided | None:
    """The verdict on an insight that has nothing to do with the others; `None`: it may be said."""
    if each.expires_at <= now:
        return Decided(Verdict.DROP, Reason.EXPIRED)
    if each.message is MessageState.SENT:
        return Decided(Verdict.NOW, Reason.SAID)
    if each.message is MessageState.SENDING:
        return Decided(Verdict.NOW, Reason.TURN)
    # Before consent: nobody is asked to be coached for the sake of what they would not be told.
    if not admits(person.settings.level, each.priority):
        return Decided(Verdict.DIGEST, Reason.BELOW_LEVEL)
    if (silent := silenced(person)) is not None:
        return Decided(Verdict.HOLD, silent)
    if each.message is MessageState.FAILED:
        return Decided(Verdict.HOLD, Reason.REFUSED)
    if each.not_before is not None and each.not_before > now:
        return Decided(Verdict.HOLD, Reason.TROUBLE, each.not_before)
    return None


def _in_turn(
    ready: Sequence[Waiting], waiting: Sequence[Waiting], now: datetime
) -> dict[str, Decided]:
    """The most important first, then the newest; the others wait until it is said."""
    held = Decided(Verdict.HOLD, Reason.PACE)
    if any(each.message is MessageState.SENDING for each in waiting):
        # What becomes of it has this person looked at again.
        return {each.fingerprint: held for each in ready}
    unanswered = [
        each.sent_at
        for each in waiting
        if each.message is MessageState.SENT and each.sent_at is not None and each.expires_at > now
    ]
    free_at = max(unanswered, default=None)
    if free_at is not None and free_at + APART > now:
        held = Decided(Verdict.HOLD, Reason.PACE, free_at + APART)
        return {each.fingerprint: held for each in ready}
    decided = {each.fingerprint: held for each in ready}
    if ready:
        first = min(
            ready, key=lambda each: (-each.priority, -each.created_at.timestamp(), each.fingerprint)
        )
        decided[first.fingerprint] = Decided(Verdict.NOW, Reason.TURN)
    return decided
