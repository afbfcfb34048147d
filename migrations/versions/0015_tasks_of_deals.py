"""find the tasks of a deal"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_index(
        "ix_tasks_deal_id",
        "tasks",
        ["workspace_id", "connection_id", "deal_id"],
        sqlite_where=sa.text("deal_id IS NOT NULL"),
        postgresql_where=sa.text("deal_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_index("ix_tasks_deal_id", table_name="tasks")
