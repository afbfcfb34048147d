"""find what a person's decided deals came to without reading the deals

Revision ID: 0042
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0042"
down_revision: str | None = "0039"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_DECIDED = sa.text("status <> 'open' AND NOT deleted")


def upgrade() -> None:
    """Bring the schema up."""
    op.create_index(
        "ix_deals_decided",
        "deals",
        ["workspace_id", "person_id", "closed_at", "status", "currency", "value", "deleted"],
        sqlite_where=_DECIDED,
        postgresql_where=_DECIDED,
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_index("ix_deals_decided", table_name="deals")
