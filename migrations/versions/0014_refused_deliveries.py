"""keep which deliveries were refused to their sender's face"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up; what failed at the door has never been worked on."""
    op.add_column(
        "deliveries",
        sa.Column("refused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    deliveries = sa.table(
        "deliveries",
        *(sa.column(name) for name in ("workspace_id", "connection_id", "state", "refused")),
        sa.column("processed_at", columns.UtcDateTime()),
    )
    connections = sa.table(
        "connections", *(sa.column(name) for name in ("workspace_id", "id", "provider"))
    )
    # Of those that were run again since, nobody knows it any more: they stay faults. And it was
    # this provider alone that answered so.
    told = sa.exists().where(
        connections.c.workspace_id == deliveries.c.workspace_id,
        connections.c.id == deliveries.c.connection_id,
        connections.c.provider == "native",
    )
    op.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.state.in_(["failed", "aside"]), deliveries.c.processed_at.is_(None), told
        )
        .values(refused=sa.true())
    )


def downgrade() -> None:
    """Take the schema back."""
    with op.batch_alter_table("deliveries") as batch_op:
        batch_op.drop_column("refused")
