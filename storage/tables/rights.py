"""What people may ask for of their own data."""

from sqlalchemy import Column, ForeignKeyConstraint, PrimaryKeyConstraint, String, Table

from storage.columns import UtcDateTime
from storage.tables.naming import metadata

#: Links by which a person gets their own data once; the link itself is nowhere, only its hash.
exports = Table(
    "exports",
    metadata,
    Column("workspace_id", String(64)),
    Column("person_id", String(28)),
    Column("link_hash", String(64), nullable=False, unique=True),
    Column("expires_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workspace_id", "person_id"),
    ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(
        ["workspace_id", "person_id"], ["people.workspace_id", "people.id"], ondelete="CASCADE"
    ),
)
