"""find activities by thing and verb"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_THINGS = ("deal_id", "contact_id", "task_id")


def upgrade() -> None:
    """Bring the schema up."""
    op.drop_index("ix_activities_occurred_at", "activities")
    op.create_index(
        "ix_activities_occurred_at", "activities", ["workspace_id", "occurred_at", "verb"]
    )
    for name in _THINGS:
        there = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_activities_{name}",
            "activities",
            ["workspace_id", name, "occurred_at"],
            sqlite_where=there,
            postgresql_where=there,
        )


def downgrade() -> None:
    """Take the schema back."""
    for name in _THINGS:
        op.drop_index(f"ix_activities_{name}", "activities")
    op.drop_index("ix_activities_occurred_at", "activities")
    op.create_index("ix_activities_occurred_at", "activities", ["workspace_id", "occurred_at"])
