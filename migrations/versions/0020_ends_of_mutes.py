"""find what was muted until now without reading all that is muted"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SET = sa.text("until IS NOT NULL")


def upgrade() -> None:
    """Bring the schema up; what was over already is found too, and ends with the next tick."""
    op.create_index("ix_mutes_until", "mutes", ["until"], sqlite_where=_SET, postgresql_where=_SET)


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_mutes_until", "mutes")
