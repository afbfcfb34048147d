"""when it is looked at how far whoever installed the app is"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage.columns import UtcDateTime

revision: str = "0040"
down_revision: str | None = "0043"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Who has installed it before is not greeted now."""
    op.add_column("installations", sa.Column("steps_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Take the schema back."""
    op.drop_column("installations", "steps_at")
