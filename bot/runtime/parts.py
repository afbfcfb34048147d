"""What the parts of the running bot share: made in one place, handed to each as an argument."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from bot.runtime.voices import Voices
from coach.action import Action
from coach.ids import Entropy, ordered_id
from coach.ports import Clock
from coach.rule import Rule
from coach.writes import CrmWrite
from storage.database import Database
from storage.loader import Loader, load_loaders
from storage.sealing import Seal
from storage.workspaces import DEFAULT

log = logging.getLogger(__name__)


class Background:
    """Work that goes on after an answer was given; nothing is forgotten at shutdown."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Begin; an error ends in the log, never silently."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("%s failed", task.get_name(), exc_info=error)

    async def drain(self, seconds: float) -> int:
        """Wait for what is under way; returns how much had to be given up."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        # What ends may have begun something that waited for it.
        while self._tasks and (left := end - loop.time()) > 0:
            await asyncio.wait(set(self._tasks), timeout=left)
        late = set(self._tasks)
        for task in late:
            task.cancel()
        return len(late)


@dataclass(frozen=True, slots=True)
class Wake:
    """Bells: ringing one tells that part to look for work now instead of at its next turn."""

    worker: asyncio.Event = field(default_factory=asyncio.Event)
    #: For deliveries that are worked off by themselves.
    large: asyncio.Event = field(default_factory=asyncio.Event)
    attention: asyncio.Event = field(default_factory=asyncio.Event)
    correction: asyncio.Event = field(default_factory=asyncio.Event)
    #: For what the planner of a database knows.
    statistics: asyncio.Event = field(default_factory=asyncio.Event)
    sender: asyncio.Event = field(default_factory=asyncio.Event)
    outbox: asyncio.Event = field(default_factory=asyncio.Event)
    lookup: asyncio.Event = field(default_factory=asyncio.Event)
    asking: asyncio.Event = field(default_factory=asyncio.Event)
    fetcher: asyncio.Event = field(default_factory=asyncio.Event)
    #: For how the CRMs' webhooks stand, and for telling of it.
    watch: asyncio.Event = field(default_factory=asyncio.Event)
    trouble: asyncio.Event = field(default_factory=asyncio.Event)
    #: For telling how far an account is taken over.
    progress: asyncio.Event = field(default_factory=asyncio.Event)
    tick: asyncio.Event = field(default_factory=asyncio.Event)
    #: For what is usual with a team.
    learning: asyncio.Event = field(default_factory=asyncio.Event)
    #: For those who have installed the app.
    greeting: asyncio.Event = field(default_factory=asyncio.Event)
    #: For workspaces that left long ago.
    departing: asyncio.Event = field(default_factory=asyncio.Event)
    #: For teams whose figures are to be looked at.
    patterns: asyncio.Event = field(default_factory=asyncio.Event)
    #: For what a team is told in its channel.
    team: asyncio.Event = field(default_factory=asyncio.Event)
    #: For telling that nothing can be told there any more.
    channels: asyncio.Event = field(default_factory=asyncio.Event)
    #: For Home tabs on which something has changed.
    home: asyncio.Event = field(default_factory=asyncio.Event)

    def ring(self, bells: Iterable[str]) -> None:
        """Have these parts look."""
        for bell in bells:
            getattr(self, bell).set()

    def ring_all(self) -> None:
        """Have every part look."""
        self.ring(bell.name for bell in fields(self))


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a part may need; tests make their own with a fixed clock."""

    database: Database
    clock: Clock
    seal: Seal
    entropy: Entropy
    rules: Mapping[str, Rule]
    actions: Mapping[str, Action]
    #: What finds out what rules ask to be shown.
    loaders: Mapping[str, Loader] = field(default_factory=load_loaders)
    #: By which changes what was done in a CRM can be taken back there, by provider.
    takes_back: Mapping[str, frozenset[type[CrmWrite]]] = field(default_factory=dict)
    wake: Wake = field(default_factory=Wake)
    background: Background = field(default_factory=Background)
    voices: Voices = field(default_factory=Voices)
    #: An address or Slack user id set by the operator; else Slack's workspace owner.
    administrator: str | None = None
    #: Where Slack is; answers are posted to this host or to Slack's own only.
    slack_api_url: str = "https://slack.com/api/"
    #: Where browsers reach the coach, without a slash at the end; empty where they do not.
    public_url: str = ""
    #: The workspace that a command is about; a server serves all there are.
    workspace_id: str = DEFAULT

    def new_id(self) -> str:
        """A new id that sorts by time."""
        return ordered_id(self.clock.now(), self.entropy)
