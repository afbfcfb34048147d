"""since when webhooks are in trouble, whether that is mended, and whether it was told"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0022"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _columns() -> list[sa.Column[object]]:
    no = sa.text("false")
    return [
        sa.Column("trouble_at", columns.UtcDateTime(), nullable=True),
        sa.Column("mended", sa.Boolean(), server_default=no, nullable=False),
        sa.Column("trouble_told", sa.Boolean(), server_default=no, nullable=False),
    ]


def upgrade() -> None:
    """Bring the schema up."""
    for column in _columns():
        op.add_column("connections", column)


def downgrade() -> None:
    """Take the schema back."""
    with op.batch_alter_table("connections") as batch_op:
        for column in _columns():
            batch_op.drop_column(column.name)
