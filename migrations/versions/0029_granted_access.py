"""access that is granted in a browser, and whose turn it is to renew it"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0029"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column("connections", sa.Column("renewing_until", columns.UtcDateTime(), nullable=True))
    op.create_table(
        "grants",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("link_hash", sa.String(64), nullable=False),
        sa.Column("connection_id", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("expires_at", columns.UtcDateTime(), nullable=False),
        sa.Column("browser_hash", sa.String(64), nullable=True),
        sa.Column("state_hash", sa.String(64), nullable=True),
        sa.Column("came_back_at", columns.UtcDateTime(), nullable=True),
        sa.Column("linked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_grants_workspaces"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "link_hash", name=op.f("pk_grants")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_grants_link_hash")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_grants_state_hash")),
    )
    op.create_index("ix_grants_expires_at", "grants", ["expires_at"])


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("grants")
    with op.batch_alter_table("connections") as batch_op:
        batch_op.drop_column("renewing_until")
