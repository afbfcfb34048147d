"""find what somebody has put off without reading all that is open of theirs"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_PUT_OFF = sa.text("state = 'open' AND snoozed_until IS NOT NULL")


def upgrade() -> None:
    """Bring the schema up."""
    op.create_index(
        "ix_insights_put_off",
        "insights",
        ["workspace_id", "person_id"],
        sqlite_where=_PUT_OFF,
        postgresql_where=_PUT_OFF,
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_insights_put_off", "insights")
