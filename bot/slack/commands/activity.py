"""`/coach activity`: what has happened to the person's things of late, and how often."""

from datetime import timedelta

from bot.slack.blocks.pieces import Blocks, context, header, line, paragraph, plain_text
from bot.slack.blocks.text import flat, shorter
from bot.slack.command import Answer, Call, Subcommand
from coach.errors import SettingError
from coach.models import SubjectKind
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
    """Counts by what happened in those days, most frequent first, and the latest few of it."""
    days = _days(call.args)
    now = call.parts.clock.now()
    async with call.parts.database.read() as tx:
        since = now - timedelta(days=days)
        # What they asked the coach itself is nothing that happened to their things.
        theirs = Which(person_id=call.person.id, since=since, until=now, commands=False)
        counts = await activities.counts_by_verb(tx, call.workspace_id, theirs, now=now, days=days)
        latest = await activities.recent(tx, call.workspace_id, theirs, most=LISTED)
        things = await showing.by_places(tx, call.workspace_id, filter(None, map(_thing, latest)))
    title = plain(_title(days, sum(counts.values())), call.voice)
    told = [say("{what} {count}×", what=VERBS[verb], count=count) for verb, count in counts.items()]
    summary = verbatim(facts(*told)) if told else say("Nothing has happened.")
    blocks: Blocks = [header(title), paragraph(line(words(summary, call.voice), 2000))]
    for row in latest:
        what, thing = VERBS[row.verb], _thing(row)
        if thing is None:
            said = say("{time} · {what}", time=row.occurred_at, what=what)
        else:
            # What is not in the mirror, as it was deleted, has only its id left.
            name = things[thing].thing if thing in things else Thing(thing[2])
            said = say("{time} · {what} · {thing}", time=row.occurred_at, what=what, thing=name)
        blocks.append(context(plain_text(flat(shorter(words(said, call.voice), 200)))))
    return Answer(title, blocks)


def _title(days: int, count: int) -> Phrase:
    happened = counted(
        "{count} activity of yours", "{count} activities of yours", "count", count=count
    )
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
                "Say how many days, from 1 to {most}, or nothing for {default}.",
                most=MOST_DAYS,
                default=DAYS,
            ),
        )
    return int(text[:4])


SUBCOMMAND = Subcommand("activity [DAYS]", say("show what happened of late, and how often"), run)
