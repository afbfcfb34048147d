"""every time an insight was said"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column("insights", sa.Column("sayings", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take the schema back."""
    with op.batch_alter_table("insights") as batch_op:
        batch_op.drop_column("sayings")
