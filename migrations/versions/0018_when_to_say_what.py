"""keep when people may be interrupted, what they have muted, and what was said to them when"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _of_people() -> list[sa.Column[object]]:
    return [
        sa.Column("work_from", sa.Integer(), server_default="540", nullable=False),
        sa.Column("work_until", sa.Integer(), server_default="1080", nullable=False),
        sa.Column("holidays", sa.String(length=8), nullable=True),
        sa.Column("brief", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("brief_at", sa.Integer(), nullable=True),
        sa.Column("digest", sa.String(length=8), server_default="weekly", nullable=False),
        sa.Column("digest_at", sa.Integer(), nullable=True),
        sa.Column("daily_cap", sa.Integer(), nullable=True),
        sa.Column("began_at", columns.UtcDateTime(), nullable=True),
        sa.Column("paused_until", columns.UtcDateTime(), nullable=True),
        sa.Column("dnd_until", columns.UtcDateTime(), nullable=True),
        sa.Column("dnd_asked_at", columns.UtcDateTime(), nullable=True),
        sa.Column("brief_made_at", columns.UtcDateTime(), nullable=True),
        sa.Column("digest_made_at", columns.UtcDateTime(), nullable=True),
    ]


def _of_insights() -> list[sa.Column[object]]:
    return [
        sa.Column("rank", sa.Integer(), server_default="0", nullable=False),
        sa.Column("own_act", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("said_at", columns.UtcDateTime(), nullable=True),
        sa.Column("said_by", sa.String(length=32), nullable=True),
        sa.Column("snoozed_until", columns.UtcDateTime(), nullable=True),
        sa.Column("lasts_until", columns.UtcDateTime(), nullable=True),
        sa.Column("dismissed_as", sa.String(length=16), nullable=True),
        sa.Column("undo_until", columns.UtcDateTime(), nullable=True),
    ]


def _of_changes() -> list[sa.Column[object]]:
    return [
        sa.Column("before", columns.Json, nullable=True),
        sa.Column("undone_at", columns.UtcDateTime(), nullable=True),
    ]


def upgrade() -> None:
    """Bring the schema up; what stands in Slack already has been said by a card."""
    for column in _of_people():
        op.add_column("people", column)
    for column in _of_insights():
        op.add_column("insights", column)
    for column in _of_changes():
        op.add_column("crm_writes", column)
    op.add_column(
        "messages",
        sa.Column("superseded", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_table(
        "mutes",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=28), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("until", columns.UtcDateTime(), nullable=True),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "person_id"],
            ["people.workspace_id", "people.id"],
            name=op.f("fk_mutes_workspace_id_people"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "person_id", "what", name=op.f("pk_mutes")),
        sqlite_with_rowid=False,
    )
    insights = sa.table(
        "insights",
        *(sa.column(name) for name in ("workspace_id", "fingerprint", "said_by")),
        sa.column("said_at", columns.UtcDateTime()),
    )
    messages = sa.table(
        "messages",
        *(sa.column(name) for name in ("workspace_id", "id")),
        sa.column("sent_at", columns.UtcDateTime()),
    )
    links = sa.table(
        "message_insights",
        *(sa.column(name) for name in ("workspace_id", "message_id", "fingerprint")),
    )
    first = (
        sa.select(sa.func.min(messages.c.sent_at))
        .select_from(
            messages.join(
                links,
                (links.c.workspace_id == messages.c.workspace_id)
                & (links.c.message_id == messages.c.id),
            )
        )
        .where(
            links.c.workspace_id == insights.c.workspace_id,
            links.c.fingerprint == insights.c.fingerprint,
        )
        .correlate(insights)
        .scalar_subquery()
    )
    op.execute(sa.update(insights).values(said_at=first))
    op.execute(sa.update(insights).where(insights.c.said_at.is_not(None)).values(said_by="card"))
    people = sa.table(
        "people",
        sa.column("enrolment"),
        *(
            sa.column(name, columns.UtcDateTime())
            for name in ("created_at", "began_at", "brief_made_at")
        ),
    )
    # Who has been coached all along has no first day any more.
    op.execute(
        sa.update(people)
        .where(people.c.enrolment == "started")
        .values(began_at=people.c.created_at, brief_made_at=people.c.created_at)
    )
    op.create_index(
        "ix_insights_said",
        "insights",
        ["workspace_id", "person_id", "said_at"],
        sqlite_where=sa.text("said_at IS NOT NULL"),
        postgresql_where=sa.text("said_at IS NOT NULL"),
    )
    op.create_index(
        "ix_insights_undo_until",
        "insights",
        ["undo_until"],
        sqlite_where=sa.text("undo_until IS NOT NULL"),
        postgresql_where=sa.text("undo_until IS NOT NULL"),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_index("ix_insights_undo_until", table_name="insights")
    op.drop_index("ix_insights_said", table_name="insights")
    op.drop_table("mutes")
    with op.batch_alter_table("messages") as batch_op:
        batch_op.drop_column("superseded")
    with op.batch_alter_table("insights") as batch_op:
        for column in _of_insights():
            batch_op.drop_column(column.name)
    with op.batch_alter_table("crm_writes") as batch_op:
        for column in _of_changes():
            batch_op.drop_column(column.name)
    with op.batch_alter_table("people") as batch_op:
        for column in _of_people():
            batch_op.drop_column(column.name)
