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
from coach.thresholds import stale_lead_days, stuck_deal_days


def home(person: Person, insights: Sequence[Insight], promise: Callable[[Insight], str]) -> Json:
    """The whole tab for one person, with their pending insights in order.

    `promise` tells of an insight what Take Action will do.
    """

    def build(share: float) -> Blocks:
        return [
            header("Your business coach"),
            *_state(person),
            {"type": "divider"},
            header("Waiting for you"),
            *(insight_rows(insights, promise, share) if insights else note("Nothing. Well done!")),
        ]

    return {"type": "home", "blocks": fitted(build, MOST_VIEW_JSON)}


def _state(person: Person) -> Blocks:
    settings = person.settings
    change = button("Settings", "home:settings")
    if is_on(person):
        told = (
            f"The coach is on, at level {int(settings.level)}, {settings.level.name.lower()}. "
            f"Leads go cold after {stale_lead_days(person)} working days, deals are stuck after "
            f"{stuck_deal_days(person)}."
        )
        row = [change, button("Turn off", "home:off")]
    elif person.enrolment is Enrolment.STARTED:
        told = "The coach is off: it keeps watching the CRM and says nothing."
        row = [button("Turn on", "home:on", style="primary"), change]
    else:
        told = (
            "The coach has not started. It watches the deals, leads and tasks that belong to you "
            "and tells you, and only you, the one thing worth doing next."
        )
        row = [button("Start", "home:on", style="primary"), change]
    zone = person.time_zone or "not known yet"
    return [
        *note(told),
        actions(row, block_id="home"),
        context(plain_text(f"Time zone: {zone}. /coach help shows what you can type.")),
    ]
