"""The mirror: what the CRM says now, and what it said before."""

from sqlalchemy import Boolean, Column, Date, Index, PrimaryKeyConstraint, String, Table, Text, text

from storage.columns import Json, Money, UtcDateTime
from storage.tables.naming import metadata, where

# The conditions of the partial indexes below, for queries; see `naming.where`.
OPEN_DEAL = text("deals.status = 'open' AND NOT deals.deleted")
DECIDED_DEAL = text("deals.status <> 'open' AND NOT deals.deleted")
PENDING_TASK = text("tasks.status = 'pending' AND NOT tasks.deleted")

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
    Column("stage_seen_at", UtcDateTime),
    Column("account", Text),
    Column("product", Text),
    Column("pipeline", Text),
    Column("expected_close_date", Date),
    Column("probability", Money),
    Column("lost_reason", Text),
    # {field as the CRM calls it: what it holds}
    Column("other", Json, nullable=False, server_default=text("'{}'")),
    Column("deleted", Boolean, nullable=False),
    # {field: microseconds since 1970}: when each field was last told.
    Column("told", Json, nullable=False),
    PrimaryKeyConstraint("workspace_id", "connection_id", "id"),
    # With the title, for telling apart those that share one.
    Index("ix_deals_person_id", "workspace_id", "person_id", "title"),
    Index(
        "ix_deals_contact_id",
        "workspace_id",
        "connection_id",
        "contact_id",
        **where("contact_id IS NOT NULL"),
    ),
    Index(
        "ix_deals_open",
        "workspace_id",
        "person_id",
        "value",
        **where("status = 'open' AND NOT deleted"),
    ),
    # With all that is counted of them, so that the deals themselves are not read; for SQLite that
    # is what its condition names too.
    Index(
        "ix_deals_decided",
        "workspace_id",
        "person_id",
        "closed_at",
        "status",
        "currency",
        "value",
        "deleted",
        **where("status <> 'open' AND NOT deleted"),
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
    Column("company", Text),
    Column("other", Json, nullable=False, server_default=text("'{}'")),
    Column("deleted", Boolean, nullable=False),
    Column("told", Json, nullable=False),
    PrimaryKeyConstraint("workspace_id", "connection_id", "id"),
    Index("ix_contacts_person_id", "workspace_id", "person_id"),
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
    Column("other", Json, nullable=False, server_default=text("'{}'")),
    Column("deleted", Boolean, nullable=False),
    Column("told", Json, nullable=False),
    PrimaryKeyConstraint("workspace_id", "connection_id", "id"),
    Index("ix_tasks_person_id", "workspace_id", "person_id"),
    Index(
        "ix_tasks_deal_id",
        "workspace_id",
        "connection_id",
        "deal_id",
        **where("deal_id IS NOT NULL"),
    ),
    Index(
        "ix_tasks_pending",
        "workspace_id",
        "person_id",
        "priority",
        "due_date",
        **where("status = 'pending' AND NOT deleted"),
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
    # Whether it came there at `entered_at`; else it was found there, and nobody knows since when.
    Column("came", Boolean, nullable=False, server_default=text("false")),
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
    Index("ix_contacts_made_person_id", "workspace_id", "person_id"),
)
