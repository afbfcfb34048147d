"""`/coach activity`: what has happened to the person's things of late, and how often.

What they typed to the coach is nothing that happened to their things: it has its own list.
"""

from datetime import timedelta

from bot.slack.blocks.pieces import Blocks, context, header, line, paragraph, plain_text
from bot.slack.blocks.text import flat, shorter
from bot.slack.blocks.usages import usages
from bot.slack.command import Answer, Call, Group, Subcommand
from coach.errors import SettingError
from coach.happened import told
from coach.models import SubjectKind, Verb
from coach.phrases import Phrase, Thing, counted, facts, say, verbatim
from coach.terms import VERBS
from coach.wording import plain, words
from storage import activities, showing
from storage.activities import ActivityRow, Which
from storage.showing import Place

#: How many days are looked at when nothing is said, and at most.
DAYS, MOST_DAYS = 7, 365

#: How many of the latest activities are listed.
LISTED = 10


async def run(call: Call) -> Answer:
    """What happened in those days, or what was typed to the coach; or what can be asked."""
    first, _, rest = call.args.strip().partition(" ")
    match first.lower():
        case "help":
            return Answer(*usages(say("What you can ask of your activity:"), _USAGES, call.voice))
        case "commands":
            return await _commands(call, _days(rest.strip()))
        case _:
            return await _happened(call, _days(call.args.strip()))


#: What can be typed, by examples.
_USAGES = (
    ("activity", say("what happened to your deals, contacts and tasks in the last 7 days")),
    ("activity 30", say("the same of the last 30 days; of at most {most}", most=MOST_DAYS)),
    ("activity commands", say("what you typed to your coach in the last 7 days")),
    ("activity commands 30", say("the same of the last 30 days")),
)


async def _commands(call: Call, days: int) -> Answer:
    """How many commands there were in those days, and the latest few."""
    now = call.parts.clock.now()
    async with call.parts.database.read() as tx:
        since = now - timedelta(days=days)
        theirs = Which(person_id=call.person.id, verb=Verb.COMMAND_USED, since=since, until=now)
        counts = await activities.counts_by_verb(tx, call.workspace_id, theirs, now=now, days=days)
        latest = await activities.recent(tx, call.workspace_id, theirs, most=LISTED)
    count = sum(counts.values())
    typed = counted("{count} command of yours", "{count} commands of yours", "count", count=count)
    title = plain(_title(days, typed), call.voice)
    blocks: Blocks = [header(title)]
    for row in latest:
        _, name = row.changes.get("command", (None, ""))
        said = say("{time} · {command}", time=row.occurred_at, command=f"/coach {name}")
        blocks.append(context(plain_text(flat(shorter(words(said, call.voice), 200)))))
    return Answer(title, blocks + _left(count - len(latest), call))


async def _happened(call: Call, days: int) -> Answer:
    """Counts by what happened in those days, most frequent first, and the latest few of it."""
    now = call.parts.clock.now()
    async with call.parts.database.read() as tx:
        since = now - timedelta(days=days)
        theirs = Which(person_id=call.person.id, since=since, until=now, commands=False)
        counts = await activities.counts_by_verb(tx, call.workspace_id, theirs, now=now, days=days)
        latest = await activities.recent(tx, call.workspace_id, theirs, most=LISTED)
        things = await showing.by_places(tx, call.workspace_id, filter(None, map(_thing, latest)))
        undone = await activities.undone(tx, call.workspace_id, latest)
    count = sum(counts.values())
    happened = counted(
        "{count} activity of yours", "{count} activities of yours", "count", count=count
    )
    title = plain(_title(days, happened), call.voice)
    often = [
        say("{what} {count}×", what=VERBS[verb], count=count) for verb, count in counts.items()
    ]
    summary = verbatim(facts(*often)) if often else say("Nothing has happened.")
    blocks: Blocks = [header(title), paragraph(line(words(summary, call.voice), 2000))]
    for row in latest:
        what, thing = VERBS[row.verb], _thing(row)
        if thing is not None:
            # What is not in the mirror, as it was deleted, has only its id left.
            name = things[thing].thing if thing in things else Thing(thing[2])
            what = told(row.verb, name, row.changes)
        if row.dedupe_key in undone:
            what = say("{what}, undone since", what=what)
        said = say("{time} · {what}", time=row.occurred_at, what=what)
        blocks.append(context(plain_text(flat(shorter(words(said, call.voice), 200)))))
    return Answer(title, blocks + _left(count - len(latest), call))


def _left(count: int, call: Call) -> Blocks:
    """How many are not listed, where they are older than those that are."""
    if count <= 0:
        return []
    more = say("… and {count} before that", count=count)
    return [context(plain_text(plain(more, call.voice)))]


def _title(days: int, happened: Phrase) -> Phrase:
    if days == 1:
        return say("The last day: {happened}", happened=happened)
    return counted(
        "The last {days} day: {happened}",
        "The last {days} days: {happened}",
        "days",
        days=days,
        happened=happened,
    )


def _thing(row: ActivityRow) -> Place | None:
    """What the activity is about most of all."""
    if row.deal_id:
        return SubjectKind.DEAL, row.connection_id, row.deal_id
    if row.task_id:
        return SubjectKind.TASK, row.connection_id, row.task_id
    if row.contact_id:
        return SubjectKind.CONTACT, row.connection_id, row.contact_id
    return None


def _days(text: str) -> int:
    if not text:
        return DAYS
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= MOST_DAYS):
        raise SettingError(
            "days",
            say(
                "Say how many days, from 1 to {most}, or nothing for {default}; "
                "`/coach activity help` shows what else can be asked.",
                most=MOST_DAYS,
                default=DAYS,
            ),
        )
    return int(text[:4])


SUBCOMMAND = Subcommand(
    "activity [DAYS|commands|help]",
    say("show what happened of late, and how often"),
    run,
    group=Group.WORK,
    example="activity 30",
    also=("happened", "history", "log"),
)
