"""A mirror of many subjects, made directly: a hundred deals, contacts and tasks a person."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.columns import to_micros
from storage.workspaces import DEFAULT

#: Subjects of one person.
EACH = 100

_PERSON = """
    INSERT INTO people (workspace_id, id, name, enrolment, enabled, level, working_days, time_zone,
        created_at)
    SELECT :workspace, printf('p%07d', value), printf('Seller %d', value), 'started', 1, 2,
           '1234567', :zone, :now
    FROM numbers WHERE value < :people
"""

_COMMON = ":workspace, 'native', printf('x%07d', value), printf('Subject %d', value)"
_OWNER = "printf('p%07d', value / :each)"

#: Of every ten subjects of a person five are contacts, three deals and two tasks.
_SUBJECTS = {
    "contacts": f"""
        INSERT INTO contacts (workspace_id, connection_id, id, name_given, status, person_id,
            created_at, silent_since, is_lead, deleted, told)
        SELECT {_COMMON}, 'LEAD', {_OWNER}, :now, :now, 1, 0, '{{}}'
        FROM numbers WHERE value % 10 < 5
    """,
    "deals": f"""
        INSERT INTO deals (workspace_id, connection_id, id, title, stage, status, value, person_id,
            created_at, stage_entered_at, deleted, told)
        SELECT {_COMMON}, 'Proposal', 'open', '1000', {_OWNER}, :now, :now, 0, '{{}}'
        FROM numbers WHERE value % 10 BETWEEN 5 AND 7
    """,
    "tasks": f"""
        INSERT INTO tasks (workspace_id, connection_id, id, title, status, priority, due_date,
            person_id, created_at, deleted, told)
        SELECT {_COMMON}, 'pending', 'medium', '2200-01-01', {_OWNER}, :now, 0, '{{}}'
        FROM numbers WHERE value % 10 > 7
    """,
}

#: The rule that waits for each kind of thing.
_RULES = {
    "contacts": ("stale_leads", "contact"),
    "deals": ("stuck_deals", "deal"),
    "tasks": ("overdue_tasks", "task"),
}

_CHECKS = """
    INSERT INTO checks (workspace_id, rule, kind, connection_id, subject_id, person_id, due_at)
    SELECT workspace_id, '{rule}', '{kind}', connection_id, id, person_id, :later FROM {table}
"""

_ROUNDS = """
    INSERT INTO rounds (workspace_id, person_id, rule, due_at)
    SELECT :workspace, id, '{rule}', :later FROM people
"""


def fill(path: Path, count: int) -> None:
    """Make `count` subjects that are all well: nothing is due for a long time."""
    now = datetime.now(UTC)
    values = {
        "workspace": DEFAULT,
        "each": EACH,
        "people": count // EACH,
        "now": to_micros(now),
        # Where it is noon: whoever is not at work is told of it in the morning.
        "zone": f"Etc/GMT{now.hour - 12:+d}",
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
    for table, (rule, kind) in _RULES.items():
        database.execute(_CHECKS.format(rule=rule, kind=kind, table=table), values)
        database.execute(_ROUNDS.format(rule=rule), values)
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
        statement = f"UPDATE {table} SET {since} = {value} {whose}"
        found += database.execute(statement, values).rowcount
        rule, _ = _RULES[table]
        mine = f"WHERE rule = '{rule}' AND workspace_id = 'default' AND person_id"
        database.execute(
            f"UPDATE checks SET due_at = :now {mine} BETWEEN :first AND :last "
            f"AND CAST(substr(subject_id, 2) AS INTEGER) % {EACH} < :ten",
            values,
        )
        database.execute(
            f"UPDATE rounds SET due_at = :now, not_before = NULL {mine} BETWEEN :first AND :last",
            values,
        )
    database.close()
    return found
