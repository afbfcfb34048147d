"""the channel in which a team is told of its won deals and its week

Revision ID: 0044
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0044"
down_revision: str | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "team_channels",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("wins", sa.Boolean(), nullable=False),
        sa.Column("figures", sa.Boolean(), nullable=False),
        sa.Column("amounts", sa.Boolean(), nullable=False),
        sa.Column("chosen_by", sa.String(32), nullable=False),
        sa.Column("chosen_at", columns.UtcDateTime(), nullable=False),
        sa.Column("figures_at", columns.UtcDateTime(), nullable=True),
        sa.Column("too_few", sa.Integer(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("trouble_told", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_team_channels_workspaces"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_team_channels")),
    )
    op.create_index("ix_team_channels_figures_at", "team_channels", ["figures_at"])
    op.create_table(
        "team_wins",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("connection_id", sa.String(64), nullable=False),
        sa.Column("deal_id", sa.Text(), nullable=False),
        sa.Column("told_at", columns.UtcDateTime(), nullable=False),
        sa.Column("due_at", columns.UtcDateTime(), nullable=False),
        sa.Column("message_id", sa.String(96), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_team_wins_workspaces"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "connection_id", "deal_id", name=op.f("pk_team_wins")
        ),
    )
    op.create_index("ix_team_wins_due_at", "team_wins", ["due_at"])
    op.add_column(
        "people",
        sa.Column("named", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_column("people", "named")
    op.drop_index("ix_team_wins_due_at", table_name="team_wins")
    op.drop_table("team_wins")
    op.drop_index("ix_team_channels_figures_at", table_name="team_channels")
    op.drop_table("team_channels")
