"""Ids, and the short-lived keys by which an app may show a person something more."""

import time
from collections.abc import Callable

from bot.playground.slack.things import ResponseUrl, SlackFault, Trigger
from coach.ports import Clock

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS = 30 * 60.0


class Keys:
    """Hands out ids, trigger ids and response urls of one team.

    ``clock`` gives the time of messages; ``timer`` (seconds) the life of trigger ids and response
    urls.
    """

    def __init__(self, team_id: str, clock: Clock, timer: Callable[[], float]) -> None:
        self.team_id = team_id
        self.clock = clock
        self.timer = timer
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self._last_micro = 0
        self._serial = 0

    def new_trigger(self, who: str, view_id: str | None = None) -> str:
        """A trigger_id for this person, good for three seconds and one use."""
        self._forget_old()
        key = f"{self.next_id('')}.{self.team_id}.{self.next_id('')}"
        self.triggers[key] = Trigger(who, self.timer() + TRIGGER_SECONDS, view_id)
        return key

    def use_trigger(self, key: object) -> Trigger:
        """Spend a trigger_id.

        Raises:
            SlackFault: ``invalid_trigger_id``, ``exchanged_trigger_id``, ``expired_trigger_id``.
        """
        trigger = self.triggers.get(key) if isinstance(key, str) else None
        if trigger is None:
            raise SlackFault("invalid_trigger_id")
        if trigger.used:
            raise SlackFault("exchanged_trigger_id")
        if self.timer() > trigger.until:
            raise SlackFault("expired_trigger_id")
        trigger.used = True
        return trigger

    def new_response_url(
        self, who: str, message_ts: str | None = None, place: str | None = None
    ) -> str:
        """The id of a new response_url."""
        key = self.next_id("R")
        until = self.timer() + RESPONSE_SECONDS
        self.response_urls[key] = ResponseUrl(who, until, message_ts, place)
        return key

    def next_ts(self) -> str:
        """A message's ts: later than every one before, whatever the clock did."""
        micro = int(self.clock.now().timestamp() * 1_000_000)
        self._last_micro = max(micro, self._last_micro + 1)
        return f"{self._last_micro // 1_000_000}.{self._last_micro % 1_000_000:06d}"

    def next_id(self, letter: str) -> str:
        """An id not used before."""
        self._serial += 1
        return f"{letter}{int(time.time()):08X}{self._serial:05d}"

    def _forget_old(self) -> None:
        if len(self.triggers) > 2000:
            limit = self.timer() - 60
            self.triggers = {k: t for k, t in self.triggers.items() if t.until > limit}
            now = self.timer()
            self.response_urls = {k: r for k, r in self.response_urls.items() if r.until > now}
