"""checks: an appointment for each rule and thing, and rounds of each rule and person"""

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

#: What each rule of the time looked at: rule, kind, table.
RULES = (
    ("stuck_deals", "deal", "deals"),
    ("stale_leads", "contact", "contacts"),
    ("overdue_tasks", "task", "tasks"),
)

LEAD = "is_lead AND NOT deleted"
OPEN = "status = 'open' AND NOT deleted"
PENDING = "status = 'pending' AND NOT deleted"


def upgrade() -> None:
    """Bring the schema up; each next check becomes the check of the rule that asked for it."""
    op.create_table(
        "checks",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.String(length=28), nullable=False),
        sa.Column("due_at", columns.UtcDateTime(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint(
            *("workspace_id", "rule", "kind", "connection_id", "subject_id"),
            name=op.f("pk_checks"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rounds",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=28), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("due_at", columns.UtcDateTime(), nullable=True),
        sa.Column("not_before", columns.UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "person_id"],
            ["people.workspace_id", "people.id"],
            name=op.f("fk_rounds_people_workspace_id_person_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "person_id", "rule", name=op.f("pk_rounds")),
    )
    op.create_table(
        "check_plans",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=28), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("announced_at", columns.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_check_plans_workspaces_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "person_id", "rule", name=op.f("pk_check_plans")),
    )
    _carry()
    _index("checks", "ix_checks_person", ["workspace_id", "person_id", "rule", "due_at"])
    _index("checks", "ix_checks_error", ["workspace_id"], "error IS NOT NULL")
    _index("rounds", "ix_rounds_due_at", ["rule", "due_at"], "due_at IS NOT NULL")
    _index("rounds", "ix_rounds_error", ["workspace_id"], "error IS NOT NULL")
    _index("check_plans", "ix_check_plans_unfinished", ["rule"], "NOT done")
    # Not by copying the tables anew: dropping one that others refer to would empty those.
    for _, _, table in RULES:
        op.drop_index(f"ix_{table}_next_check_at", table_name=table)
        op.drop_column(table, "next_check_at")
    # Only the clock asked for leads by how long they were silent, and for deals and tasks by how
    # long they had waited. Anew by what rules are shown, and later than the indexes of all of a
    # person's things, which SQLite would take for as good.
    op.drop_index("ix_contacts_leads", table_name="contacts")
    op.drop_index("ix_deals_open", table_name="deals")
    op.drop_index("ix_tasks_pending", table_name="tasks")
    whose = ["workspace_id", "person_id"]
    _index("deals", "ix_deals_open", [*whose, "value"], OPEN)
    _index("tasks", "ix_tasks_pending", [*whose, "priority", "due_date"], PENDING)
    op.drop_column("workspaces", "rules")
    op.drop_table("job_slots")


def _index(table: str, name: str, names: list[str], condition: str | None = None) -> None:
    where = None if condition is None else sa.text(condition)
    op.create_index(name, table, names, sqlite_where=where, postgresql_where=where)


def _carry() -> None:
    for rule, kind, table in RULES:
        op.execute(
            f"""
            INSERT INTO checks
                (workspace_id, rule, kind, connection_id, subject_id, person_id, due_at)
            SELECT workspace_id, '{rule}', '{kind}', connection_id, id, person_id, next_check_at
            FROM {table} WHERE next_check_at IS NOT NULL AND person_id IS NOT NULL
            """  # noqa: S608 - words of this file
        )
    op.execute(
        """
        INSERT INTO rounds (workspace_id, person_id, rule, due_at)
        SELECT checks.workspace_id, checks.person_id, checks.rule, min(checks.due_at)
        FROM checks JOIN people
            ON people.workspace_id = checks.workspace_id AND people.id = checks.person_id
        GROUP BY checks.workspace_id, checks.person_id, checks.rule
        """
    )
    # A rule that was there has its checks; one that was not gets them made when the coach starts.
    for rule, kind, _ in RULES:
        known = sa.text(
            f"""
            INSERT INTO check_plans (workspace_id, rule, person_id, kind, connection_id, subject_id,
                done, announced_at)
            SELECT id, '{rule}', '', '{kind}', '', '', true, :now
            FROM workspaces WHERE ' ' || rules || ' ' LIKE '% {rule} %'
            """  # noqa: S608 - words of this file
        ).bindparams(sa.bindparam("now", datetime.now(UTC), columns.UtcDateTime()))
        op.execute(known)


def downgrade() -> None:
    """Take the schema back; each thing is looked at when its first check is due."""
    op.create_table(
        "job_slots",
        sa.Column("job", sa.String(length=32), nullable=False),
        sa.Column("slot", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_job_slots")),
    )
    op.add_column("workspaces", sa.Column("rules", sa.Text(), nullable=True))
    for _, kind, table in RULES:
        op.add_column(table, sa.Column("next_check_at", columns.UtcDateTime(), nullable=True))
        op.execute(
            f"""
            UPDATE {table} SET next_check_at = (
                SELECT min(due_at) FROM checks
                WHERE checks.workspace_id = {table}.workspace_id AND checks.kind = '{kind}'
                    AND checks.connection_id = {table}.connection_id
                    AND checks.subject_id = {table}.id)
            """  # noqa: S608 - words of this file
        )
        _index(table, f"ix_{table}_next_check_at", ["next_check_at"], "next_check_at IS NOT NULL")
    op.drop_index("ix_deals_open", table_name="deals")
    op.drop_index("ix_tasks_pending", table_name="tasks")
    whose = ["workspace_id", "person_id"]
    _index("contacts", "ix_contacts_leads", [*whose, "silent_since"], LEAD)
    _index("deals", "ix_deals_open", [*whose, "stage_entered_at"], OPEN)
    _index("tasks", "ix_tasks_pending", [*whose, "due_date"], PENDING)
    op.drop_table("check_plans")
    op.drop_table("rounds")
    op.drop_table("checks")
