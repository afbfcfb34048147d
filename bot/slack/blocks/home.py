"""The Home tab: what waits, what was done, and whether the coach is on and how it is set."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.coaching.listing import Listing
from bot.slack.blocks.lists import insight_rows, note
from bot.slack.blocks.pieces import (
    MOST_VIEW_JSON,
    Blocks,
    Json,
    actions,
    button,
    context,
    fitted,
    header,
    line,
    paragraph,
    plain_text,
    section,
)
from bot.slack.blocks.settings import is_on
from bot.slack.blocks.team_channel import own_place
from bot.slack.blocks.text import flat, shorter
from bot.slack.blocks.things import UNDO, row
from coach.calendar import local_date, moment_on
from coach.models import Enrolment, Insight, Often, Person
from coach.phrases import Phrase, TimeOfDay, Value, counted, facts, say, together
from coach.postponing import next_day
from coach.terms import LEVEL_NAMES
from coach.thresholds import daily_cap, stale_lead_days, stuck_deal_days
from coach.timetable import brief_time, digest_time
from coach.wording import Voice, plain, weekdays, words
from storage.crm_writes import Did
from storage.team_channels import TeamChannel
from storage.undoing import WITHIN

#: Slack's limit of blocks in a view.
MOST_BLOCKS = 100

#: How many tasks of today are shown.
DUE = 5

#: Longest line about what became of a kind, in characters.
LINE = 300


def home(
    person: Person,
    voice: Voice,
    insights: Sequence[Insight],
    promise: Callable[[Insight], Phrase | None],
    now: datetime,
    *,
    muted: Sequence[Json] = (),
    helped: Sequence[Phrase] = (),
    due: Listing | None = None,
    did: Sequence[Did] = (),
    channel: TeamChannel | None = None,
    administration: Sequence[Json] = (),
) -> Json:
    """The whole tab for one person, with their pending insights in order.

    `promise` tells of an insight what Take Action will do; `muted` are the rows of what they have
    muted, and `helped` what became of what they were told, by kind. `due` are their tasks of today,
    and `did` what they did here of late; `channel` is the team's, and `administration` is for who
    administers.
    """

    def build(share: float) -> Blocks:
        state: Blocks = [
            header(plain(say("Your business coach"), voice)),
            *_state(person, voice, now),
            *_in_channel(channel, person, voice),
        ]
        waiting: Blocks = [
            header(plain(say("Waiting for you"), voice)),
            *(
                insight_rows(
                    insights, voice, promise, share, now=now, morning=next_day(person, now)
                )
                if insights
                # With tasks overdue below it, it would be no praise.
                else note(say("Nothing.") if due and due.count else _WELL_DONE, voice)
            ),
            *_due(due, voice, now),
            *_did(did, voice, now),
            *_helped(helped, voice, share),
        ]
        # However much waits, the settings can be reached.
        waiting = waiting[: MOST_BLOCKS - len(state) - 2]
        # What matters today comes first, unless something has to be switched on for it.
        speaks = is_on(person) and (person.paused_until is None or person.paused_until <= now)
        first, then = (waiting, state) if speaks else (state, waiting)
        return [
            *first,
            {"type": "divider"},
            *then,
            *([{"type": "divider"}, header(plain(say("Muted"), voice)), *muted] if muted else []),
            *administration,
            {"type": "divider"},
            context(plain_text(plain(_YOURS, voice))),
        ][:MOST_BLOCKS]

    return {"type": "home", "blocks": fitted(build, MOST_VIEW_JSON)}


def _in_channel(channel: TeamChannel | None, person: Person, voice: Voice) -> Blocks:
    """Whether the team's channel names them; of who is not coached, it names nobody."""
    return own_place(channel, voice, named=person.is_named) if is_on(person) else []


def _due(due: Listing | None, voice: Voice, now: datetime) -> Blocks:
    """Their tasks of today and those overdue, each with its menu."""
    if due is None or not due.things:
        return []
    title = counted(
        "{count} task due today or overdue",
        "{count} tasks due today or overdue",
        "count",
        count=due.count,
    )
    rows = [block for each in due.things[:DUE] for block in row(each, due, voice, now, 240)]
    more: Blocks = []
    if due.count > len(due.things[:DUE]):
        more = [context(plain_text(plain(say("/coach tasks lists all of them."), voice)))]
    return [{"type": "divider"}, header(plain(title, voice)), *rows, *more]


def _did(did: Sequence[Did], voice: Voice, now: datetime) -> Blocks:
    """What they did here of late; of an act of the last minutes, with Undo."""
    if not did:
        return []
    blocks: Blocks = [{"type": "divider"}, header(plain(say("What you did here of late"), voice))]
    undone: set[str] = set()
    for each in did:
        told = say("{time}: {done}", time=each.at, done=each.words)
        text = plain_text(flat(shorter(words(told, voice), LINE)), LINE + 20)
        if each.act and each.act not in undone and now - each.at < WITHIN:
            # What was done together is taken back together, by one button.
            undone.add(each.act)
            blocks.append(
                section(text, accessory=button(plain(say("Undo"), voice), UNDO, each.act))
            )
        else:
            blocks.append(context(text))
    return blocks


_WELL_DONE = say("Nothing. Well done!")

_YOURS = say("Your data: /coach export gives it to you, /coach forget-me has it deleted.")


def _helped(helped: Sequence[Phrase], voice: Voice, share: float) -> Blocks:
    """What became of what they were told: theirs alone, and nobody else's beside it."""
    if not helped:
        return []
    lines = [line(words(each, voice), int(LINE * share), links=False) for each in helped]
    title = say("Did it help? What became of what you were told in the last 30 days")
    return [{"type": "divider"}, header(plain(title, voice)), paragraph(*lines)]


def _state(person: Person, voice: Voice, now: datetime) -> Blocks:
    change = button(plain(say("Settings"), voice), "home:settings")
    if is_on(person):
        level = person.settings.level
        told = together(
            say(
                "The coach is on, at level {number}, {name}.",
                number=int(level),
                name=LEVEL_NAMES[level],
            ),
            _limits(person),
        )
        row = [change, button(plain(say("Turn off"), voice), "home:off")]
        if person.paused_until is not None and person.paused_until > now:
            told = say("The coach is paused until {time}.", time=person.paused_until)
            row = [button(plain(say("End the pause"), voice), "home:resume", style="primary"), *row]
    elif person.enrolment is Enrolment.STARTED:
        told = say("The coach is off: it keeps watching the CRM and says nothing.")
        row = [button(plain(say("Turn on"), voice), "home:on", style="primary"), change]
    else:
        told = say(
            "The coach has not started. It watches the deals, leads and tasks that belong to you "
            "and tells you, and only you, the one thing worth doing next."
        )
        row = [button(plain(say("Start"), voice), "home:on", style="primary"), change]
    zone = say(
        "Time zone: {zone}. /coach help shows what you can type.",
        zone=person.time_zone or say("not known yet"),
    )
    return [
        *note(told, voice),
        actions(row, block_id="home"),
        *_times(person, voice, now),
        context(plain_text(plain(zone, voice))),
    ]


def _times(person: Person, voice: Voice, now: datetime) -> Blocks:
    """When they work and what comes when, at a glance."""
    if person.enrolment is not Enrolment.STARTED:
        return []
    settings, day = person.settings, local_date(now, person)
    start, end, brief, digest = (
        TimeOfDay(moment_on(day, each, person))
        for each in (
            settings.work_from,
            settings.work_until,
            brief_time(settings),
            digest_time(settings),
        )
    )
    work = say(
        "At work {days}, {start} to {end}.",
        days=_days(settings.working_days, voice),
        start=start,
        end=end,
    )
    told: list[Value] = []
    if settings.holidays:
        work = together(work, say("Off on public holidays ({country}).", country=settings.holidays))
    told.append(say("brief at {time}", time=brief) if settings.brief else say("no brief"))
    match settings.digest:
        case Often.OFF:
            told.append(say("no digest"))
        case Often.DAILY:
            told.append(say("digest each working day at {time}", time=digest))
        case Often.WEEKLY:
            told.append(say("digest once a week at {time}", time=digest))
    told.append(
        counted(
            "at most {count} message a day",
            "at most {count} messages a day",
            "count",
            count=daily_cap(person),
        )
    )
    coming = say("What comes: {told}.", told=facts(*told))
    return [context(plain_text(plain(together(work, coming), voice)))]


def _days(days: Sequence[int], voice: Voice) -> Value:
    """Days of the week by name; three and more in a row by the first and the last."""
    called = weekdays(voice)
    names = [called[day - 1] for day in days]
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return say("{first} to {last}", first=names[0], last=names[-1])
    return facts(*names)


def _limits(person: Person) -> Phrase:
    if person.settings.stuck_deal_days is None:
        return counted(
            "Leads go cold after {stale} working day. Deals are stuck when they stay longer than 9 "
            "of 10 your team won, or, where too few were won, after {stuck} working days.",
            "Leads go cold after {stale} working days. Deals are stuck when they stay longer than "
            "9 of 10 your team won, or, where too few were won, after {stuck} working days.",
            "stale",
            stale=stale_lead_days(person),
            stuck=stuck_deal_days(person),
        )
    return counted(
        "Leads go cold after {stale} working day, deals are stuck after {stuck}.",
        "Leads go cold after {stale} working days, deals are stuck after {stuck}.",
        "stale",
        stale=stale_lead_days(person),
        stuck=stuck_deal_days(person),
    )
