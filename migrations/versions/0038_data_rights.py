"""links by which people get their own data

Revision ID: 0038
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0038"
down_revision: str | None = "0032"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "exports",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(28), nullable=False),
        sa.Column("link_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", columns.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_exports_workspaces"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "person_id"],
            ["people.workspace_id", "people.id"],
            name=op.f("fk_exports_people"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "person_id", name=op.f("pk_exports")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_exports_link_hash")),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("exports")
