"""A person's report: two pictures, and the same in words and figures below them."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

from bot.slack.blocks.charts import CHART, bars
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
from bot.slack.blocks.text import escaped, flat
from coach.phrases import Money, Phrase, Value, counted, facts, say
from coach.report import ENOUGH, Amounts, During, FromSource, InStage, Report, Span
from coach.saying_shares import percent
from coach.wording import Voice, plain, words

T = TypeVar("T")

#: How many stages and sources are named.
MOST = 15


def report_blocks(report: Report, voice: Voice) -> tuple[str, Blocks]:
    """The notification's text, and the blocks with the pictures."""
    title = say("Your report by week") if report.span is Span.WEEK else say("Your report by month")
    heading = plain(title, voice)
    summary = _summary(report)

    def build(share: float) -> Blocks:
        return [
            header(heading),
            _words(summary, voice, 600),
            *_stages(report, voice, share),
            *_past(report, voice, share),
            *_sources(report, voice, share),
        ]

    return escaped(flat(words(summary, voice)), 500), fitted(build)


def without_pictures(blocks: Blocks) -> Blocks:
    """The same for a Slack that does not know pictures: all of it is in the words as well."""
    return [
        paragraph(line(each["title"], 200, bold=True)) if each["type"] == CHART else each
        for each in blocks
    ]


def _summary(report: Report) -> Phrase:
    now = report.past[-1]
    before = report.past[-2]
    this, last = _closed(now), _closed(before)
    if report.span is Span.WEEK:
        return say("This week: {this}. Last week: {last}.", this=this, last=last)
    return say("This month: {this}. Last month: {last}.", this=this, last=last)


def _closed(during: During) -> Phrase:
    if not during.won and not during.lost:
        return say("nothing closed")
    won = say("{won} won", won=during.won)
    if during.amounts:
        won = say("{won} won ({amounts})", won=during.won, amounts=_amounts(during.amounts))
    return say("{won}, {lost} lost", won=won, lost=during.lost)


def _amounts(amounts: Amounts) -> Value:
    ordered = sorted(amounts.items(), key=lambda each: (-each[1], each[0] or ""))
    return facts(*(Money(amount, currency) for currency, amount in ordered))


def _stages(report: Report, voice: Voice, share: float) -> Blocks:
    title = say("Open deals by stage")
    if not report.stages:
        return [*_title(title, voice), _words(say("No deal of yours is open."), voice, 200)]
    names = [_stage_name(each, voice) for each in report.stages]
    chart = bars(
        plain(title, voice),
        names,
        {plain(say("Open deals"), voice): [each.count for each in report.stages]},
    )
    return [
        chart,
        *_list(report.stages, _in_stage, voice, share),
    ]


def _stage_name(each: InStage, voice: Voice) -> str:
    return plain(say("{stage}", stage=each.stage) if each.stage else say("no stage"), voice)


def _in_stage(each: InStage) -> Phrase:
    told = counted("{count} deal", "{count} deals", "count", count=each.count)
    if each.amounts:
        told = say("{deals}, {amounts}", deals=told, amounts=_amounts(each.amounts))
    return say("{stage}: {told}", stage=each.stage or say("no stage"), told=told)


def _past(report: Report, voice: Voice, share: float) -> Blocks:
    week = report.span is Span.WEEK
    title = say("Won and lost by week") if week else say("Won and lost by month")
    if not any(each.won or each.lost for each in report.past):
        nothing = say("Nothing of yours was closed in this time.")
        return [*_title(title, voice), _words(nothing, voice, 200)]
    chart = bars(
        plain(title, voice),
        [plain(_when(report, each.begin), voice) for each in report.past],
        {
            plain(say("Won"), voice): [each.won for each in report.past],
            plain(say("Lost"), voice): [each.lost for each in report.past],
        },
        plain(say("Week that began"), voice) if week else "",
    )
    return [
        chart,
        *_list(
            [each for each in reversed(report.past) if each.won or each.lost],
            lambda each: say("{when}: {told}", when=_when(report, each.begin), told=_closed(each)),
            voice,
            share,
        ),
    ]


def _when(report: Report, begin: date) -> Phrase:
    if report.span is Span.WEEK:
        return say("{date}", date=begin)
    return say("{month}", month=f"{begin:%m/%Y}")


def _sources(report: Report, voice: Voice, share: float) -> Blocks:
    title = say("Won by source, of the deals closed in the last year")
    if not report.sources:
        few = say("No source has {count} closed deals of yours yet.", count=ENOUGH)
        return [*_title(title, voice), _words(few, voice, 200)]
    if not report.knows_losses:
        none = say("No lost deal is known, so there is no share to tell.")
        return [*_title(title, voice), _words(none, voice, 200)]
    note = say(
        "“Likely” is where the share lies with 95 % confidence. Where two of these overlap, their "
        "difference may be chance."
    )
    return [
        *_title(title, voice),
        *_list(report.sources, _source, voice, share),
        context(plain_text(plain(note, voice))),
    ]


def _source(each: FromSource) -> Phrase:
    low, high = each.likely
    return say(
        "{source}: {won} of {decided} ({rate} %, likely {low}–{high} %)",
        source=each.source,
        won=each.won,
        decided=each.decided,
        rate=percent(each.won / each.decided),
        low=percent(low),
        high=percent(high),
    )


def _title(title: Phrase, voice: Voice) -> Blocks:
    return [paragraph(line(words(title, voice), 200, bold=True))]


def _words(said: Phrase, voice: Voice, most: int) -> Json:
    return paragraph(line(words(said, voice), most))


def _list(each: Sequence[T], told: Callable[[T], Phrase], voice: Voice, share: float) -> Blocks:
    shown = each[: max(int(MOST * share), 3)]
    rows: list[Json] = [
        {"type": "rich_text_section", "elements": line(words(told(one), voice), 200)}
        for one in shown
    ]
    bullets: Json = {"type": "rich_text_list", "style": "bullet", "elements": rows}
    blocks: Blocks = [{"type": "rich_text", "elements": [bullets]}]
    left = len(each) - len(shown)
    if left:
        more = counted("… and {count} more.", "… and {count} more.", "count", count=left)
        blocks.append(context(plain_text(plain(more, voice))))
    return blocks
