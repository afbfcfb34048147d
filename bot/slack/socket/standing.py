"""How it stands with the socket to Slack, and how long to wait before it is opened again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How long what may take, in seconds."""

    #: From asking for a connection until it says hello.
    hello: float = 15.0
    #: Silence after which Slack is asked for a sign of life, which has half as long to come.
    heartbeat: float = 10.0
    #: For how long what is in hand may go on when a connection is given up for the next.
    retire: float = 30.0
    #: A connection that ended sooner was none: the next one waits.
    short: float = 20.0
    #: How long there may be none without its being told.
    silent: float = 10.0
    #: The longest pause between two tries: after a fault of the way, and after Slack's refusal.
    unreached: float = 60.0
    refused: float = 300.0
    #: By how much pauses are shortened; tests are in a hurry.
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no connection."""

    why: str
    #: Whether somebody has to mend it: then it is told at once, and tried again seldom.
    lasting: bool = False
    #: How long Slack asked to be left alone, in seconds.
    wait: float | None = None


class Standing:
    """What is known of the connections, for whoever asks whether the coach hears Slack."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._trouble: Trouble | None = Trouble("it is not open yet", lasting=True)
        self._since = 0.0

    def heard(self) -> None:
        """A connection has said hello."""
        self._trouble = None

    def lost(self, trouble: Trouble, now: float) -> None:
        """There is no connection, or soon none."""
        if self._trouble is None:
            self._since = now
        self._trouble = trouble

    def fault(self, now: float, *, hears: bool) -> str | None:
        """Why Slack is not heard, if it is not for so long that it matters.

        `hears`: whether a connection that is to be replaced goes on meanwhile.
        """
        trouble = self._trouble
        if trouble is None:
            return None
        if not trouble.lasting and (hears or now - self._since < self._pace.silent):
            return None
        return f"the socket to Slack is not open: {trouble.why}"
