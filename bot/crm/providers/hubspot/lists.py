"""HubSpot's pipelines and owners."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.crm.calls import Answer, Call
from bot.crm.provider import Account, Fetch, Fetched, PayloadError
from bot.crm.providers.hubspot.calls import PAGE, get
from bot.crm.things import content, inner, name_of, needed, rows, words
from coach.events import Owner
from coach.models import DealStatus
from coach.stages import Stage


def stages_call(account: Account, fetch: Fetch) -> Call:
    """All pipelines of deals."""
    return get(account, "/crm/v3/pipelines/deals")


def owners_call(account: Account, fetch: Fetch) -> Call:
    """A page of owners, then of those who have left: things may still be theirs."""
    archived, _, after = fetch.cursor.partition(":")
    more = {"after": after} if after else {}
    gone = "true" if archived == "archived" else "false"
    return get(account, "/crm/v3/owners", limit=PAGE, archived=gone, **more)


def read_stages(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    """The stages of all pipelines: what each means says its probability, never its name."""
    pipelines = content(answer.body).get("results")
    if not isinstance(pipelines, list):
        raise PayloadError("The answer has no list of pipelines.")
    return Fetched(
        stages=[
            _stage(pipeline, each)
            for pipeline in rows(pipelines)
            for each in rows(pipeline.get("stages"))
            if name_of(each.get("id"))
        ]
    )


def _stage(pipeline: Mapping[str, Any], value: Mapping[str, Any]) -> Stage:
    id = needed(value.get("id"))
    place = value.get("displayOrder")
    probability = _probability(inner(value, "metadata", "probability"))
    closed = str(inner(value, "metadata", "isClosed")).lower() == "true"
    meaning = DealStatus.OPEN
    if closed:
        meaning = DealStatus.WON if probability == 1 else DealStatus.LOST
    return Stage(
        id,
        words(value.get("label"), 120) or id,
        name_of(pipeline.get("id")) or "",
        place if isinstance(place, int) and 0 <= place < 10_000 else None,
        meaning,
        probability,
    )


def _probability(value: object) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 <= number <= 1 else None


def read_owners(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    """A page of owners, by the id that deals name and the address they have in Slack."""
    value = content(answer.body)
    results = value.get("results")
    if not isinstance(results, list):
        raise PayloadError("The answer has no list of owners.")
    owners = [
        Owner.of(
            id=name_of(each.get("id")),
            email=words(each.get("email"), 320) or None,
            name=f"{words(each.get('firstName'), 60)} {words(each.get('lastName'), 60)}",
        )
        for each in rows(results)
    ]
    archived, _, _ = fetch.cursor.partition(":")
    after = name_of(inner(value, "paging", "next", "after"))
    following = "archived:" if archived != "archived" else None
    if after is not None:
        following = f"{archived or 'active'}:{after}"
    return Fetched(owners=[owner for owner in owners if owner is not None], next=following)
