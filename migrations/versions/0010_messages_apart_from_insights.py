"""messages apart from insights"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from storage import columns

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

#: Rows read at once.
CHUNK = 500

_OPEN = "state = 'open'"
_PENDING = "state IN ('held', 'quiet', 'queued', 'sending', 'sent', 'failed')"
_WAITING = "state = 'due' OR draw_due OR leased_until IS NOT NULL"

#: Where a card stood, before: in the row of its insight.
_CARD_COLUMNS: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("channel", lambda: sa.String(length=32)),
    ("ts", lambda: sa.String(length=32)),
    ("sent_at", columns.UtcDateTime),
    ("error", sa.Text),
    ("not_before", columns.UtcDateTime),
    ("claimed_until", columns.UtcDateTime),
)


def _index(table: str, names: list[str], where: str | None = None, name: str | None = None) -> None:
    condition: dict[str, Any] = {}
    if where is not None:
        condition = {f"{dialect}_where": sa.text(where) for dialect in _DIALECTS}
    op.create_index(name or f"ix_{table}_{'_'.join(names)}", table, names, **condition)


_DIALECTS = ("sqlite", "postgresql")


def upgrade() -> None:
    """Bring the schema up."""
    _make_tables()
    for name, type_ in (("verdict", sa.String(8)), ("verdict_reason", sa.String(16))):
        op.add_column("insights", sa.Column(name, type_, nullable=True))
    op.add_column("insights", sa.Column("verdict_until", columns.UtcDateTime(), nullable=True))
    op.add_column("people", sa.Column("decide_at", columns.UtcDateTime(), nullable=True))
    _cards_up()
    _notices_up()
    _subjects_up()
    for name in ("claimed", "expires_at", "person_state", "queued", "render_due"):
        op.drop_index(f"ix_insights_{name}", table_name="insights")
    _states_up()
    for name in ("about", "attempts", "render_due", *(name for name, _ in _CARD_COLUMNS)):
        op.drop_column("insights", name)
    op.drop_index("ix_notices_waiting", table_name="notices")
    op.drop_table("notices")
    op.drop_column("people", "send_after")
    _index("insights", ["workspace_id", "person_id"], _OPEN, "ix_insights_open")
    _index("insights", ["expires_at"], _OPEN)
    _index("people", ["decide_at"], "decide_at IS NOT NULL")


def _make_tables() -> None:
    op.create_table(
        "messages",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=96), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=28), nullable=True),
        sa.Column("addressee", sa.String(length=32), nullable=False),
        sa.Column("params", columns.Json, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=True),
        sa.Column("ts", sa.String(length=32), nullable=True),
        sa.Column("leased_until", columns.UtcDateTime(), nullable=True),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", columns.UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("draw_due", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("sent_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_messages")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "person_id"],
            ["people.workspace_id", "people.id"],
            name=op.f("fk_messages_people"),
            ondelete="CASCADE",
        ),
    )
    _index("messages", ["created_at"], _WAITING, "ix_messages_waiting")
    _index("messages", ["workspace_id", "addressee"], _WAITING, "ix_messages_addressee")
    _index("messages", ["workspace_id", "person_id"], None, "ix_messages_person_id")
    _index("messages", ["workspace_id"], "state = 'failed'", "ix_messages_failed")
    to_insights = sa.ForeignKeyConstraint(
        ["workspace_id", "fingerprint"],
        ["insights.workspace_id", "insights.fingerprint"],
        name=op.f("fk_message_insights_insights"),
        ondelete="CASCADE",
    )
    op.create_table(
        "message_insights",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=96), nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "message_id", "fingerprint", name=op.f("pk_message_insights")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "message_id"],
            ["messages.workspace_id", "messages.id"],
            name=op.f("fk_message_insights_messages"),
            ondelete="CASCADE",
        ),
        to_insights,
        sqlite_with_rowid=False,
    )
    _index(
        "message_insights",
        ["workspace_id", "fingerprint"],
        None,
        "ix_message_insights_fingerprint",
    )
    op.create_table(
        "insight_subjects",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("connection_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id",
            "fingerprint",
            "kind",
            "connection_id",
            "subject_id",
            name=op.f("pk_insight_subjects"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "fingerprint"],
            ["insights.workspace_id", "insights.fingerprint"],
            name=op.f("fk_insight_subjects_insights"),
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    _index(
        "insight_subjects",
        ["workspace_id", "kind", "connection_id", "subject_id"],
        None,
        "ix_insight_subjects_subject",
    )


# The rows, up


def _cards_up() -> None:
    """What was sent, is being sent or was refused has a card, wherever its insight stands now."""
    # An answered card stands in Slack and may have to be drawn again.
    op.execute(
        """
        INSERT INTO messages (
            workspace_id, id, kind, person_id, addressee, params, state, channel, ts, leased_until,
            fence, attempts, not_before, error, draw_due, created_at, sent_at
        )
        SELECT i.workspace_id, 'card:' || i.fingerprint, 'card', i.person_id,
               coalesce(p.slack_user_id, ''), '{}',
               CASE WHEN i.state IN ('sending', 'failed') THEN i.state ELSE 'sent' END,
               i.channel, i.ts,
               CASE WHEN i.state = 'sending' THEN coalesce(i.claimed_until, i.created_at) END,
               1, i.attempts, i.not_before, i.error, i.render_due,
               coalesce(i.sent_at, i.created_at), i.sent_at
        FROM insights i JOIN people p ON p.workspace_id = i.workspace_id AND p.id = i.person_id
        WHERE i.state IN ('sending', 'sent', 'failed') OR i.ts IS NOT NULL
        """
    )
    op.execute(
        """
        INSERT INTO message_insights (workspace_id, message_id, fingerprint, place)
        SELECT workspace_id, id, substr(id, 6), 0 FROM messages WHERE kind = 'card'
        """
    )


def _notices_up() -> None:
    # A question to the administrator is about somebody else.
    op.execute(
        """
        INSERT INTO messages (
            workspace_id, id, kind, person_id, addressee, params, state, channel, ts, leased_until,
            fence, attempts, not_before, error, draw_due, created_at, sent_at
        )
        SELECT n.workspace_id, n.id, n.kind, p.id, n.slack_user_id, n.params,
               CASE n.state WHEN 'queued' THEN 'due' ELSE n.state END, n.channel, n.ts,
               CASE WHEN n.state = 'sending' THEN coalesce(n.claimed_until, n.created_at) END,
               1, n.attempts, n.not_before, n.error, n.render_due, n.created_at,
               CASE WHEN n.ts IS NOT NULL THEN n.created_at END
        FROM notices n LEFT JOIN people p
          ON p.workspace_id = n.workspace_id AND p.slack_user_id = n.slack_user_id
         AND n.kind <> 'link_request'
        """
    )


def _states_up() -> None:
    # What was put before somebody counts as seen.
    op.execute("UPDATE insights SET seen_at = sent_at WHERE seen_at IS NULL")
    for state, verdict, reason in (
        ("held", "hold", "consent"),
        ("quiet", "digest", "below_level"),
        ("queued", "hold", "pace"),
        ("sent", "now", "said"),
    ):
        op.execute(
            _INSIGHTS.update()
            .where(_INSIGHTS.c.state == state)
            .values(verdict=verdict, verdict_reason=reason)
        )
    op.execute(f"UPDATE insights SET state = 'open' WHERE {_PENDING}")  # noqa: S608 - our own words
    people = sa.table("people", sa.column("decide_at", columns.UtcDateTime()))
    having = sa.text(
        "EXISTS (SELECT 1 FROM insights i WHERE i.workspace_id = people.workspace_id "
        "AND i.person_id = people.id AND i.state = 'open')"
    )
    # Attention decides about everything anew.
    op.execute(people.update().where(having).values(decide_at=datetime.now(UTC)))


_INSIGHTS = sa.table(
    "insights",
    sa.column("state", sa.String),
    sa.column("verdict", sa.String),
    sa.column("verdict_reason", sa.String),
    sa.column("workspace_id", sa.String),
    sa.column("fingerprint", sa.String),
    sa.column("rule", sa.String),
    sa.column("subject", sa.Text),
    sa.column("params", columns.Json),
    sa.column("about", columns.Json),
)
_SUBJECTS = sa.table(
    "insight_subjects",
    *(
        sa.column(name, sa.Text)
        for name in ("workspace_id", "fingerprint", "kind", "connection_id", "subject_id", "mark")
    ),
)
_KEY = (_INSIGHTS.c.workspace_id, _INSIGHTS.c.fingerprint)


def _in_chunks(*named: str) -> Iterator[Sequence[sa.Row[Any]]]:
    last: tuple[str, str] = ("", "")
    while True:
        query = (
            sa.select(*_KEY, *(_INSIGHTS.c[name] for name in named))
            .where(sa.tuple_(*_KEY) > sa.tuple_(*last))
            .order_by(*_KEY)
            .limit(CHUNK)
        )
        rows = op.get_bind().execute(query).all()
        if not rows:
            return
        yield rows
        last = (rows[-1].workspace_id, rows[-1].fingerprint)


def _subjects_up() -> None:
    for rows in _in_chunks("rule", "subject", "params", "about"):
        found: dict[tuple[str, ...], dict[str, str]] = {}
        for row in rows:
            for mark in row.about:
                kind, connection_id, id, state = _thing(row, mark)
                key = (row.workspace_id, row.fingerprint, kind, connection_id, id)
                found[key] = {
                    **dict(zip(_SUBJECTS.c.keys(), key, strict=False)),
                    "mark": state,
                }
        if found:
            op.get_bind().execute(_SUBJECTS.insert(), list(found.values()))


def _thing(row: sa.Row[Any], mark: str) -> tuple[str, str, str, str]:
    """The kind, connection, id and state that a mark was made of."""
    named, at, state = mark.rpartition("@")
    kind, _, rest = named.partition(":")
    connection_id, colon, id = rest.partition(":")
    if at and colon and kind in {"deal", "contact", "task"}:
        return kind, connection_id, id, state
    # The rules that speak of one thing marked it by its id alone.
    kind = "task" if row.rule == "next_priority" else "deal"
    return kind, str(row.params.get("connection_id") or row.subject.split(":")[1]), mark, ""


# Down


def downgrade() -> None:
    """Take it back."""
    op.create_table(
        "notices",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("slack_user_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("params", columns.Json, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=True),
        sa.Column("ts", sa.String(length=32), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", columns.UtcDateTime(), nullable=True),
        sa.Column("claimed_until", columns.UtcDateTime(), nullable=True),
        sa.Column("render_due", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_notices")),
    )
    _index("notices", ["workspace_id"], "state <> 'sent' OR render_due", "ix_notices_waiting")
    op.add_column("people", sa.Column("send_after", columns.UtcDateTime(), nullable=True))
    # SQLite adds a column that may not be empty only with a default.
    op.add_column("insights", sa.Column("about", columns.Json, nullable=False, server_default="[]"))
    op.add_column(
        "insights", sa.Column("attempts", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column(
        "insights",
        sa.Column("render_due", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    for name, type_ in _CARD_COLUMNS:
        op.add_column("insights", sa.Column(name, type_(), nullable=True))
    op.drop_index("ix_insights_open", table_name="insights")
    op.drop_index("ix_insights_expires_at", table_name="insights")
    op.drop_index("ix_people_decide_at", table_name="people")
    _states_down()
    _cards_down()
    _notices_down()
    _subjects_down()
    for table in ("insight_subjects", "message_insights", "messages"):
        op.drop_table(table)
    for name in ("verdict", "verdict_reason", "verdict_until"):
        op.drop_column("insights", name)
    op.drop_column("people", "decide_at")
    _index("insights", ["claimed_until"], "state = 'sending'", "ix_insights_claimed")
    _index("insights", ["expires_at"], _PENDING)
    _index("insights", ["workspace_id", "person_id", "state"], None, "ix_insights_person_state")
    _index("insights", ["workspace_id", "person_id"], "state = 'queued'", "ix_insights_queued")
    _index("insights", ["workspace_id"], "render_due", "ix_insights_render_due")


def _states_down() -> None:
    op.execute("UPDATE insights SET state = 'expired' WHERE state = 'resolved'")
    listening = (
        "EXISTS (SELECT 1 FROM people p WHERE p.workspace_id = insights.workspace_id "
        "AND p.id = insights.person_id AND p.enrolment = 'started' AND p.enabled)"
    )
    op.execute(
        f"""
        UPDATE insights SET state = CASE
            WHEN verdict = 'digest' OR verdict_reason IN ('declined', 'off') THEN 'quiet'
            WHEN {listening} THEN 'queued'
            ELSE 'held'
        END
        WHERE state = 'open'
        """  # noqa: S608 - nothing in it comes from outside
    )


def _cards_down() -> None:
    card = (
        "FROM messages m WHERE m.workspace_id = insights.workspace_id "
        "AND m.id = 'card:' || insights.fingerprint"
    )
    named = ("channel", "ts", "sent_at", "error", "not_before", "attempts")
    old = {"leased_until": "claimed_until", "draw_due": "render_due"}
    sets = [f"{name} = (SELECT m.{name} {card})" for name in named]
    sets += [f"{after} = (SELECT m.{before} {card})" for before, after in old.items()]
    op.execute(
        f"""
        UPDATE insights SET {", ".join(sets)}, state = CASE
            WHEN {_PENDING} THEN coalesce(
                (SELECT m.state {card} AND m.state IN ('sending', 'sent', 'failed')), state)
            ELSE state
        END
        WHERE EXISTS (SELECT 1 {card})
        """  # noqa: S608 - nothing in it comes from outside
    )


def _notices_down() -> None:
    op.execute(
        """
        INSERT INTO notices (
            workspace_id, id, slack_user_id, kind, params, state, channel, ts, error, attempts,
            not_before, claimed_until, render_due, created_at
        )
        SELECT workspace_id, id, addressee, kind, params,
               CASE state WHEN 'due' THEN 'queued' ELSE state END, channel, ts, error, attempts,
               not_before, leased_until, draw_due, created_at
        FROM messages WHERE kind <> 'card' AND state <> 'withdrawn'
        """
    )


def _subjects_down() -> None:
    change = (
        sa.update(_INSIGHTS)
        .where(
            _INSIGHTS.c.workspace_id == sa.bindparam("workspace"),
            _INSIGHTS.c.fingerprint == sa.bindparam("print"),
        )
        .values(about=sa.bindparam("marks"))
    )
    for rows in _in_chunks():
        prints = [row.fingerprint for row in rows]
        query = sa.select(_SUBJECTS).where(_SUBJECTS.c.fingerprint.in_(prints))
        marks: dict[tuple[str, str], list[str]] = {}
        for row in op.get_bind().execute(query):
            named = f"{row.kind}:{row.connection_id}:{row.subject_id}@{row.mark}"
            marks.setdefault((row.workspace_id, row.fingerprint), []).append(
                named if row.mark else row.subject_id
            )
        if marks:
            op.get_bind().execute(
                change,
                [
                    {"workspace": workspace_id, "print": print_, "marks": sorted(made)}
                    for (workspace_id, print_), made in marks.items()
                ],
            )
