"""attempts at deliveries, and a lane of their own for large ones"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

#: What makes a delivery large: the same as in the code.
_LARGE = 32_768


def upgrade() -> None:
    """Bring the schema up; what waits is due since it came."""
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index("ix_deliveries_pending")
        batch_op.add_column(sa.Column("large", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("due_at", columns.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("attempts", sa.Integer(), server_default="0", nullable=False))
    deliveries = sa.table(
        "deliveries",
        *(sa.column(name) for name in ("body", "large", "due_at", "received_at")),
    )
    op.execute(
        sa.update(deliveries).values(
            large=sa.func.length(deliveries.c.body) > _LARGE, due_at=deliveries.c.received_at
        )
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.alter_column("large", existing_type=sa.Boolean(), nullable=False)
        batch_op.alter_column("due_at", existing_type=columns.UtcDateTime(), nullable=False)
        for name, condition in (
            ("ix_deliveries_small", "state = 'pending' AND NOT large"),
            ("ix_deliveries_large", "state = 'pending' AND large"),
        ):
            batch_op.create_index(
                name,
                ["workspace_id", "due_at", "id"],
                unique=False,
                sqlite_where=sa.text(condition),
                postgresql_where=sa.text(condition),
            )


def downgrade() -> None:
    """Take the schema back; what waits for another attempt is due at once again."""
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index("ix_deliveries_large")
        batch_op.drop_index("ix_deliveries_small")
        batch_op.drop_column("attempts")
        batch_op.drop_column("due_at")
        batch_op.drop_column("large")
        batch_op.create_index(
            "ix_deliveries_pending",
            ["workspace_id", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
