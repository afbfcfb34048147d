"""The words of the domain as values: deals, contacts, tasks, people, activities and insights."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any

from coach.phrases import Phrase, Thing, say, to_json
from coach.values import quick


class Verb(StrEnum):
    """What happened, in the vocabulary every provider is translated into."""

    DEAL_CREATED = "deal_created"
    #: Anything that is none of the others.
    DEAL_UPDATED = "deal_updated"
    DEAL_STAGE_CHANGED = "deal_stage_changed"
    DEAL_CLOSED = "deal_closed"
    DEAL_REOPENED = "deal_reopened"
    DEAL_AMOUNT_CHANGED = "deal_amount_changed"
    DEAL_OWNER_CHANGED = "deal_owner_changed"
    DEAL_DELETED = "deal_deleted"
    CONTACT_CREATED = "contact_created"
    CONTACT_UPDATED = "contact_updated"
    CONTACT_DELETED = "contact_deleted"
    TASK_CREATED = "task_created"
    TASK_UPDATED = "task_updated"
    TASK_COMPLETED = "task_completed"
    TASK_RESCHEDULED = "task_rescheduled"
    TASK_DELETED = "task_deleted"
    NOTE_LOGGED = "note_logged"
    CALL_LOGGED = "call_logged"
    EMAIL_LOGGED = "email_logged"
    MEETING_BOOKED = "meeting_booked"
    COMMAND_USED = "command_used"


#: A contact counts as contacted when one of these happened (or `last_contacted_at` says so).
CONTACT_VERBS = frozenset(
    {Verb.NOTE_LOGGED, Verb.CALL_LOGGED, Verb.EMAIL_LOGGED, Verb.MEETING_BOOKED}
)


class SubjectKind(StrEnum):
    """The three kinds of thing in the mirror."""

    DEAL = "deal"
    CONTACT = "contact"
    TASK = "task"


class DealStatus(StrEnum):
    """Whether a deal is still in play."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class TaskStatus(StrEnum):
    """Whether a task is still to be done."""

    PENDING = "pending"
    COMPLETED = "completed"


class TaskPriority(StrEnum):
    """How pressing a task is, as the CRM says."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


class Origin(StrEnum):
    """How a change came about; coaching answers people, not imports."""

    API = "api"
    UI = "ui"
    IMPORT = "import"
    SELF = "self"


#: Contact statuses that count as a lead, compared in upper case.
LEAD_STATUSES = frozenset({"LEAD", "PROSPECT"})


@dataclass(frozen=True, slots=True)
class Ref:
    """The identity of one thing in a CRM: which connection, and the id it has there."""

    connection_id: str
    id: str


@quick
@dataclass(frozen=True, slots=True)
class Deal:
    """What the CRM says of a deal now."""

    connection_id: str
    id: str
    title: str = ""
    stage: str | None = None
    status: DealStatus = DealStatus.OPEN
    value: Decimal | None = None
    currency: str | None = None
    source: str | None = None
    contact_id: str | None = None
    person_id: str | None = None
    url: str | None = None
    created_at: datetime | None = None
    closed_at: datetime | None = None
    #: When the deal came to its present stage, where anybody has told.
    stage_entered_at: datetime | None = None
    #: Where nobody has: since when it is known to be there.
    stage_seen_at: datetime | None = None
    #: The company it is with.
    account: str | None = None
    product: str | None = None
    pipeline: str | None = None
    #: When whoever owns it expects to close it.
    expected_close_date: date | None = None
    #: How likely it is to be won, from 0 to 1.
    probability: Decimal | None = None
    lost_reason: str | None = None
    #: What else the CRM tells, by its own names; within the bounds of `coach.mirror`.
    other: dict[str, str] = field(default_factory=dict)
    deleted: bool = False
    #: When each field was last told, so that an older change never overwrites a newer one.
    told: dict[str, datetime] = field(default_factory=dict)
    #: What tells it from other deals of its title, once that was looked up; the mirror keeps none.
    apart: Phrase | None = field(default=None, compare=False)

    @property
    def stage_since(self) -> datetime | None:
        """From when on it has surely been in its present stage; the clock of "stuck"."""
        return self.stage_entered_at or self.stage_seen_at

    @property
    def name(self) -> str:
        """What to call it in a sentence."""
        return self.title or f"deal {self.id}"

    @property
    def thing(self) -> Thing | Phrase:
        """What to call it in a phrase, with its link."""
        if not self.title:
            return Thing(say("deal {id}", id=self.id), self.url)
        thing = Thing(self.title, self.url, (self.connection_id, self.id))
        return say("{deal} ({apart})", deal=thing, apart=self.apart) if self.apart else thing


@quick
@dataclass(frozen=True, slots=True)
class Contact:
    """What the CRM says of a person it sells to."""

    connection_id: str
    id: str
    name_given: str = ""
    email: str | None = None
    status: str | None = None
    source: str | None = None
    person_id: str | None = None
    url: str | None = None
    created_at: datetime | None = None
    last_contacted_at: datetime | None = None
    #: The later of creation and last contact; the clock of "stale".
    silent_since: datetime | None = None
    company: str | None = None
    #: What else the CRM tells, by its own names; within the bounds of `coach.mirror`.
    other: dict[str, str] = field(default_factory=dict)
    deleted: bool = False
    told: dict[str, datetime] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What to call them in a sentence."""
        return self.name_given or self.email or f"contact {self.id}"

    @property
    def thing(self) -> Thing:
        """What to call them in a phrase, with their link."""
        return Thing(self.name_given or self.email or say("contact {id}", id=self.id), self.url)

    @property
    def is_lead(self) -> bool:
        """Whether somebody still hopes to win this contact."""
        return (self.status or "").upper() in LEAD_STATUSES


@quick
@dataclass(frozen=True, slots=True)
class Task:
    """What the CRM says of something to be done."""

    connection_id: str
    id: str
    title: str = ""
    status: TaskStatus = TaskStatus.PENDING
    priority: TaskPriority = TaskPriority.MEDIUM
    due_date: date | None = None
    note: str | None = None
    completed_at: datetime | None = None
    contact_id: str | None = None
    deal_id: str | None = None
    person_id: str | None = None
    url: str | None = None
    created_at: datetime | None = None
    #: What else the CRM tells, by its own names; within the bounds of `coach.mirror`.
    other: dict[str, str] = field(default_factory=dict)
    deleted: bool = False
    told: dict[str, datetime] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What to call it in a sentence."""
        return self.title or f"task {self.id}"

    @property
    def thing(self) -> Thing:
        """What to call it in a phrase, with its link."""
        return Thing(self.title or say("task {id}", id=self.id), self.url)


Subject = Deal | Contact | Task


class Level(IntEnum):
    """How much a person wants to hear."""

    MINIMAL = 1
    BALANCED = 2
    ACTIVE = 3


class Priority(IntEnum):
    """How much an insight matters; sorts by meaning, not by alphabet."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def word(self) -> str:
        """The name people read."""
        return self.name.lower()


class Often(StrEnum):
    """How often a digest comes."""

    OFF = "off"
    DAILY = "daily"
    WEEKLY = "weekly"


class Enrolment(StrEnum):
    """Whether a person has agreed to be messaged."""

    #: Never written to.
    NEW = "new"
    #: An insight waits; the welcome message is to be sent.
    INVITING = "inviting"
    #: The welcome message is there, unanswered.
    INVITED = "invited"
    STARTED = "started"
    DECLINED = "declined"


@quick
@dataclass(frozen=True, slots=True)
class Settings:
    """What one person has set; `None` means the default in force."""

    enabled: bool = True
    level: Level = Level.BALANCED
    stale_lead_days: int | None = None
    stuck_deal_days: int | None = None
    #: ISO weekdays, Monday is 1.
    working_days: tuple[int, ...] = (1, 2, 3, 4, 5)
    #: Between these, on their own clock, they may be interrupted.
    work_from: time = time(9)
    work_until: time = time(18)
    #: The country whose public holidays are no working days, as ISO 3166 writes it; `None`: none.
    holidays: str | None = None
    #: Whether the morning brief comes, and when; `None`: as work begins.
    brief: bool = True
    brief_at: time | None = None
    #: How often a digest of what did not interrupt comes, and when; `None`: an hour before the end.
    digest: Often = Often.WEEKLY
    digest_at: time | None = None
    #: How many messages a day at most; `None`: what goes with the level.
    daily_cap: int | None = None
    #: Kinds of advice that are off until somebody wants them, and that this person has switched on.
    also: tuple[str, ...] = ()
    #: Whether the team's channel may name them when they win a deal.
    named: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Person:
    """Someone coached: a Slack user and the owner of things in a CRM."""

    workspace_id: str
    id: str
    name: str
    email: str | None = None
    slack_user_id: str | None = None
    #: An IANA name from Slack; `None` until Slack has told it.
    time_zone: str | None = None
    enrolment: Enrolment = Enrolment.NEW
    settings: Settings = field(default_factory=Settings)
    #: Their language and country as Slack writes it (`de-DE`); `None` until Slack has told it.
    locale: str | None = None
    #: When they last started the coach, or turned it on again.
    began_at: datetime | None = None
    #: They asked for silence until then.
    paused_until: datetime | None = None
    #: Slack says that they are not to be disturbed until then, and said so when it was asked.
    dnd_until: datetime | None = None
    dnd_asked_at: datetime | None = None
    #: When the latest brief and the latest digest were made.
    brief_made_at: datetime | None = None
    digest_made_at: datetime | None = None
    #: Since when a backlog waits to be told of, and when one was told of last.
    backlog_at: datetime | None = None
    backlog_made_at: datetime | None = None
    #: Whether they have opened their Home tab, which is to be kept true for them.
    looks_at_home: bool = False

    @property
    def listens(self) -> bool:
        """Whether insights may be made for this person at all: not off, not declined."""
        return self.settings.enabled and self.enrolment is not Enrolment.DECLINED

    @property
    def is_named(self) -> bool:
        """Whether the team's channel may name them: they want it, and are coached."""
        return self.settings.named and self.enrolment is Enrolment.STARTED and self.listens


@quick
@dataclass(frozen=True, slots=True)
class Activity:
    """Something that happened, normalised, with the things it was about as they are now."""

    workspace_id: str
    connection_id: str
    verb: Verb
    occurred_at: datetime
    person_id: str | None = None
    deal: Deal | None = None
    contact: Contact | None = None
    task: Task | None = None
    origin: Origin = Origin.API
    #: Whether its person did it themselves, as far as anybody is named.
    own_act: bool = True


class InsightType(StrEnum):
    """What called an insight forth."""

    ACTION = "action"
    TIME = "time"
    PATTERN = "pattern"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The action behind Take Action: its file's name and what it needs to know.

    Rules give JSON values and phrases; the action is handed JSON values alone.
    """

    action: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def kept(self) -> dict[str, Any]:
        """What it needs to know, in JSON values."""
        return {
            name: to_json(value) if isinstance(value, Phrase) else value
            for name, value in self.params.items()
        }


@dataclass(frozen=True, slots=True)
class About:
    """A thing an insight is about.

    `mark` tells the state of the thing that called the insight forth: with another mark it is
    something that has changed.
    """

    kind: SubjectKind
    connection_id: str
    id: str
    mark: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Draft:
    """An insight as a rule proposes it, before it is stored."""

    person_id: str
    #: What the insight is about, e.g. `deal:c1:D-17`; with the rule it tells repeats apart.
    subject: str
    #: What makes this time different from the last; part of the fingerprint.
    occasion: str
    priority: Priority
    #: What is to be said, in one line.
    message: Phrase
    #: Why it is said, in one line.
    reason: Phrase
    suggestion: Suggestion
    expires_at: datetime
    #: The things it is about, each with a mark of the state that called the insight forth.
    about: tuple[About, ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class Insight:
    """Advice to one person on one occasion, as stored."""

    workspace_id: str
    fingerprint: str
    person_id: str
    rule: str
    type: InsightType
    priority: Priority
    subject: str
    message: Phrase
    reason: Phrase
    suggestion: Suggestion
    state: "InsightState"
    created_at: datetime
    expires_at: datetime
    seen_at: datetime | None = None
    decided_at: datetime | None = None
    #: What was done, in the card's words, once it was; of an open list what was done of it so far.
    outcome: Phrase | None = None
    #: The person has put it off until then.
    snoozed_until: datetime | None = None
    #: Why it was sent away, where the person said so.
    dismissed_as: "Dismissed | None" = None
    #: Until when what was decided, or done from it, can be taken back; `None`: not any more.
    undo_until: datetime | None = None
    #: Whether it tells of what was so before the coach knew of it, or before its person started.
    backlog: bool = False
    #: Its place among what its rule said at the same time.
    rank: int = 0

    @property
    def seen(self) -> bool:
        """Whether it was put before the person: sent, listed or opened."""
        return self.seen_at is not None

    @property
    def progress(self) -> tuple[int, int] | None:
        """Of a list of which something is done and something left: how many of how many."""
        if self.state not in {InsightState.OPEN, InsightState.EXPIRED}:
            return None
        if self.outcome is None or not self.outcome.count:
            return None
        done = self.outcome.count
        return done, done + (self.message.count or 0)

    @property
    def dismissed(self) -> bool:
        """Whether the person sent it away."""
        return self.state is InsightState.DISMISSED

    def is_put_off(self, now: datetime) -> bool:
        """Whether it waits, open, until the person wants to be told again."""
        if self.state is not InsightState.OPEN or self.snoozed_until is None:
            return False
        return self.snoozed_until > now

    def is_over(self, now: datetime) -> bool:
        """Whether its time was up before anybody answered."""
        if self.state is InsightState.OPEN:
            return self.expires_at <= now
        return self.state is InsightState.EXPIRED

    def can_be_undone(self, now: datetime) -> bool:
        """Whether what was decided, or done from it, can still be taken back."""
        return self.undo_until is not None and self.undo_until > now


class InsightState(StrEnum):
    """What became of an insight; whether and how it was said is its messages' business."""

    #: True and worth saying; every other state is the end.
    OPEN = "open"
    #: Done by Take Action.
    TAKEN = "taken"
    #: Sent away.
    DISMISSED = "dismissed"
    #: Its kind, or what it is about, is not to be spoken of.
    MUTED = "muted"
    #: The CRM shows that it is settled.
    RESOLVED = "resolved"
    #: Its time was up.
    EXPIRED = "expired"


class Dismissed(StrEnum):
    """Why somebody has sent an insight away."""

    NOT_RELEVANT = "not_relevant"
    ALREADY_DONE = "already_done"
    WRONG_DATA = "wrong_data"
    BAD_TIMING = "bad_timing"
    STOP_KIND = "stop_kind"


class MessageState(StrEnum):
    """What became of a message to Slack."""

    #: To be posted.
    DUE = "due"
    #: A sender has claimed it.
    SENDING = "sending"
    #: It stands in Slack.
    SENT = "sent"
    #: Slack refused it for good; the reason is kept.
    FAILED = "failed"
    #: No longer to be posted; it may become due again.
    WITHDRAWN = "withdrawn"


@quick
@dataclass(frozen=True, slots=True)
class PastInsight:
    """As much of an earlier insight as rules need to not repeat themselves."""

    rule: str
    subject: str
    created_at: datetime
    dismissed_at: datetime | None
    about: tuple[About, ...]
    occasion: str
    #: Whether the person did what it suggested, be it that they only said so.
    taken: bool = False
    #: Whether its time was up before the person was shown it.
    missed: bool = False
    #: What has settled it, if it was settled by itself.
    settled: Phrase | None = None
    #: Whether they said that it was wrong.
    wrong: bool = False
    #: When it was said and left standing, be it until its time was up.
    unanswered_at: tuple[datetime, ...] = ()
    #: Whether it told of what was so before the coach knew of it.
    backlog: bool = False
    #: As it was made.
    priority: Priority = Priority.HIGH
    #: When it was last put before the person by a message, if it was.
    said_at: datetime | None = None
