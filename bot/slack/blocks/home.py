"""The Home tab: whether the coach is on, the settings, and what waits."""

from collections.abc import Callable, Sequence

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
    plain_text,
)
from bot.slack.blocks.settings import is_on
from coach.models import Enrolment, Insight, Person
from coach.phrases import Phrase, counted, say, together
from coach.terms import LEVEL_NAMES
from coach.thresholds import stale_lead_days, stuck_deal_days
from coach.wording import Voice, plain


def home(
    person: Person,
    voice: Voice,
    insights: Sequence[Insight],
    promise: Callable[[Insight], Phrase | None],
) -> Json:
    """The whole tab for one person, with their pending insights in order.

    `promise` tells of an insight what Take Action will do.
    """

    def build(share: float) -> Blocks:
        return [
            header(plain(say("Your business coach"), voice)),
            *_state(person, voice),
            {"type": "divider"},
            header(plain(say("Waiting for you"), voice)),
            *(
                insight_rows(insights, voice, promise, share)
                if insights
                else note(say("Nothing. Well done!"), voice)
            ),
        ]

    return {"type": "home", "blocks": fitted(build, MOST_VIEW_JSON)}


def _state(person: Person, voice: Voice) -> Blocks:
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
        context(plain_text(plain(zone, voice))),
    ]


def _limits(person: Person) -> Phrase:
    return counted(
        "Leads go cold after {stale} working day, deals are stuck after {stuck}.",
        "Leads go cold after {stale} working days, deals are stuck after {stuck}.",
        "stale",
        stale=stale_lead_days(person),
        stuck=stuck_deal_days(person),
    )
