"""Advice, what people decided on it, and the messages that put it before them."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from storage.columns import Json, Said, UtcDateTime
from storage.tables.naming import metadata, where

# The conditions of the partial indexes below, for queries; see `naming.where`.
OPEN_INSIGHT = text("insights.state = 'open'")
PUT_OFF = text("(insights.state = 'open' AND insights.snoozed_until IS NOT NULL)")
MARKED_SUBJECT = text("insight_subjects.mark <> ''")
#: To be posted or drawn again, or claimed by somebody who may have died.
WAITING_MESSAGE = text(
    "(messages.state = 'due' OR messages.draw_due OR messages.leased_until IS NOT NULL)"
)
_WAITING_MESSAGE = "state = 'due' OR draw_due OR leased_until IS NOT NULL"

#: What is true and worth saying to somebody; whether it was said is in `messages`.
insights = Table(
    "insights",
    metadata,
    Column("workspace_id", String(64)),
    Column("fingerprint", String(32)),
    Column("person_id", String(28), nullable=False),
    Column("rule", String(64), nullable=False),
    Column("type", String(8), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("occasion", Text, nullable=False),
    Column("message", Said, nullable=False),
    Column("reason", Said, nullable=False),
    Column("action", String(64), nullable=False),
    Column("params", Json, nullable=False),
    # open, taken, dismissed, muted, resolved or expired
    Column("state", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    # Whether it answers what its person has just done by themselves.
    Column("own_act", Boolean, nullable=False, server_default=text("false")),
    # When what it answers was told; empty: when it was made.
    Column("told_at", UtcDateTime),
    # Whether it answers one of many changes that came in one go.
    Column("in_bulk", Boolean, nullable=False, server_default=text("false")),
    # Whether it tells of what was so before the coach knew of it, or before its person started.
    Column("backlog", Boolean, nullable=False, server_default=text("false")),
    # Its place among what its rule said at the same time.
    Column("rank", Integer, nullable=False, server_default="0"),
    # When it was first put before the person.
    Column("seen_at", UtcDateTime),
    # When, and by which kind of message, it was said to them last.
    Column("said_at", UtcDateTime),
    Column("said_by", String(32)),
    # Each time it was said, the latest last: `card@2026-11-30T08:00:00+00:00 brief@2026-12-…`.
    Column("sayings", Text),
    # When it was last asked whether what stands in Slack is so, for the days that pass.
    Column("as_of", UtcDateTime),
    # Not to be said again before, as the person chose; and when its time would be up otherwise,
    # also of what lasts longer for the sake of the digest.
    Column("snoozed_until", UtcDateTime),
    Column("lasts_until", UtcDateTime),
    # Why it was sent away, where the person said so.
    Column("dismissed_as", String(16)),
    # Until when what was decided, or done from it, can be taken back; its messages say so.
    Column("undo_until", UtcDateTime),
    Column("decided_at", UtcDateTime),
    Column("outcome", Said, nullable=False),
    # Attention's last word: now, hold, digest or drop, why, and until when.
    Column("verdict", String(8)),
    Column("verdict_reason", String(16)),
    Column("verdict_until", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "fingerprint"),
    ForeignKeyConstraint(
        ["workspace_id", "person_id"], ["people.workspace_id", "people.id"], ondelete="CASCADE"
    ),
    Index("ix_insights_open", "workspace_id", "person_id", **where("state = 'open'")),
    Index("ix_insights_person_rule", "workspace_id", "person_id", "rule", "created_at"),
    Index(
        "ix_insights_said", "workspace_id", "person_id", "said_at", **where("said_at IS NOT NULL")
    ),
    Index(
        "ix_insights_put_off",
        "workspace_id",
        "person_id",
        **where("state = 'open' AND snoozed_until IS NOT NULL"),
    ),
    Index("ix_insights_expires_at", "expires_at", **where("state = 'open'")),
    Index("ix_insights_undo_until", "undo_until", **where("undo_until IS NOT NULL")),
)

#: The things an insight is about.
insight_subjects = Table(
    "insight_subjects",
    metadata,
    Column("workspace_id", String(64)),
    Column("fingerprint", String(32)),
    # deal, contact or task
    Column("kind", String(8)),
    Column("connection_id", String(64)),
    Column("subject_id", Text),
    # The state of the thing that called the insight forth.
    Column("mark", Text, nullable=False),
    PrimaryKeyConstraint("workspace_id", "fingerprint", "kind", "connection_id", "subject_id"),
    ForeignKeyConstraint(
        ["workspace_id", "fingerprint"],
        ["insights.workspace_id", "insights.fingerprint"],
        ondelete="CASCADE",
    ),
    Index("ix_insight_subjects_subject", "workspace_id", "kind", "connection_id", "subject_id"),
    Index("ix_insight_subjects_mark", "workspace_id", "mark", **where("mark <> ''")),
    sqlite_with_rowid=False,
)

#: History: what people decided on insights.
decisions = Table(
    "decisions",
    metadata,
    Column("workspace_id", String(64)),
    Column("fingerprint", String(32)),
    Column("at", UtcDateTime),
    # opened, taken, dismissed, resolved, expired, snoozed, unsnoozed, muted, unmuted
    Column("decision", String(16)),
    Column("person_id", String(28), nullable=False),
    PrimaryKeyConstraint("workspace_id", "fingerprint", "at", "decision"),
    Index("ix_decisions_person_id", "workspace_id", "person_id"),
)

#: What is put before somebody in Slack: a card, the welcome, a question about a link.
messages = Table(
    "messages",
    metadata,
    Column("workspace_id", String(64)),
    # Says what it is: `card:<fingerprint>`, `welcome:<person>`; there is never a second one.
    Column("id", String(96)),
    # Which function draws it.
    Column("kind", String(32), nullable=False),
    # Whose it is; empty when it goes to somebody in another role or to a channel.
    Column("person_id", String(28)),
    # A Slack user, or a channel.
    Column("addressee", String(32), nullable=False),
    Column("params", Json, nullable=False),
    # due, sending, sent, failed or withdrawn
    Column("state", String(16), nullable=False),
    Column("channel", String(32)),
    Column("ts", String(32)),
    # A sender's claim, to post or to draw again, runs out then.
    Column("leased_until", UtcDateTime),
    # Which claim is the latest: an answer to an earlier one changes nothing.
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    # Not to be tried before; set by back-off and by Retry-After.
    Column("not_before", UtcDateTime),
    Column("error", Text),
    # What it shows has changed since it was posted.
    Column("draw_due", Boolean, nullable=False, server_default=text("false")),
    # Something newer of its kind was made: it says only what was done.
    Column("superseded", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "person_id"], ["people.workspace_id", "people.id"], ondelete="CASCADE"
    ),
    Index("ix_messages_waiting", "created_at", **where(_WAITING_MESSAGE)),
    Index("ix_messages_addressee", "workspace_id", "addressee", **where(_WAITING_MESSAGE)),
    Index("ix_messages_person_id", "workspace_id", "person_id"),
    Index("ix_messages_failed", "workspace_id", **where("state = 'failed'")),
)

#: Which insights a message shows, in their order.
message_insights = Table(
    "message_insights",
    metadata,
    Column("workspace_id", String(64)),
    Column("message_id", String(96)),
    Column("fingerprint", String(32)),
    Column("place", Integer, nullable=False),
    PrimaryKeyConstraint("workspace_id", "message_id", "fingerprint"),
    ForeignKeyConstraint(
        ["workspace_id", "message_id"],
        ["messages.workspace_id", "messages.id"],
        ondelete="CASCADE",
    ),
    ForeignKeyConstraint(
        ["workspace_id", "fingerprint"],
        ["insights.workspace_id", "insights.fingerprint"],
        ondelete="CASCADE",
    ),
    Index("ix_message_insights_fingerprint", "workspace_id", "fingerprint"),
    sqlite_with_rowid=False,
)
