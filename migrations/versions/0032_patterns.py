"""what was found in a team's own figures, and when they are looked at"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "patterns",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(28), nullable=True),
        sa.Column("pattern", sa.String(64), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("message", columns.Said(), nullable=False),
        sa.Column("figures", columns.Json, nullable=False),
        sa.Column("chance", sa.Float(), nullable=False),
        sa.Column("found_at", columns.UtcDateTime(), nullable=False),
        sa.Column("tested_at", columns.UtcDateTime(), nullable=False),
        sa.Column("gone_at", columns.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_patterns_workspaces"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "person_id"],
            ["people.workspace_id", "people.id"],
            name=op.f("fk_patterns_people"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "key", name=op.f("pk_patterns")),
    )
    op.create_index("ix_patterns_person_id", "patterns", ["workspace_id", "person_id"])
    op.create_table(
        "pattern_turns",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("due_at", columns.UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_pattern_turns_workspaces"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_pattern_turns")),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("pattern_turns")
    op.drop_table("patterns")
