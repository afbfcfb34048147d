"""Who is coached: people by name, with what each has set."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.terminal.showing.listing import Json, Listing, Names, Wish
from bot.terminal.showing.values import record, value
from coach.models import Often, Person, Settings
from coach.thresholds import daily_cap, stale_lead_days, stuck_deal_days
from coach.timetable import brief_time, digest_time
from storage import showing
from storage.database import Tx
from storage.showing import Place

_Known = tuple[Person, datetime]

#: Times of day are called so, to tell them from instants.
_CALLED = {"brief_at": "brief_time", "digest_at": "digest_time"}

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


async def _page(tx: Tx, wish: Wish, after: _Known | None, most: int) -> Sequence[_Known]:
    return await showing.everybody(
        tx,
        wish.workspace_id,
        person_id=wish.person_id,
        since=wish.since,
        after=after[0] if after else None,
        most=most,
    )


def _needs(known: _Known) -> tuple[Iterable[str | None], Iterable[Place]]:
    return [known[0].id], []


def _json(known: _Known, names: Names) -> Json:
    person, since = known
    return {
        **record(person, ("workspace_id", "id", "settings")),
        # Numbers nobody has set are empty: then the default of the coach holds.
        **{_CALLED.get(name, name): told for name, told in record(person.settings).items()},
        "created_at": value(since),
    }


def _cells(known: _Known, names: Names) -> tuple[str, ...]:
    person, since = known
    settings = person.settings
    return (
        person.name,
        person.email or "",
        person.slack_user_id or "not matched",
        person.enrolment.value if settings.enabled else "off",
        f"{int(settings.level)} {settings.level.name.lower()}",
        f"{stale_lead_days(person)} days, {stuck_deal_days(person)} days",
        _works(settings),
        f"{brief_time(settings):%H:%M}" if settings.brief else "off",
        _digest(settings),
        str(daily_cap(person)),
        person.time_zone or "",
        names.when(since, person.id),
    )


def _works(settings: Settings) -> str:
    days = " ".join(_DAYS[day - 1] for day in settings.working_days if 1 <= day <= len(_DAYS))
    hours = f"{settings.work_from:%H:%M}–{settings.work_until:%H:%M}"
    return f"{days} {hours}" + (
        f", off on holidays of {settings.holidays}" if settings.holidays else ""
    )


def _digest(settings: Settings) -> str:
    if settings.digest is Often.OFF:
        return "off"
    return f"{settings.digest.value} {digest_time(settings):%H:%M}"


PEOPLE = Listing(
    days=None,
    page=_page,
    needs=_needs,
    json=_json,
    columns=(
        *(
            "person",
            "address",
            "Slack",
            "coach",
            "level",
            "cold, stuck after",
            "works",
            "brief",
            "digest",
            "a day",
            "time zone",
        ),
        "known since",
    ),
    cells=_cells,
)
