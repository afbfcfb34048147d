"""what is usual with a team, and advice that comes only to whoever has switched it on"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0033"
down_revision: str | None = "0034"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up: every team that is there is learned from at once."""
    op.create_table(
        "usual",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("learned_at", columns.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_usual_workspaces"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "what", "connection_id", "pipeline", "stage", name=op.f("pk_usual")
        ),
    )
    op.add_column("workspaces", sa.Column("learn_at", columns.UtcDateTime(), nullable=True))
    op.create_index("ix_workspaces_learn_at", "workspaces", ["learn_at"], unique=False)
    op.execute("UPDATE workspaces SET learn_at = created_at")
    op.add_column("people", sa.Column("also", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    """Take the schema back."""
    with op.batch_alter_table("people") as batch_op:
        batch_op.drop_column("also")
    op.drop_index("ix_workspaces_learn_at", table_name="workspaces")
    with op.batch_alter_table("workspaces") as batch_op:
        batch_op.drop_column("learn_at")
    op.drop_table("usual")
