"""What CRMs sent, raw and as what happened."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from storage.columns import Json, UtcDateTime
from storage.tables.naming import metadata, where

# The conditions of the partial indexes below, for queries; see `naming.where`.
PENDING_SMALL = text("deliveries.state = 'pending' AND NOT deliveries.large")
PENDING_LARGE = text("deliveries.state = 'pending' AND deliveries.large")

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
    # pending, done, failed; aside: failed, and to be left alone; passed: known and not needed
    Column("state", String(8), nullable=False),
    # What could not be read, or why nothing of it is needed.
    Column("error", Text),
    # Whether the sender was told at once that nothing of it can be read.
    Column("refused", Boolean, nullable=False, server_default=text("false")),
    Column("processed_at", UtcDateTime),
    # Whether it is worked off by itself and piece by piece, instead of together with others.
    Column("large", Boolean, nullable=False),
    # From when it may be worked on: at once, later after a failed attempt, or after a lease.
    Column("due_at", UtcDateTime, nullable=False),
    # How often that was tried in vain, or is being tried; it is the number of a lease as well.
    Column("attempts", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "connection_id"],
        ["connections.workspace_id", "connections.id"],
        ondelete="CASCADE",
    ),
    Index(
        "ix_deliveries_small",
        "workspace_id",
        "due_at",
        "id",
        **where("state = 'pending' AND NOT large"),
    ),
    Index(
        "ix_deliveries_large",
        "workspace_id",
        "due_at",
        "id",
        **where("state = 'pending' AND large"),
    ),
    Index("ix_deliveries_failed", "workspace_id", "id", **where("state = 'failed'")),
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
    # Who did it, where the CRM says so: `automation`, or an owner's key.
    Column("actor", Text),
    # What changed: {field: [before, after]}.
    Column("changes", Json, nullable=False),
    # What else was told of it, as the CRM named it.
    Column("details", Json),
    Column("delivery_id", String(28)),
    PrimaryKeyConstraint("workspace_id", "connection_id", "dedupe_key"),
    # The verb stands in it so that those of one verb are found without looking at the others.
    Index("ix_activities_occurred_at", "workspace_id", "occurred_at", "verb"),
    Index("ix_activities_person_id", "workspace_id", "person_id", "occurred_at"),
    *(
        Index(f"ix_activities_{name}", "workspace_id", name, "occurred_at", **where(condition))
        for name, condition in (
            ("deal_id", "deal_id IS NOT NULL"),
            ("contact_id", "contact_id IS NOT NULL"),
            ("task_id", "task_id IS NOT NULL"),
        )
    ),
)
