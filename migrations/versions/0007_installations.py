"""installations"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage.columns import UtcDateTime

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Tokens are kept; that of the environment becomes the first one when the coach starts.

    Whose bot it is, is asked then.
    """
    op.create_table(
        "installations",
        sa.Column("id", sa.String(length=28), nullable=False),
        sa.Column("enterprise_id", sa.String(length=32), nullable=True),
        sa.Column("team_id", sa.String(length=32), nullable=True),
        sa.Column(
            "is_enterprise_install", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("bot_token", sa.Text(), nullable=False),
        sa.Column("bot_user_id", sa.String(length=32), nullable=True),
        sa.Column("scopes", sa.Text(), server_default="", nullable=False),
        sa.Column("installed_at", UtcDateTime(), nullable=False),
        sa.Column("ask_after", UtcDateTime(), nullable=True),
        sa.Column("asks", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installations")),
    )
    for column, condition in (
        ("team_id", "NOT is_enterprise_install"),
        ("enterprise_id", "is_enterprise_install"),
    ):
        op.create_index(
            f"ix_installations_{column}",
            "installations",
            [column],
            unique=True,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    # One by one: a table made anew would take what refers to it along.
    op.add_column("workspaces", sa.Column("enterprise_id", sa.String(length=32), nullable=True))
    op.add_column("workspaces", sa.Column("lookups_after", UtcDateTime(), nullable=True))
    op.drop_column("workspaces", "bot_user_id")
    op.add_column("people", sa.Column("home_seen_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Tokens are with the environment only; whose bot it is, stays with the workspace."""
    op.drop_column("people", "home_seen_at")
    op.add_column("workspaces", sa.Column("bot_user_id", sa.String(length=32), nullable=True))
    op.execute(
        "UPDATE workspaces SET bot_user_id = (SELECT bot_user_id FROM installations "
        "WHERE installations.team_id = workspaces.team_id)"
    )
    op.drop_column("workspaces", "lookups_after")
    op.drop_column("workspaces", "enterprise_id")
    op.drop_table("installations")
