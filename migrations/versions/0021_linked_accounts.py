"""how far an account has been taken over, and how its webhooks stand"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0021"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _of_fetches() -> list[sa.Column[object]]:
    return [
        sa.Column("began_at", columns.UtcDateTime(), nullable=True),
        sa.Column("brought", sa.Integer(), server_default="0", nullable=False),
        sa.Column("read_at", columns.UtcDateTime(), nullable=True),
        sa.Column("since", columns.UtcDateTime(), nullable=True),
    ]


def _of_connections() -> list[sa.Column[object]]:
    return [
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("look_at", columns.UtcDateTime(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("missed_at", columns.UtcDateTime(), nullable=True),
    ]


def upgrade() -> None:
    """Bring the schema up."""
    for column in _of_fetches():
        op.add_column("fetches", column)
    for column in _of_connections():
        op.add_column("connections", column)


def downgrade() -> None:
    """Take the schema back; what was read whole is not known any more, and is not asked for."""
    op.execute("DELETE FROM fetches WHERE state = 'read'")
    with op.batch_alter_table("connections") as batch_op:
        for column in _of_connections():
            batch_op.drop_column(column.name)
    with op.batch_alter_table("fetches") as batch_op:
        for column in _of_fetches():
            batch_op.drop_column(column.name)
