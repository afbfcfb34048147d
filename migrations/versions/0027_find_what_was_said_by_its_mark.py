"""find what was said of things in a state without reading all that was ever said in a team"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0027"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_MARKED = sa.text("mark <> ''")


def upgrade() -> None:
    """Bring the schema up."""
    op.create_index(
        "ix_insight_subjects_mark",
        "insight_subjects",
        ["workspace_id", "mark"],
        sqlite_where=_MARKED,
        postgresql_where=_MARKED,
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_insight_subjects_mark", "insight_subjects")
