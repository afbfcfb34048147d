"""A mirror of many subjects, made directly: a hundred deals, contacts and tasks a person."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.columns import to_micros
from storage.workspaces import DEFAULT

#: Subjects of one person.
EACH = 100

_PERSON = """
    INSERT INTO people (workspace_id, id, name, enrolment, enabled, level, working_days, created_at)
    SELECT :workspace, printf('p%07d', value), printf('Seller %d', value), 'started', 1, 2,
           '12345', :now
    FROM numbers WHERE value < :people
"""

_COMMON = ":workspace, 'native', printf('x%07d', value), printf('Subject %d', value)"
_OWNER = "printf('p%07d', value / :each)"

#: Of every ten subjects of a person five are contacts, three deals and two tasks.
_SUBJECTS = {
    "contacts": f"""
        INSERT INTO contacts (workspace_id, connection_id, id, name_given, status, person_id,
            created_at, silent_since, is_lead, deleted, told, next_check_at)
        SELECT {_COMMON}, 'LEAD', {_OWNER}, :now, :now, 1, 0, '{{}}', :later
        FROM numbers WHERE value % 10 < 5
    """,
    "deals": f"""
        INSERT INTO deals (workspace_id, connection_id, id, title, stage, status, value, person_id,
            created_at, stage_entered_at, deleted, told, next_check_at)
        SELECT {_COMMON}, 'Proposal', 'open', '1000', {_OWNER}, :now, :now, 0, '{{}}', :later
        FROM numbers WHERE value % 10 BETWEEN 5 AND 7
    """,
    "tasks": f"""
        INSERT INTO tasks (workspace_id, connection_id, id, title, status, priority, due_date,
            person_id, created_at, deleted, told, next_check_at)
        SELECT {_COMMON}, 'pending', 'medium', '2200-01-01', {_OWNER}, :now, 0, '{{}}', :later
        FROM numbers WHERE value % 10 > 7
    """,
}


def fill(path: Path, count: int) -> None:
    """Make `count` subjects that are all well: nothing is due for a long time."""
    now = datetime.now(UTC)
    values = {
        "workspace": DEFAULT,
        "each": EACH,
        "people": count // EACH,
        "now": to_micros(now),
        "later": to_micros(now + timedelta(days=3650)),
    }
    database = sqlite3.connect(path, isolation_level=None)
    # Made to be measured and thrown away: it need not survive anything.
    database.execute("PRAGMA synchronous = OFF")
    database.execute("BEGIN")
    database.execute("CREATE TEMP TABLE numbers (value INTEGER PRIMARY KEY)")
    database.execute(
        "WITH RECURSIVE n(v) AS (VALUES (0) UNION ALL SELECT v + 1 FROM n WHERE v < ? - 1) "
        "INSERT INTO numbers SELECT v FROM n",
        (count,),
    )
    database.execute(_PERSON, values)
    for statement in _SUBJECTS.values():
        database.execute(statement, values)
    database.execute("COMMIT")
    database.execute("ANALYZE")
    database.close()


def make_due(path: Path, people: range) -> int:
    """Ten subjects of each of these people become due: leads gone cold, deals stuck, tasks late."""
    now = datetime.now(UTC)
    values = {
        "first": f"p{people.start:07}",
        "last": f"p{people.stop - 1:07}",
        "long_ago": to_micros(now - timedelta(days=200)),
        "yesterday": (now - timedelta(days=2)).date().isoformat(),
        "now": to_micros(now - timedelta(seconds=1)),
        "ten": EACH // 10,
    }
    whose = (
        "WHERE workspace_id = 'default' AND person_id BETWEEN :first AND :last "
        f"AND CAST(substr(id, 2) AS INTEGER) % {EACH} < :ten"
    )
    database = sqlite3.connect(path, isolation_level=None)
    found = 0
    for table, since, value in (
        ("contacts", "silent_since", ":long_ago"),
        ("deals", "stage_entered_at", ":long_ago"),
        ("tasks", "due_date", ":yesterday"),
    ):
        statement = f"UPDATE {table} SET {since} = {value}, next_check_at = :now {whose}"
        found += database.execute(statement, values).rowcount
    database.close()
    return found
