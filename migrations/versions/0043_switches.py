"""what an administrator has switched on for a workspace

Revision ID: 0043
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0043"
down_revision: str | None = "0042"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column(
        "workspaces", sa.Column("switched_on", sa.Text(), server_default="", nullable=False)
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_column("workspaces", "switched_on")
