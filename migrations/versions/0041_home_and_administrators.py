"""when a Home tab is to be drawn again, and who administers besides the first

Revision ID: 0041
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0041"
down_revision: str | None = "0038"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column("people", sa.Column("home_due_at", columns.UtcDateTime(), nullable=True))
    op.create_index(
        "ix_people_home_due_at",
        "people",
        ["home_due_at"],
        sqlite_where=sa.text("home_due_at IS NOT NULL"),
        postgresql_where=sa.text("home_due_at IS NOT NULL"),
    )
    op.create_table(
        "administrators",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("slack_user_id", sa.String(32), nullable=False),
        sa.Column("added_by", sa.String(32), nullable=False),
        sa.Column("added_at", columns.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_administrators_workspaces"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "slack_user_id", name=op.f("pk_administrators")),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("administrators")
    op.drop_index("ix_people_home_due_at", table_name="people")
    op.drop_column("people", "home_due_at")
