"""changes for CRMs as values, in order, and connections that rest"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_MADE = sa.table(
    "crm_writes",
    sa.column("workspace_id", sa.String()),
    sa.column("key", sa.Text()),
    sa.column("fingerprint", sa.String()),
    sa.column("connection_id", sa.String()),
    sa.column("subject_kind", sa.String()),
    sa.column("subject_id", sa.Text()),
    sa.column("turn", sa.Integer()),
    sa.column("write", columns.Json),
    sa.column("words", sa.Text()),
    sa.column("body", sa.Text()),
    sa.column("state", sa.String()),
    sa.column("created_at", columns.UtcDateTime()),
)

_TASKS = sa.table(
    "tasks",
    sa.column("workspace_id", sa.String()),
    sa.column("connection_id", sa.String()),
    sa.column("id", sa.Text()),
    sa.column("title", sa.Text()),
    sa.column("due_date", sa.Date()),
    sa.column("priority", sa.String()),
    sa.column("note", sa.Text()),
    sa.column("contact_id", sa.Text()),
    sa.column("deal_id", sa.Text()),
)


def upgrade() -> None:
    """Bring the schema up; each change becomes a value again, by its key and the thing it made."""
    with op.batch_alter_table("connections", schema=None) as batch_op:
        batch_op.add_column(sa.Column("account_id", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("paused_until", columns.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("pause_reason", sa.Text(), nullable=True))
        batch_op.create_index(
            "ix_connections_account_id",
            ["provider", "account_id"],
            unique=False,
            sqlite_where=sa.text("account_id IS NOT NULL"),
            postgresql_where=sa.text("account_id IS NOT NULL"),
        )
    with op.batch_alter_table("crm_writes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("person_id", sa.String(length=28), nullable=True))
        batch_op.add_column(sa.Column("subject_kind", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("turn", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("write", columns.Json, nullable=True))
        batch_op.add_column(sa.Column("leased_until", columns.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("fence", sa.Integer(), server_default="0", nullable=False))
    _to_values(op.get_bind())
    with op.batch_alter_table("crm_writes", schema=None) as batch_op:
        batch_op.alter_column("subject_kind", existing_type=sa.String(16), nullable=False)
        batch_op.alter_column("turn", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column("write", existing_type=columns.Json, nullable=False)
        batch_op.drop_column("body")
        batch_op.create_index(
            "ix_crm_writes_turn",
            ["workspace_id", "connection_id", "subject_kind", "subject_id", "turn"],
            unique=False,
        )
        batch_op.create_index("ix_crm_writes_person_id", ["workspace_id", "person_id"])


def _to_values(connection: sa.Connection) -> None:
    turns: dict[tuple[str, ...], int] = {}
    names = ("workspace_id", "key", "fingerprint", "connection_id", "subject_id")
    rows = connection.execute(
        sa.select(*(_MADE.c[name] for name in names)).order_by(_MADE.c.created_at, _MADE.c.key)
    ).all()
    changes = []
    for workspace_id, key, fingerprint, connection_id, subject_id in rows:
        kind, write = _write(key.removeprefix(f"{fingerprint}:"), subject_id)
        write["connection_id"] = connection_id
        if write["kind"] == "create_task":
            write |= _task(connection, workspace_id, connection_id, subject_id)
        thing = (workspace_id, connection_id, kind, subject_id)
        turns[thing] = turns.get(thing, 0) + 1
        changes.append(
            {
                "of_workspace": workspace_id,
                "of_key": key,
                "new_kind": kind,
                "new_turn": turns[thing],
                "new_write": write,
            }
        )
    if changes:
        connection.execute(
            sa.update(_MADE)
            .where(
                _MADE.c.workspace_id == sa.bindparam("of_workspace"),
                _MADE.c.key == sa.bindparam("of_key"),
            )
            .values(
                subject_kind=sa.bindparam("new_kind"),
                turn=sa.bindparam("new_turn"),
                write=sa.bindparam("new_write", type_=columns.Json),
            ),
            changes,
        )


def _write(told: str, subject_id: str) -> tuple[str, dict[str, Any]]:
    """The kind of thing, and the change but for its connection and a new task's particulars."""
    if told.startswith("complete:"):
        return "task", {"kind": "complete_task", "task_id": subject_id}
    if moved := re.fullmatch(r"reschedule:.*:(\d{4}-\d{2}-\d{2})", told, re.DOTALL):
        return "task", {
            "kind": "reschedule_task",
            "task_id": subject_id,
            "due_date": moved.group(1),
        }
    if told.startswith("stage:"):
        stage = told.removeprefix(f"stage:{subject_id}:")
        return "deal", {"kind": "move_deal", "deal_id": subject_id, "stage": stage}
    if logged := re.match(r"(\w+_(?:logged|booked)):", told):
        return "contact", {
            "kind": "log_contact",
            "contact_id": subject_id,
            "verb": logged.group(1),
        }
    return "task", {"kind": "create_task", "task_id": subject_id}


def _task(
    connection: sa.Connection, workspace_id: str, connection_id: str, id: str
) -> dict[str, Any]:
    names = ("title", "due_date", "priority", "note", "contact_id", "deal_id")
    row = connection.execute(
        sa.select(*(_TASKS.c[name] for name in names)).where(
            _TASKS.c.workspace_id == workspace_id,
            _TASKS.c.connection_id == connection_id,
            _TASKS.c.id == id,
        )
    ).first()
    if row is None:
        return {**dict.fromkeys(names), "title": "", "priority": "medium"}
    due = row.due_date.isoformat() if row.due_date else None
    return {**dict(zip(names, row, strict=True)), "due_date": due}


def downgrade() -> None:
    """Take it back; a change becomes a body of the native form, as far as it says."""
    with op.batch_alter_table("crm_writes", schema=None) as batch_op:
        batch_op.drop_index("ix_crm_writes_person_id")
        batch_op.drop_index("ix_crm_writes_turn")
        batch_op.add_column(sa.Column("body", sa.Text(), nullable=True))
    _to_bodies(op.get_bind())
    with op.batch_alter_table("crm_writes", schema=None) as batch_op:
        for name in ("fence", "leased_until", "write", "turn", "subject_kind", "person_id"):
            batch_op.drop_column(name)
    with op.batch_alter_table("connections", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_connections_account_id",
            sqlite_where=sa.text("account_id IS NOT NULL"),
            postgresql_where=sa.text("account_id IS NOT NULL"),
        )
        for name in ("pause_reason", "paused_until", "account_id"):
            batch_op.drop_column(name)


def _to_bodies(connection: sa.Connection) -> None:
    query = sa.select(
        _MADE.c.workspace_id, _MADE.c.key, _MADE.c.write, _MADE.c.created_at, _MADE.c.subject_kind
    ).where(_MADE.c.state != "local")
    bodies = [
        {
            "of_workspace": row.workspace_id,
            "of_key": row.key,
            "new_body": json.dumps(
                {
                    "type": _verb(row.write),
                    "timestamp": row.created_at.isoformat(),
                    "data": {row.subject_kind: dict(_told(row.write))},
                },
                ensure_ascii=False,
            ),
        }
        for row in connection.execute(query).all()
    ]
    if bodies:
        connection.execute(
            sa.update(_MADE)
            .where(
                _MADE.c.workspace_id == sa.bindparam("of_workspace"),
                _MADE.c.key == sa.bindparam("of_key"),
            )
            .values(body=sa.bindparam("new_body")),
            bodies,
        )


def _verb(write: Mapping[str, Any]) -> str:
    verbs = {
        "create_task": "task_created",
        "complete_task": "task_completed",
        "reschedule_task": "task_rescheduled",
        "move_deal": "deal_stage_changed",
    }
    return verbs.get(write["kind"]) or str(write["verb"])


def _told(write: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in write.items():
        if name in {"task_id", "deal_id", "contact_id"} and not (
            write["kind"] == "create_task" and name != "task_id"
        ):
            yield "id", value
        elif name not in {"kind", "connection_id", "verb"}:
            yield name, value
