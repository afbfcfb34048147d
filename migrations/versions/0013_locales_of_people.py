"""keep the language and country of people"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up; Slack tells the locales when people are looked up again."""
    op.add_column("people", sa.Column("locale", sa.String(length=35), nullable=True))


def downgrade() -> None:
    """Take the schema back."""
    with op.batch_alter_table("people") as batch_op:
        batch_op.drop_column("locale")
