"""Time: when each rule looks at which thing, and at whom."""

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

from storage.columns import UtcDateTime
from storage.tables.naming import metadata, where

# The conditions of the partial indexes below, for queries; see `naming.where`.
WAITING_ROUND = text("rounds.due_at IS NOT NULL")
FAULTY_ROUND = text("rounds.error IS NOT NULL")
FAULTY_CHECK = text("checks.error IS NOT NULL")
OLD_CHECK = text("checks.old")
UNFINISHED_PLAN = text("NOT check_plans.done")

#: One rule's appointment with one thing: from when on it is the rule's business.
checks = Table(
    "checks",
    metadata,
    Column("workspace_id", String(64)),
    Column("rule", String(64)),
    Column("kind", String(8)),
    Column("connection_id", String(64)),
    Column("subject_id", Text),
    Column("person_id", String(28), nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    # When that was first so, though it was put off since; empty: as `due_at` says.
    Column("since", UtcDateTime),
    # It was so before the coach knew of it, or before its person started.
    Column("old", Boolean, nullable=False, server_default=text("false")),
    # Why the rule could not say when; it is asked again when the check is due.
    Column("error", Text),
    PrimaryKeyConstraint("workspace_id", "rule", "kind", "connection_id", "subject_id"),
    Index("ix_checks_person", "workspace_id", "person_id", "rule", "due_at"),
    Index("ix_checks_old", "workspace_id", "person_id", "rule", **where("old")),
    Index("ix_checks_error", "workspace_id", **where("error IS NOT NULL")),
    sqlite_with_rowid=False,
)

#: When a rule looks at a person: at everything of theirs that is due by then.
rounds = Table(
    "rounds",
    metadata,
    Column("workspace_id", String(64)),
    Column("person_id", String(28)),
    Column("rule", String(64)),
    # Empty when nothing is coming.
    Column("due_at", UtcDateTime),
    # Whatever becomes due, the rule does not look before this.
    Column("not_before", UtcDateTime),
    # Failures in a row, and the last one.
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    PrimaryKeyConstraint("workspace_id", "person_id", "rule"),
    ForeignKeyConstraint(
        ["workspace_id", "person_id"], ["people.workspace_id", "people.id"], ondelete="CASCADE"
    ),
    # Led by the rule: what no version here knows any more is never met.
    Index("ix_rounds_due_at", "rule", "due_at", **where("due_at IS NOT NULL")),
    Index("ix_rounds_error", "workspace_id", **where("error IS NOT NULL")),
)

#: Which rules have checks here, and which are still to be made: a rule's that is new, or those of
#: a person whose settings have changed.
check_plans = Table(
    "check_plans",
    metadata,
    Column("workspace_id", String(64)),
    Column("rule", String(64)),
    # Empty: everybody's.
    Column("person_id", String(28)),
    Column("kind", String(8), nullable=False),
    # The last thing whose check was made.
    Column("connection_id", String(64), nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("done", Boolean, nullable=False),
    # When a version that knows the rule was last started.
    Column("announced_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workspace_id", "person_id", "rule"),
    ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
    Index("ix_check_plans_unfinished", "rule", **where("NOT done")),
)
