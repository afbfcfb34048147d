"""What was found in a team's own figures, and when they are looked at."""

from sqlalchemy import (
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from storage.columns import Json, Said, UtcDateTime
from storage.tables.naming import metadata

#: What has passed every gate once, and whether it still does.
patterns = Table(
    "patterns",
    metadata,
    Column("workspace_id", String(64)),
    # Says which pattern and group it is, and whose.
    Column("key", String(32)),
    # Whose own it is; empty: the team's.
    Column("person_id", String(28)),
    Column("pattern", String(64), nullable=False),
    Column("group_name", Text, nullable=False),
    # As it was found: later numbers would tell of single deals by their difference.
    Column("message", Said, nullable=False),
    Column("figures", Json, nullable=False),
    Column("chance", Float, nullable=False),
    Column("found_at", UtcDateTime, nullable=False),
    Column("tested_at", UtcDateTime, nullable=False),
    # Since when later data no longer shows it; empty: it holds.
    Column("gone_at", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "key"),
    ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(
        ["workspace_id", "person_id"], ["people.workspace_id", "people.id"], ondelete="CASCADE"
    ),
    Index("ix_patterns_person_id", "workspace_id", "person_id"),
)

#: When each team's figures are looked at next; a team that is missing was never looked at.
pattern_turns = Table(
    "pattern_turns",
    metadata,
    Column("workspace_id", String(64)),
    # Moved ahead by whoever looks, so that nobody else does.
    Column("due_at", UtcDateTime, nullable=False),
    # Failures in a row, and the last one.
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    PrimaryKeyConstraint("workspace_id"),
    ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
)
