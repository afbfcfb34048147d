"""Of one thing one rule speaks: a deal, or the lead it is with, and the deal for a fortnight."""

from datetime import timedelta
from typing import Any

from bot.coaching import decisions, following, muting, ticking
from bot.runtime.parts import Parts
from coach.models import Insight, InsightState, Level, Person
from coach.wording import plain
from tests.bot.coaching.test_ticking import LONG_AGO, lead, pass_time
from tests.world import ANA, WORKSPACE, by, deliver, enrol, insights_of, told

DAY = timedelta(days=1)


def deal_with(contact: str, **more: Any) -> dict[str, Any]:
    """An open deal with somebody, as old as the leads."""
    deal = {"id": f"D-{contact}", "title": "Pilot", "stage": "Proposal", "status": "open"}
    return told("deal_created", deal={**deal, "contact_id": contact, **more}, at=LONG_AGO)


def called(contact: str) -> dict[str, Any]:
    """Somebody called them then, and nobody did since."""
    return told("call_logged", contact={"id": contact}, at=LONG_AGO)


async def open_now(parts: Parts, person: Person) -> dict[str, str]:
    """What is open, by rule, as it is now."""
    found = await following.pending(parts, WORKSPACE, person.id)
    return {each.rule: plain(each.message) for each in found}


async def of(parts: Parts, person: Person, rule: str) -> Insight:
    found = [each for each in await insights_of(parts, person) if each.rule == rule]
    return found[0]


QUIET = "Nothing has happened with Pilot for 21 days. Is it still alive?"
BOTH = "Warm leads going cold: Ann and Bo haven't been contacted in {} days."
BO = "Warm lead going cold: Bo hasn't been contacted in 21 days."


async def test_whose_deal_is_told_of_is_not_told_of_beside_it(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, lead("C-1", "Ann"), lead("C-2", "Bo"), deal_with("C-1"), called("C-1"))
    await ticking.tick(parts)
    assert plain((await of(parts, ana, "stale_leads")).message) == BO
    assert await open_now(parts, ana) == {"deal_gone_quiet": QUIET, "stale_leads": BO}
    # Sent away or not, it was told of.
    insight = await of(parts, ana, "deal_gone_quiet")
    await decisions.dismiss(parts, by(ANA), insight.fingerprint)
    assert await open_now(parts, ana) == {"stale_leads": BO}


async def test_at_a_level_that_does_not_hear_of_the_deal_the_lead_is_told_of(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA, level=Level.MINIMAL)
    await deliver(parts, lead("C-1", "Ann"), lead("C-2", "Bo"), deal_with("C-1"), called("C-1"))
    await ticking.tick(parts)
    assert (await open_now(parts, ana))["stale_leads"] == BOTH.format(21)


async def told_of_since(parts: Parts) -> Person:
    """Of both leads was told, and then of a deal with one of them."""
    ana = await enrol(parts, ANA)
    await deliver(parts, lead("C-1", "Ann"), lead("C-2", "Bo"), called("C-1"))
    await ticking.tick(parts)
    assert await open_now(parts, ana) == {"stale_leads": BOTH.format(21)}
    pass_time(parts, timedelta(minutes=2))
    await deliver(parts, deal_with("C-1"))
    await ticking.tick(parts)
    return ana


async def test_a_list_that_stands_leaves_out_whose_deal_is_told_of_since(parts: Parts) -> None:
    ana = await told_of_since(parts)
    assert await open_now(parts, ana) == {"deal_gone_quiet": QUIET, "stale_leads": BO}


async def made_anew(parts: Parts, ana: Person) -> str:
    """What is said of the leads two mornings later, as it is made."""
    pass_time(parts, 2 * DAY)
    await ticking.tick(parts)
    return plain((await of(parts, ana, "stale_leads")).message)


async def test_a_list_is_made_without_whose_deal_was_told_of_before(parts: Parts) -> None:
    ana = await told_of_since(parts)
    assert await made_anew(parts, ana) == BO.replace("21", "23")


async def test_who_has_muted_quiet_deals_hears_of_the_lead(parts: Parts) -> None:
    ana = await told_of_since(parts)
    insight = await of(parts, ana, "deal_gone_quiet")
    _, choices = await muting.choices(parts, by(ANA), insight.fingerprint)
    (kind,) = [each for each in choices if each.what == "rule:deal_gone_quiet"]
    await muting.mute(parts, by(ANA), kind, None)
    assert await made_anew(parts, ana) == BOTH.format(23)


async def test_a_deal_that_is_lost_is_neither_quiet_nor_with_a_warm_lead(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, lead("C-1", "Ann"), lead("C-2", "Bo"), deal_with("C-1"), called("C-1"))
    await ticking.tick(parts)
    now = parts.clock.now()
    lost = {"id": "D-C-1", "status": "lost"}
    await deliver(parts, told("deal_closed", deal=lost, at=now))
    settled = await of(parts, ana, "deal_gone_quiet")
    assert settled.state is InsightState.RESOLVED
    assert await open_now(parts, ana) == {"stale_leads": BO}
