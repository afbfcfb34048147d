"""links by any key"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Whom somebody says they are may be known by an id or a name of a connection, too."""
    with op.batch_alter_table("link_requests") as batch:
        batch.alter_column("email", new_column_name="owner_key", existing_type=sa.Text())
        batch.add_column(
            sa.Column("connection_id", sa.String(length=64), server_default="", nullable=False)
        )
    op.execute(sa.text("UPDATE link_requests SET owner_key = 'email:' || owner_key"))


def downgrade() -> None:
    """Only addresses can be asked for; what was asked by an id or a name is forgotten."""
    op.execute(sa.text("DELETE FROM link_requests WHERE substr(owner_key, 1, 6) <> 'email:'"))
    op.execute(sa.text("UPDATE link_requests SET owner_key = substr(owner_key, 7)"))
    with op.batch_alter_table("link_requests") as batch:
        batch.drop_column("connection_id")
        batch.alter_column("owner_key", new_column_name="email", existing_type=sa.Text())
