"""find the deals of a contact

A contact with a won deal is no lead that goes cold: the checks of that rule are made anew.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_index(
        "ix_deals_contact_id",
        "deals",
        ["workspace_id", "connection_id", "contact_id"],
        sqlite_where=sa.text("contact_id IS NOT NULL"),
        postgresql_where=sa.text("contact_id IS NOT NULL"),
    )
    op.execute("DELETE FROM check_plans WHERE rule = 'stale_leads'")


def downgrade() -> None:
    """Take the schema back."""
    op.drop_index("ix_deals_contact_id", table_name="deals")
