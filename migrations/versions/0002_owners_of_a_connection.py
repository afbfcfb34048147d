"""owners of a connection"""

import hashlib
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

#: What belongs to a person, for finding all of it without reading everything.
_INDEXED = {
    "deals": ["person_id"],
    "contacts": ["person_id"],
    "tasks": ["person_id"],
    "contacts_made": ["person_id"],
    "activities": ["person_id", "occurred_at"],
    "decisions": ["person_id"],
    "link_requests": ["person_id"],
}

#: Tables that tell which connections a person has something in.
_TELLING = ("deals", "contacts", "tasks", "activities")


def upgrade() -> None:
    """An id or a name says who somebody is within one connection only."""
    for table, columns in _INDEXED.items():
        op.create_index(f"ix_{table}_person_id", table, ["workspace_id", *columns])
    connection = op.get_bind()
    before = connection.execute(
        sa.text("SELECT workspace_id, owner_key, person_id FROM owners")
    ).fetchall()
    places = _places(connection)
    op.drop_table("owners")
    op.create_table(
        "owners",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("owner_key", sa.Text(), nullable=False),
        sa.Column("person_id", sa.String(length=28), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "person_id"],
            ["people.workspace_id", "people.id"],
            name=op.f("fk_owners_people"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "connection_id", "owner_key", "person_id", name=op.f("pk_owners")
        ),
    )
    op.create_index("ix_owners_person_id", "owners", ["workspace_id", "person_id"])
    op.create_index(
        "ix_owners_sure",
        "owners",
        ["workspace_id", "connection_id", "owner_key"],
        unique=True,
        sqlite_where=sa.text("substr(owner_key, 1, 5) <> 'name:'"),
        postgresql_where=sa.text("substr(owner_key, 1, 5) <> 'name:'"),
    )
    sure = {
        (workspace_id, person_id)
        for workspace_id, key, person_id in before
        if key.startswith("email:")
    }
    for workspace_id, key, person_id in before:
        if key.startswith("email:"):
            _own(connection, workspace_id, "", key, person_id)
            continue
        there = sorted(places.get((workspace_id, person_id), ())) or [
            _first(connection, workspace_id)
        ]
        if key.startswith("name:"):
            key = f"name:{' '.join(key.removeprefix('name:').casefold().split())}"
        _own(connection, workspace_id, there[0], key, person_id)
        for other in there[1:]:
            # Owners of two CRMs had become one person by the same id or name. Somebody with an
            # address may really be both: they stay together.
            one = (
                person_id
                if (workspace_id, person_id) in sure
                else _parted(connection, workspace_id, person_id, other)
            )
            _own(connection, workspace_id, other, key, one)


def _places(connection: sa.Connection) -> dict[tuple[str, str], set[str]]:
    """The connections that each person has something in."""
    found: dict[tuple[str, str], set[str]] = {}
    for table in _TELLING:
        for workspace_id, person_id, connection_id in connection.execute(
            sa.text(
                f"SELECT DISTINCT workspace_id, person_id, connection_id FROM {table} "  # noqa: S608
                "WHERE person_id IS NOT NULL"
            )
        ):
            # Commands come from Slack, where nobody is an owner.
            if connection_id != "slack":
                found.setdefault((workspace_id, person_id), set()).add(connection_id)
    return found


def _first(connection: sa.Connection, workspace_id: str) -> str:
    known = connection.execute(
        sa.text("SELECT min(id) FROM connections WHERE workspace_id = :workspace"),
        {"workspace": workspace_id},
    ).scalar()
    return str(known or "native")


def _own(
    connection: sa.Connection, workspace_id: str, connection_id: str, key: str, person_id: str
) -> None:
    connection.execute(
        sa.text("INSERT INTO owners VALUES (:workspace, :connection, :key, :person)"),
        {"workspace": workspace_id, "connection": connection_id, "key": key, "person": person_id},
    )


def _parted(
    connection: sa.Connection, workspace_id: str, person_id: str, connection_id: str
) -> str:
    """A person of their own for what `connection_id` says; returns their id."""
    told = f"{workspace_id}\x1f{person_id}\x1f{connection_id}"
    new = hashlib.sha256(told.encode()).hexdigest()[:28]
    people = sa.Table("people", sa.MetaData(), autoload_with=connection)
    this = (people.c.workspace_id == workspace_id) & (people.c.id == person_id)
    row = dict(connection.execute(sa.select(people).where(this)).mappings().one())
    connection.execute(people.insert().values({**row, "id": new, "slack_user_id": None}))
    where = {
        "workspace": workspace_id, "person": person_id, "new": new, "connection": connection_id,
    }  # fmt: skip
    for table in (*_TELLING, "contacts_made"):
        connection.execute(
            sa.text(
                f"UPDATE {table} SET person_id = :new WHERE workspace_id = :workspace "  # noqa: S608
                "AND person_id = :person AND connection_id = :connection"
            ),
            where,
        )
    subjects = [f"{kind}:{connection_id}:" for kind in ("deal", "contact", "task")]
    for subject in subjects:
        connection.execute(
            sa.text(
                "UPDATE insights SET person_id = :new WHERE workspace_id = :workspace "
                "AND person_id = :person AND substr(subject, 1, :length) = :subject"
            ),
            {**where, "subject": subject, "length": len(subject)},
        )
    connection.execute(
        sa.text(
            "UPDATE decisions SET person_id = :new WHERE workspace_id = :workspace "
            "AND person_id = :person AND fingerprint IN (SELECT fingerprint FROM insights "
            "WHERE workspace_id = :workspace AND person_id = :new)"
        ),
        where,
    )
    return new


def downgrade() -> None:
    """An owner is one person whatever connection it is of; of several with a key the first."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT workspace_id, owner_key, min(person_id) FROM owners "
            "GROUP BY workspace_id, owner_key"
        )
    ).fetchall()
    op.drop_table("owners")
    op.create_table(
        "owners",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("owner_key", sa.Text(), nullable=False),
        sa.Column("person_id", sa.String(length=28), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "person_id"],
            ["people.workspace_id", "people.id"],
            name=op.f("fk_owners_people"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "owner_key", name=op.f("pk_owners")),
    )
    op.create_index("ix_owners_person_id", "owners", ["workspace_id", "person_id"])
    for workspace_id, key, person_id in rows:
        connection.execute(
            sa.text("INSERT INTO owners VALUES (:workspace, :key, :person)"),
            {"workspace": workspace_id, "key": key, "person": person_id},
        )
    for table in _INDEXED:
        op.drop_index(f"ix_{table}_person_id", table_name=table)
