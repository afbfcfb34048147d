"""what else CRMs tell"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_NEW: dict[str, dict[str, Any]] = {
    "deals": {
        "account": sa.Text(),
        "product": sa.Text(),
        "pipeline": sa.Text(),
        "expected_close_date": sa.Date(),
        "probability": columns.Money(),
        "lost_reason": sa.Text(),
    },
    "contacts": {"company": sa.Text()},
    "tasks": {},
}


def upgrade() -> None:
    """What is known so far is known of each of these things: nothing yet."""
    for table, added in _NEW.items():
        for name, type_ in added.items():
            op.add_column(table, sa.Column(name, type_, nullable=True))
        op.add_column(
            table,
            sa.Column("other", columns.Json, server_default=sa.text("'{}'"), nullable=False),
        )
    op.drop_index("ix_deals_person_id", "deals")
    op.create_index("ix_deals_person_id", "deals", ["workspace_id", "person_id", "title"])


def downgrade() -> None:
    """Take the columns back; when their fields were told is forgotten with the next change."""
    op.drop_index("ix_deals_person_id", "deals")
    op.create_index("ix_deals_person_id", "deals", ["workspace_id", "person_id"])
    for table, added in _NEW.items():
        with op.batch_alter_table(table) as batch:
            for name in (*added, "other"):
                batch.drop_column(name)
