"""installing for many workspaces: states, tokens that end, and what comes after leaving"""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.columns import UtcDateTime

revision: str = "0039"
down_revision: str | None = "0041"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NEW: Sequence[tuple[str, str, Callable[[], Any]]] = (
    ("installations", "expires_at", UtcDateTime),
    ("installations", "refresh_token", sa.Text),
    ("installations", "renewing_until", UtcDateTime),
    ("installations", "installed_by", lambda: sa.String(length=32)),
    ("installations", "greeted_at", UtcDateTime),
    ("workspaces", "left_at", UtcDateTime),
    ("workspaces", "delete_at", UtcDateTime),
)


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "install_states",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_install_states")),
    )
    op.create_index("ix_install_states_expires_at", "install_states", ["expires_at"])
    # One by one: a table made anew would take what refers to it along.
    for table, column, kind in NEW:
        op.add_column(table, sa.Column(column, kind(), nullable=True))


def downgrade() -> None:
    """Take the schema back: what was left is kept for good, and tokens that end are not renewed."""
    for table, column, _ in reversed(NEW):
        op.drop_column(table, column)
    op.drop_table("install_states")
