"""Every table; each key leads with the workspace, so that many teams can share a database."""

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from storage.columns import Json, Money, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


# The conditions of partial indexes. Queries state them in these very words: SQLite looks at such an
# index only for a condition it can see to be the same, and not for `deleted = 0` or an IN of
# parameters.
OPEN_DEAL = text("deals.status = 'open' AND NOT deals.deleted")
LEAD = text("contacts.is_lead AND NOT contacts.deleted")
PENDING_TASK = text("tasks.status = 'pending' AND NOT tasks.deleted")
PENDING_INSIGHT = text("insights.state IN ('held', 'quiet', 'queued', 'sending', 'sent', 'failed')")
STALE_CARD = text("insights.render_due")
WAITING_NOTICE = text("(notices.state <> 'sent' OR notices.render_due)")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


workspaces = Table(
    "workspaces",
    metadata,
    Column("id", String(64), primary_key=True),
    # Known from the first time the token was used.
    Column("team_id", String(32), unique=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("bot_user_id", String(32)),
    # The Slack user who confirms links; found when first needed.
    Column("administrator", String(32)),
    # Why nothing can be sent to this workspace, in Slack's word; empty when all is well.
    Column("slack_error", Text),
    Column("slack_error_at", UtcDateTime),
    # Which rules the subjects' next checks were made for.
    Column("rules", Text),
    Column("created_at", UtcDateTime, nullable=False),
)

connections = Table(
    "connections",
    metadata,
    Column("workspace_id", String(64)),
    Column("id", String(64)),
    Column("provider", String(32), nullable=False),
    # SHA-256 of the token in the webhook's address: the token itself is kept encrypted only.
    Column("token_hash", String(64), nullable=False, unique=True),
    # Encrypted JSON: {"token", "secrets": [newest first], "bearer"}.
    Column("secrets", Text, nullable=False),
    Column("callback_url", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_delivery_at", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("workspace_id", String(64)),
    Column("id", String(28)),
    Column("connection_id", String(64), nullable=False),
    # The vendor's id of this request (`webhook-id`), where it sent one.
    Column("message_id", Text),
    Column("received_at", UtcDateTime, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # pending, done or failed
    Column("state", String(8), nullable=False),
    Column("error", Text),
    Column("processed_at", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "connection_id"],
        ["connections.workspace_id", "connections.id"],
        ondelete="CASCADE",
    ),
    Index("ix_deliveries_pending", "workspace_id", "id", **_where("state = 'pending'")),
    Index("ix_deliveries_failed", "workspace_id", "id", **_where("state = 'failed'")),
)

#: One row for each event ever accepted: what makes a second delivery a duplicate.
event_keys = Table(
    "event_keys",
    metadata,
    Column("workspace_id", String(64)),
    Column("connection_id", String(64)),
    Column("dedupe_key", Text),
    Column("delivery_id", String(28), nullable=False),
    PrimaryKeyConstraint("workspace_id", "connection_id", "dedupe_key"),
    sqlite_with_rowid=False,
)

activities = Table(
    "activities",
    metadata,
    Column("workspace_id", String(64)),
    # The connection, or `slack` for commands.
    Column("connection_id", String(64)),
    Column("dedupe_key", Text),
    Column("verb", String(32), nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("person_id", String(28)),
    Column("deal_id", Text),
    Column("contact_id", Text),
    Column("task_id", Text),
    Column("origin", String(16), nullable=False),
    # What changed: {field: [before, after]}.
    Column("changes", Json, nullable=False),
    Column("delivery_id", String(28)),
    PrimaryKeyConstraint("workspace_id", "connection_id", "dedupe_key"),
    Index("ix_activities_occurred_at", "workspace_id", "occurred_at"),
)

people = Table(
    "people",
    metadata,
    Column("workspace_id", String(64)),
    Column("id", String(28)),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("slack_user_id", String(32)),
    Column("time_zone", String(64)),
    # When Slack may be asked (again) who this is; empty when there is nothing to ask by.
    Column("lookup_after", UtcDateTime),
    Column("enrolment", String(16), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("level", Integer, nullable=False),
    Column("stale_lead_days", Integer),
    Column("stuck_deal_days", Integer),
    Column("working_days", String(7), nullable=False),
    # From when the next card may be sent: at most one unanswered card a minute.
    Column("send_after", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "slack_user_id"),
    ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
    Index("ix_people_lookup_after", "lookup_after", **_where("lookup_after IS NOT NULL")),
)

#: Which person an owner named by a CRM is.
owners = Table(
    "owners",
    metadata,
    Column("workspace_id", String(64)),
    Column("owner_key", Text),
    Column("person_id", String(28), nullable=False),
    PrimaryKeyConstraint("workspace_id", "owner_key"),
    ForeignKeyConstraint(
        ["workspace_id", "person_id"], ["people.workspace_id", "people.id"], ondelete="CASCADE"
    ),
    Index("ix_owners_person_id", "workspace_id", "person_id"),
)

link_requests = Table(
    "link_requests",
    metadata,
    Column("workspace_id", String(64)),
    Column("id", String(28)),
    Column("person_id", String(28), nullable=False),
    Column("email", Text, nullable=False),
    # asked, confirmed or refused
    Column("state", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("decided_by", String(32)),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "person_id"], ["people.workspace_id", "people.id"], ondelete="CASCADE"
    ),
)

deals = Table(
    "deals",
    metadata,
    Column("workspace_id", String(64)),
    Column("connection_id", String(64)),
    Column("id", Text),
    Column("title", Text, nullable=False),
    Column("stage", Text),
    Column("status", String(8), nullable=False),
    Column("value", Money),
    Column("currency", String(8)),
    Column("source", Text),
    Column("contact_id", Text),
    Column("person_id", String(28)),
    Column("url", Text),
    Column("created_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("stage_entered_at", UtcDateTime),
    Column("deleted", Boolean, nullable=False),
    # {field: microseconds since 1970}: when each field was last told.
    Column("told", Json, nullable=False),
    Column("next_check_at", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "connection_id", "id"),
    Index("ix_deals_next_check_at", "next_check_at", **_where("next_check_at IS NOT NULL")),
    Index(
        "ix_deals_open",
        "workspace_id",
        "person_id",
        "stage_entered_at",
        **_where("status = 'open' AND NOT deleted"),
    ),
)

contacts = Table(
    "contacts",
    metadata,
    Column("workspace_id", String(64)),
    Column("connection_id", String(64)),
    Column("id", Text),
    Column("name_given", Text, nullable=False),
    Column("email", Text),
    Column("status", Text),
    Column("source", Text),
    Column("person_id", String(28)),
    Column("url", Text),
    Column("created_at", UtcDateTime),
    Column("last_contacted_at", UtcDateTime),
    Column("silent_since", UtcDateTime),
    Column("is_lead", Boolean, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("told", Json, nullable=False),
    Column("next_check_at", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "connection_id", "id"),
    Index("ix_contacts_next_check_at", "next_check_at", **_where("next_check_at IS NOT NULL")),
    Index(
        "ix_contacts_leads",
        "workspace_id",
        "person_id",
        "silent_since",
        **_where("is_lead AND NOT deleted"),
    ),
)

tasks = Table(
    "tasks",
    metadata,
    Column("workspace_id", String(64)),
    Column("connection_id", String(64)),
    Column("id", Text),
    Column("title", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("priority", String(8), nullable=False),
    Column("due_date", Date),
    Column("note", Text),
    Column("completed_at", UtcDateTime),
    Column("contact_id", Text),
    Column("deal_id", Text),
    Column("person_id", String(28)),
    Column("url", Text),
    Column("created_at", UtcDateTime),
    Column("deleted", Boolean, nullable=False),
    Column("told", Json, nullable=False),
    Column("next_check_at", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "connection_id", "id"),
    Index("ix_tasks_next_check_at", "next_check_at", **_where("next_check_at IS NOT NULL")),
    Index(
        "ix_tasks_pending",
        "workspace_id",
        "person_id",
        "due_date",
        **_where("status = 'pending' AND NOT deleted"),
    ),
)

#: History: every stay of a deal in a stage.
stage_visits = Table(
    "stage_visits",
    metadata,
    Column("workspace_id", String(64)),
    Column("connection_id", String(64)),
    Column("deal_id", Text),
    Column("entered_at", UtcDateTime),
    Column("stage", Text, nullable=False),
    Column("left_at", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "connection_id", "deal_id", "entered_at"),
    Index("ix_stage_visits_stage", "workspace_id", "stage"),
)

#: History: every contact made with somebody.
contacts_made = Table(
    "contacts_made",
    metadata,
    Column("workspace_id", String(64)),
    Column("connection_id", String(64)),
    Column("contact_id", Text),
    Column("at", UtcDateTime),
    Column("verb", String(32)),
    Column("person_id", String(28)),
    PrimaryKeyConstraint("workspace_id", "connection_id", "contact_id", "at", "verb"),
)

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
    # [[text, url or null], …]
    Column("message", Json, nullable=False),
    Column("reason", Json, nullable=False),
    Column("action", String(64), nullable=False),
    Column("params", Json, nullable=False),
    Column("about", Json, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime),
    Column("decided_at", UtcDateTime),
    Column("outcome", Json, nullable=False),
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
    Index("ix_insights_queued", "workspace_id", "person_id", **_where("state = 'queued'")),
    Index("ix_insights_claimed", "claimed_until", **_where("state = 'sending'")),
    Index("ix_insights_render_due", "workspace_id", **_where("render_due")),
    Index("ix_insights_expires_at", "expires_at", **_where(_PENDING_INSIGHT)),
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
    Index("ix_notices_waiting", "workspace_id", **_where("state <> 'sent' OR render_due")),
)

#: Changes made in Slack, on their way to the CRM.
crm_writes = Table(
    "crm_writes",
    metadata,
    Column("workspace_id", String(64)),
    Column("key", Text),
    Column("fingerprint", String(32), nullable=False),
    Column("connection_id", String(64), nullable=False),
    Column("subject_id", Text, nullable=False),
    # What was done, in the card's words.
    Column("words", Text, nullable=False),
    # The request's body; empty when the connection has nowhere to send it.
    Column("body", Text),
    # local (nowhere to send), queued, done or failed
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", UtcDateTime),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "key"),
    Index("ix_crm_writes_fingerprint", "workspace_id", "fingerprint"),
    Index("ix_crm_writes_queued", "not_before", **_where("state = 'queued'")),
)

#: The last slot each job ran in, over all processes.
job_slots = Table(
    "job_slots",
    metadata,
    Column("job", String(32), primary_key=True),
    Column("slot", UtcDateTime, nullable=False),
)
