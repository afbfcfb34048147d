"""what first contact with a CRM has shown, and how far it is taken over"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_NAMES = ("progress_at", "progress_since", "first_delivery_at", "first_answer_at")


def upgrade() -> None:
    """Bring the schema up."""
    for name in _NAMES:
        op.add_column("connections", sa.Column(name, columns.UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Take the schema back."""
    with op.batch_alter_table("connections") as batch_op:
        for name in _NAMES:
            batch_op.drop_column(name)
