"""Advice, what people decided on it, and messages that are none."""

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
PENDING_INSIGHT = text("insights.state IN ('held', 'quiet', 'queued', 'sending', 'sent', 'failed')")
STALE_CARD = text("insights.render_due")
WAITING_NOTICE = text("(notices.state <> 'sent' OR notices.render_due)")

_PENDING_INSIGHT = "state IN ('held', 'quiet', 'queued', 'sending', 'sent', 'failed')"

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
    Column("about", Json, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime),
    Column("decided_at", UtcDateTime),
    Column("outcome", Said, nullable=False),
    Column("channel", String(32)),
    Column("ts", String(32)),
    Column("sent_at", UtcDateTime),
    Column("error", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    # Not to be sent or rendered before this; set by back-off and by Retry-After.
    Column("not_before", UtcDateTime),
    # A sender's claim runs out at this time.
    Column("claimed_until", UtcDateTime),
    # The message in Slack no longer shows the truth and must be rendered again.
    Column("render_due", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("workspace_id", "fingerprint"),
    ForeignKeyConstraint(
        ["workspace_id", "person_id"], ["people.workspace_id", "people.id"], ondelete="CASCADE"
    ),
    Index("ix_insights_person_state", "workspace_id", "person_id", "state"),
    Index("ix_insights_person_rule", "workspace_id", "person_id", "rule", "created_at"),
    Index("ix_insights_queued", "workspace_id", "person_id", **where("state = 'queued'")),
    Index("ix_insights_claimed", "claimed_until", **where("state = 'sending'")),
    Index("ix_insights_render_due", "workspace_id", **where("render_due")),
    Index("ix_insights_expires_at", "expires_at", **where(_PENDING_INSIGHT)),
)

#: History: what people decided on insights.
decisions = Table(
    "decisions",
    metadata,
    Column("workspace_id", String(64)),
    Column("fingerprint", String(32)),
    Column("at", UtcDateTime),
    # opened, taken, dismissed, expired
    Column("decision", String(16)),
    Column("person_id", String(28), nullable=False),
    PrimaryKeyConstraint("workspace_id", "fingerprint", "at", "decision"),
    Index("ix_decisions_person_id", "workspace_id", "person_id"),
)

#: Messages to one person that are not insights: the welcome, questions to the administrator.
notices = Table(
    "notices",
    metadata,
    Column("workspace_id", String(64)),
    # Says what it is: `welcome:<person>`; a second one with the same id is never made.
    Column("id", String(80)),
    Column("slack_user_id", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("params", Json, nullable=False),
    # queued, sending, sent or failed
    Column("state", String(16), nullable=False),
    Column("channel", String(32)),
    Column("ts", String(32)),
    Column("error", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", UtcDateTime),
    Column("claimed_until", UtcDateTime),
    Column("render_due", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index("ix_notices_waiting", "workspace_id", **where("state <> 'sent' OR render_due")),
)
