"""stages, what CRMs call our things, what is to be looked up, and what else was told"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

#: Each stage a deal has been in, with how many deals came to it and in which place of their way. A
#: stage that was only told again is no further place.
_SEEN = """
INSERT INTO stages (workspace_id, connection_id, pipeline, id, name, told, visits, places)
SELECT workspace_id, connection_id, '', stage, stage, {no}, count(*), sum(place)
FROM (
    SELECT workspace_id, connection_id, stage, row_number() OVER (
        PARTITION BY workspace_id, connection_id, deal_id ORDER BY entered_at
    ) AS place
    FROM (
        SELECT workspace_id, connection_id, deal_id, entered_at, stage, lag(stage) OVER (
            PARTITION BY workspace_id, connection_id, deal_id ORDER BY entered_at
        ) AS before
        FROM stage_visits
    ) AS told
    WHERE before IS NULL OR before <> stage
) AS ways
GROUP BY workspace_id, connection_id, stage
"""


def upgrade() -> None:
    """Bring the schema up; the stages there are come from the ways of deals so far."""
    op.create_table(
        "stages",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("meaning", sa.String(length=8), nullable=True),
        sa.Column("probability", columns.Money(), nullable=True),
        sa.Column("visits", sa.Integer(), server_default="0", nullable=False),
        sa.Column("places", sa.Integer(), server_default="0", nullable=False),
        sa.Column("told_open", sa.Integer(), server_default="0", nullable=False),
        sa.Column("told_won", sa.Integer(), server_default="0", nullable=False),
        sa.Column("told_lost", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "connection_id", "pipeline", "id", name=op.f("pk_stages")
        ),
    )
    op.create_index("ix_stages_name", "stages", ["workspace_id", "connection_id", "name"])
    op.create_table(
        "remote_ids",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "connection_id", "kind", "remote_id", name=op.f("pk_remote_ids")
        ),
    )
    op.create_index(
        "ix_remote_ids_id",
        "remote_ids",
        ["workspace_id", "connection_id", "kind", "id"],
        unique=True,
    )
    op.create_table(
        "fetches",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("want", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("hints", columns.Json, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", columns.UtcDateTime(), nullable=False),
        sa.Column("leased_until", columns.UtcDateTime(), nullable=True),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("wishes", sa.Integer(), server_default="1", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "connection_id"],
            ["connections.workspace_id", "connections.id"],
            name=op.f("fk_fetches_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "connection_id", "want", "kind", "id", name=op.f("pk_fetches")
        ),
    )
    op.create_index(
        "ix_fetches_waiting",
        "fetches",
        ["not_before"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.add_column("activities", sa.Column("details", columns.Json, nullable=True))
    no = "0" if op.get_bind().dialect.name == "sqlite" else "false"
    op.execute(_SEEN.format(no=no))


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("activities", schema=None) as batch_op:
        batch_op.drop_column("details")
    for table in ("fetches", "remote_ids", "stages"):
        op.drop_table(table)
