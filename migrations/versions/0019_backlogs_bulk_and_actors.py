"""tell a backlog from news and a bulk from acts, and keep who did what"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0019"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _flag(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False)


def _added() -> dict[str, list[sa.Column[object]]]:
    return {
        "people": [
            sa.Column("backlog_at", columns.UtcDateTime(), nullable=True),
            sa.Column("backlog_made_at", columns.UtcDateTime(), nullable=True),
        ],
        "checks": [sa.Column("since", columns.UtcDateTime(), nullable=True), _flag("old")],
        "insights": [
            sa.Column("told_at", columns.UtcDateTime(), nullable=True),
            _flag("in_bulk"),
            _flag("backlog"),
        ],
        "activities": [sa.Column("actor", sa.Text(), nullable=True)],
    }


def upgrade() -> None:
    """Bring the schema up; what is due already is no backlog: it is being told of."""
    for table, added in _added().items():
        for column in added:
            op.add_column(table, column)
    op.create_index(
        "ix_checks_old",
        "checks",
        ["workspace_id", "person_id", "rule"],
        sqlite_where=sa.text("old"),
        postgresql_where=sa.text("old"),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_index("ix_checks_old", table_name="checks")
    for table, added in _added().items():
        with op.batch_alter_table(table) as batch_op:
            for column in added:
                batch_op.drop_column(column.name)
