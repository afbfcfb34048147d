"""“Why am I seeing this?”: what an insight goes by, what is set, and what became of its kind."""

from collections.abc import Sequence
from datetime import datetime

from bot.coaching.explaining import Explanation
from bot.coaching.permission import refused
from bot.slack.blocks.card import importance, what_and_why
from bot.slack.blocks.pieces import (
    MOST_VIEW_JSON,
    Blocks,
    Json,
    actions,
    button,
    context,
    fitted,
    line,
    modal,
    option,
    paragraph,
)
from coach.explaining import how_it_came, in_force, so_far, thing_now, what_comes_next
from coach.models import Deal, Insight, InsightState
from coach.phrases import Phrase, counted, say, verbatim
from coach.rule import Rule
from coach.wording import Voice, plain, words

#: The `action_id` of the button that asks why, with the insight's fingerprint as its value; of the
#: menu of other insights; and of the button that opens the settings.
WHY, CHOOSE, SETTINGS = "insight:why", "why:choose", "why:settings"

#: Longest line, in characters.
LINE = 300


def why_modal(
    explanation: Explanation, voice: Voice, now: datetime, others: Sequence[Insight] = ()
) -> Json:
    """The explanation of one insight, with a menu of those that may be explained in its place."""
    insight = explanation.told.insight
    is_open = insight.state is InsightState.OPEN and insight.expires_at > now
    rule, person = explanation.rule, explanation.person
    came = [how_it_came(explanation.told)]
    if is_open and (coming := what_comes_next(person, now)) is not None:
        came.append(coming)

    def build(share: float) -> Blocks:
        blocks: Blocks = [what_and_why(insight, voice, share), context(importance(insight, voice))]
        if not is_open:
            blocks += _part(None, [refused(insight)], voice, share)
        if rule is not None:
            goes_by = say("{called}: {summary}", called=rule.called, summary=rule.summary)
            blocks += _part(say("What it goes by"), [goes_by], voice, share)
        blocks += _part(
            say("What it is about, as it is now"), _things(explanation, now), voice, share
        )
        if rule is not None:
            blocks += _part(say("What is set"), _set(explanation, rule), voice, share)
            settings = button(plain(say("Settings"), voice), SETTINGS)
            blocks.append(actions([settings], block_id="why"))
        blocks += _part(say("How it came to you"), came, voice, share)
        blocks += _part(
            say("What became of this kind so far"), [so_far(explanation.outcomes)], voice, share
        )
        return blocks + _others(insight, others, voice)

    return modal(
        plain(say("Why am I seeing this?"), voice),
        fitted(build, MOST_VIEW_JSON),
        callback_id="why",
        close=plain(say("Close"), voice),
    )


def _set(explanation: Explanation, rule: Rule) -> list[Phrase]:
    # Of a deal and its contact it is the deal that has a limit.
    deals = [each for each in explanation.things if isinstance(each, Deal)]
    thing = next(iter(deals or explanation.things), None)
    return in_force(rule, explanation.person, thing, explanation.known)


def _things(explanation: Explanation, now: datetime) -> list[Phrase]:
    told = [thing_now(each, explanation.person, now) for each in explanation.things]
    if (left := explanation.count - len(told)) > 0 and told:
        told.append(counted("… and {count} more.", "… and {count} more.", "count", count=left))
    return told


def _part(title: Phrase | None, said: Sequence[Phrase], voice: Voice, share: float) -> Blocks:
    """A title and the lines below it; nothing where there are none."""
    if not said:
        return []
    most = int(LINE * share)
    lines = [line(words(each, voice), most, links=share > 0.2) for each in said]
    if title is not None:
        lines.insert(0, line(words(title, voice), most, bold=True))
    return [paragraph(*lines)]


def _others(insight: Insight, others: Sequence[Insight], voice: Voice) -> Blocks:
    if len(others) < 2:
        return []
    options = [option(plain(verbatim(each.message), voice), each.fingerprint) for each in others]
    menu: Json = {
        "type": "static_select",
        "action_id": CHOOSE,
        "placeholder": {"type": "plain_text", "text": plain(say("Another one"), voice)},
        "options": options,
    }
    chosen = [each for each in options if each["value"] == insight.fingerprint]
    if chosen:
        menu["initial_option"] = chosen[0]
    title = line(words(say("Ask about another one"), voice), LINE, bold=True)
    return [paragraph(title), actions([menu], block_id="why:others")]
