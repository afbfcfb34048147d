"""of changes that were given up: whether they are in doubt, and which message tells of them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0034"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column(
        "crm_writes",
        sa.Column("in_doubt", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    op.add_column("crm_writes", sa.Column("told_in", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take the schema back."""
    with op.batch_alter_table("crm_writes") as batch_op:
        batch_op.drop_column("told_in")
        batch_op.drop_column("in_doubt")
