"""when what stands in Slack was last asked to be so, for the days that pass"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0031"
down_revision: str | None = "0033"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column("insights", sa.Column("as_of", columns.UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Take the schema back."""
    with op.batch_alter_table("insights") as batch_op:
        batch_op.drop_column("as_of")
