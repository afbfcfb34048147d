"""What `/coach insights` and a backlog answer: lists for the one who asked."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from bot.coaching.backlogs import Kind
from bot.slack.blocks.asides import sentence
from bot.slack.blocks.card import buttons, importance, promised, settled, what_and_why
from bot.slack.blocks.pieces import (
    Blocks,
    Json,
    context,
    fitted,
    header,
    line,
    paragraph,
    plain_text,
)
from coach.calendar import days_between, local_date
from coach.models import Contact, Deal, Insight, Person, Subject, Task
from coach.phrases import Phrase, counted, facts, say
from coach.presenting import value_of
from coach.promising import days_silent
from coach.terms import so_many_days
from coach.wording import Voice, plain, words

#: How many things one list shows.
INSIGHTS, ROWS = 10, 25


def insight_rows(
    insights: Sequence[Insight],
    voice: Voice,
    promise: Callable[[Insight], Phrase | None],
    share: float = 1.0,
    *,
    now: datetime,
    morning: date | None = None,
) -> Blocks:
    """Each insight with its buttons, what was put off last; the last line counts those left out."""
    shown = in_order(insights, now)[: max(int(INSIGHTS * share), 1)]
    text_share = min(share, 0.5)
    blocks: Blocks = []
    for insight in shown:
        if insight.is_put_off(now):
            blocks += settled(insight, voice, text_share, now)
            continue
        promises = promised(promise(insight), voice, text_share)
        blocks += [
            what_and_why(insight, voice, text_share),
            context(importance(insight, voice), *promises),
            buttons(insight, voice, now=now, morning=morning),
        ]
    left = len(insights) - len(shown)
    more = counted(
        "… and {count} insight more.", "… and {count} insights more.", "count", count=left
    )
    return blocks + _left(more, voice)


def in_order(insights: Sequence[Insight], now: datetime) -> list[Insight]:
    """The same, what was put off after what waits."""
    return sorted(insights, key=lambda each: each.is_put_off(now))


def insight_list(
    insights: Sequence[Insight],
    voice: Voice,
    promise: Callable[[Insight], Phrase | None],
    *,
    now: datetime,
    morning: date | None = None,
    muted: int = 0,
) -> tuple[str, Blocks]:
    """Pending insights, the most important first, each with its buttons.

    `promise` tells of an insight what Take Action will do; `morning` is the next day on which they
    work, and `muted` is how much they have muted.
    """
    silent = _silent(muted, voice)
    if not insights:
        text, blocks = sentence(say("Nothing waits for you. Well done!"), voice)
        return text, [*blocks, *silent]
    count = sum(not each.is_put_off(now) for each in insights)
    title = plain(
        counted("{count} insight for you", "{count} insights for you", "count", count=count)
        if count
        else say("Nothing but what you have put off"),
        voice,
    )
    return title, fitted(
        lambda share: [
            header(title),
            *insight_rows(insights, voice, promise, share, now=now, morning=morning),
            *silent,
        ]
    )


def _silent(muted: int, voice: Voice) -> Blocks:
    """That what was muted is not among these."""
    if not muted:
        return []
    left_out = counted(
        "You have muted {count} kind or thing, which is not listed: /coach mute.",
        "You have muted {count} kinds or things, which are not listed: /coach mute.",
        "count",
        count=muted,
    )
    return [context(plain_text(plain(left_out, voice)))]


def backlog_list(
    kinds: Sequence[Kind], person: Person, now: datetime, voice: Voice
) -> tuple[str, Blocks]:
    """All of a backlog, kind by kind, as far as there is room; each thing with its age."""
    if not kinds:
        return sentence(say("None of it waits any more."), voice)
    title = plain(say("What was waiting before I came"), voice)

    def build(share: float) -> Blocks:
        most = max(int(ROWS * share), 1)
        blocks: Blocks = [header(title)]
        for kind in kinds:
            shown = kind.things[:most]
            rows: list[Json] = [
                {
                    "type": "rich_text_section",
                    "elements": line(words(_row(each, person, now), voice), 240, links=share > 0.2),
                }
                for each in shown
            ]
            bullets: Json = {"type": "rich_text_list", "style": "bullet", "elements": rows}
            blocks.append(paragraph(line(words(kind.counted, voice), 120, links=False)))
            blocks.append({"type": "rich_text", "elements": [bullets]})
            left = kind.more + len(kind.things) - len(shown)
            more = counted("… and {count} more.", "… and {count} more.", "count", count=left)
            blocks += _left(more, voice)
        return blocks

    return title, fitted(build)


def _row(thing: Subject, person: Person, now: datetime) -> Phrase:
    match thing:
        case Deal(stage_since=since):
            known = [value_of(thing), thing.stage or say("no stage")]
            if since is not None:
                known.append(say("for {time}", time=so_many_days(days_between(since, now, person))))
            return say("{deal} – {facts}", deal=thing.thing, facts=facts(*known))
        case Task(due_date=date() as due):
            late = so_many_days((local_date(now, person) - due).days)
            known = [say("due {date}", date=due), say("{late} late", late=late)]
            return say("{task} – {facts}", task=thing.thing, facts=facts(*known))
        case Contact(silent_since=datetime()):
            silence = so_many_days(days_silent(thing, now, person))
            return say("{lead} – silent for {silence}", lead=thing.thing, silence=silence)
        case _:
            return say("{thing}", thing=thing.thing)


def _left(more: Phrase, voice: Voice) -> Blocks:
    return [context(plain_text(plain(more, voice)))] if (more.count or 0) > 0 else []


def note(said: Phrase, voice: Voice) -> Blocks:
    """A sentence of our own among the blocks."""
    return [paragraph(line(words(said, voice), 600))]
