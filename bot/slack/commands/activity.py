"""`/coach activity`: what has happened to the person's things of late, and how often."""

from bot.slack.blocks.pieces import Blocks, context, header, paragraph, plain_text
from bot.slack.blocks.pieces import line as words
from bot.slack.command import Answer, Call, Subcommand
from coach.calendar import zone
from coach.errors import SettingError
from coach.models import SubjectKind, Verb
from storage import activities, mirror
from storage.activities import ActivityRow, Which
from storage.database import Tx

#: How many days are looked at when nothing is said, and at most.
DAYS, MOST_DAYS = 7, 365

#: How many of the latest activities are listed.
LISTED = 10


def name_of(verb: Verb) -> str:
    """What happened, in words: “deal stage changed”."""
    return verb.value.replace("_", " ")


async def run(call: Call) -> Answer:
    """Counts by what happened, most frequent first, and the latest few."""
    days = _days(call.args)
    now, place = call.parts.clock.now(), zone(call.person.time_zone)
    async with call.parts.database.read() as tx:
        theirs = Which(person_id=call.person.id)
        counts = await activities.counts_by_verb(tx, call.workspace_id, theirs, now=now, days=days)
        latest = await activities.recent(tx, call.workspace_id, theirs, most=LISTED)
        names = await _names(tx, call.workspace_id, latest)
    span = "day" if days == 1 else f"{days} days"
    title = f"The last {span}: {sum(counts.values())} activities of yours"
    told = ", ".join(f"{name_of(verb)} {count}×" for verb, count in counts.items())
    blocks: Blocks = [header(title), paragraph(words(told or "Nothing has happened.", 2000))]
    for row in latest:
        at = f"{row.occurred_at.astimezone(place):%a %-d %b, %H:%M}"
        thing = _thing(row)
        what = name_of(row.verb)
        if thing is not None:
            # What is not in the mirror, as it was deleted, has only its id left.
            what += f" · {names.get((row.connection_id, *thing), thing[1])}"
        blocks.append(context(plain_text(f"{at} · {what}", 200)))
    return Answer(title, blocks)


def _thing(row: ActivityRow) -> tuple[SubjectKind, str] | None:
    """What the activity is about most of all: kind and id."""
    if row.deal_id:
        return SubjectKind.DEAL, row.deal_id
    if row.task_id:
        return SubjectKind.TASK, row.task_id
    if row.contact_id:
        return SubjectKind.CONTACT, row.contact_id
    return None


async def _names(
    tx: Tx, workspace_id: str, rows: list[ActivityRow]
) -> dict[tuple[str, SubjectKind, str], str]:
    """The names people know the things by, for (connection, kind, id)."""
    wanted: dict[tuple[str, SubjectKind], set[str]] = {}
    for row in rows:
        if (thing := _thing(row)) is not None:
            wanted.setdefault((row.connection_id, thing[0]), set()).add(thing[1])
    found = {}
    for (connection_id, kind), ids in wanted.items():
        for id, subject in (await mirror.load(tx, kind, workspace_id, connection_id, ids)).items():
            found[connection_id, kind, id] = subject.name
    return found


def _days(text: str) -> int:
    if not text:
        return DAYS
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= MOST_DAYS):
        raise SettingError("days", f"Say how many days, from 1 to {MOST_DAYS}, or nothing for 7.")
    return int(text[:4])


SUBCOMMAND = Subcommand("activity [DAYS]", "show what happened of late, and how often", run)
