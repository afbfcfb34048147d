"""What attention may say of an insight, and why, in words too."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from coach.phrases import Phrase, say


class Verdict(StrEnum):
    """What is to be done with an insight."""

    #: To be said by a card of its own, or as a line of the brief; or it has been.
    NOW = "now"
    #: Not yet: until an instant, or until something about the person changes.
    HOLD = "hold"
    #: Not worth interrupting: it waits for the digest, and is shown to whoever asks.
    DIGEST = "digest"
    #: Never to be said any more.
    DROP = "drop"


class Reason(StrEnum):
    """Why; `sentence` says it to people."""

    TURN = "turn"
    SAID = "said"
    EXPIRED = "expired"
    UNTRUE = "untrue"
    UNMATCHED = "unmatched"
    CONSENT = "consent"
    DECLINED = "declined"
    OFF = "off"
    PAUSED = "paused"
    MUTED = "muted"
    SNOOZED = "snoozed"
    BELOW_LEVEL = "below_level"
    NOT_RELEVANT = "not_relevant"
    UNANSWERED = "unanswered"
    REPEATED = "repeated"
    BULK = "bulk"
    LATE = "late"
    NO_BRIEF = "no_brief"
    BRIEF = "brief"
    BACKLOG = "backlog"
    HOURS = "hours"
    DISTURBED = "disturbed"
    CAP = "cap"
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
    Reason.UNMATCHED: say("Nobody in Slack is known to be its owner in the CRM yet."),
    Reason.CONSENT: say("You have not started the coach yet."),
    Reason.DECLINED: say("You have declined to be coached."),
    Reason.OFF: say("Your coach is off."),
    Reason.PAUSED: say("You have paused your coach."),
    Reason.MUTED: say("You have muted this."),
    Reason.SNOOZED: say("You have put it off."),
    Reason.BELOW_LEVEL: say("At your level it is not important enough to interrupt you."),
    Reason.NOT_RELEVANT: say("You have called several of this kind not relevant."),
    Reason.UNANSWERED: say("You have left several of this kind unanswered."),
    Reason.REPEATED: say("You were told twice within a week and have not answered."),
    Reason.BULK: say("Many of this kind came at once."),
    Reason.LATE: say("The moment for it has passed."),
    Reason.NO_BRIEF: say("You have turned the morning brief off."),
    Reason.BRIEF: say("It comes with your morning brief."),
    Reason.BACKLOG: say(
        "It was so before your coach knew of it: it comes in one summary, not one by one."
    ),
    Reason.HOURS: say("You are not at work."),
    Reason.DISTURBED: say("You are not to be disturbed, says Slack."),
    Reason.CAP: say("You have had as many messages today as you want to get."),
    Reason.PACE: say("Something else is before you, and cards come at least a minute apart."),
    Reason.TROUBLE: say("Slack could not take it just now; it is tried again."),
    Reason.REFUSED: say("Slack has refused it for good."),
}


@dataclass(frozen=True, slots=True)
class Decided:
    """The verdict on one insight."""

    verdict: Verdict
    reason: Reason
    #: With `HOLD`: until when, where that is known.
    until: datetime | None = None


#: What becomes of an insight that was not said before its rule called it true no longer.
SETTLED = Decided(Verdict.DROP, Reason.UNTRUE)

#: What waits for the next brief or is for the summary of a backlog alone, and what has its turn.
IN_BRIEF = Decided(Verdict.HOLD, Reason.BRIEF)
IN_SUMMARY = Decided(Verdict.HOLD, Reason.BACKLOG)
TURN = Decided(Verdict.NOW, Reason.TURN)

#: What stands in a message of theirs.
SAID = Decided(Verdict.NOW, Reason.SAID)
