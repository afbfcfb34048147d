"""names of owners"""

import unicodedata
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Whose name is known is recognised by it, in the connections they have something in.

    Until now a file that tells owners by their names alone made strangers of them.
    """
    op.add_column(
        "owners", sa.Column("chosen", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    connection = op.get_bind()
    people = connection.execute(
        sa.text(
            "SELECT DISTINCT people.workspace_id, people.id, people.name, people.email, "
            "people.slack_user_id, things.connection_id "
            "FROM people JOIN owners ON owners.workspace_id = people.workspace_id "
            "AND owners.person_id = people.id JOIN ("
            "SELECT DISTINCT workspace_id, person_id, connection_id FROM deals UNION "
            "SELECT DISTINCT workspace_id, person_id, connection_id FROM contacts UNION "
            "SELECT DISTINCT workspace_id, person_id, connection_id FROM tasks) things "
            "ON things.workspace_id = people.workspace_id AND things.person_id = people.id"
        )
    ).fetchall()
    for workspace_id, person_id, name, email, slack_user_id, connection_id in people:
        key = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
        if not key or "@" in key or key.isdigit() or name in {email, slack_user_id}:
            # What they were called for want of a name.
            continue
        row = {
            "workspace": workspace_id,
            "connection": connection_id,
            "key": f"name:{key}",
            "person": person_id,
        }
        connection.execute(
            sa.text(
                "INSERT INTO owners (workspace_id, connection_id, owner_key, person_id) "
                "VALUES (:workspace, :connection, :key, :person) ON CONFLICT DO NOTHING"
            ),
            row,
        )


def downgrade() -> None:
    """A name is somebody of its own again where an address or an id is known of them as well."""
    connection = op.get_bind()
    connection.execute(
        sa.text(
            "DELETE FROM owners WHERE substr(owner_key, 1, 5) = 'name:' AND EXISTS ("
            "SELECT 1 FROM owners sure WHERE sure.workspace_id = owners.workspace_id "
            "AND sure.person_id = owners.person_id AND substr(sure.owner_key, 1, 5) <> 'name:')"
        )
    )
    with op.batch_alter_table("owners") as batch:
        batch.drop_column("chosen")
