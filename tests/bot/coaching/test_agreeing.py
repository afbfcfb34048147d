"""What a card says and what its screen shows agree: days, numbers, order and stages."""

from collections.abc import Sequence
from datetime import timedelta

from bot.coaching import decisions, due, ticking
from bot.coaching.decisions import Opened
from bot.runtime.parts import Parts
from coach.models import Insight, Person
from coach.screens import Item, Note
from coach.wording import plain
from storage import insights
from tests.bot.coaching.test_ticking import LONG_AGO, lead, open_deal, pass_time, task
from tests.world import ANA, BEGINNING, WORKSPACE, batch, by, deliver, enrol, insights_of, told

HOUR = timedelta(hours=1)


def items(opened: Opened) -> Sequence[Item]:
    return [each for each in opened.screen.elements if isinstance(each, Item)]


def notes(opened: Opened) -> list[str]:
    return [plain(each.text) for each in opened.screen.elements if isinstance(each, Note)]


async def the_one(parts: Parts, person: Person) -> Insight:
    """What the clock has brought Ana."""
    await ticking.tick(parts)
    (insight,) = await insights_of(parts, person)
    return insight


async def the_card(parts: Parts, insight: Insight) -> str:
    async with parts.database.read() as tx:
        found = await insights.get(tx, WORKSPACE, insight.fingerprint)
    assert found is not None
    return plain(found.message)


async def test_a_card_of_yesterday_counts_the_days_of_its_screen_once_it_is_opened(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"))
    insight = await the_one(parts, ana)
    assert "for 21 days" in await the_card(parts, insight)
    pass_time(parts, timedelta(hours=23))
    opened = await decisions.open_screen(parts, by(ANA), insight.fingerprint)
    (item,) = items(opened)
    assert "for 22 days" in plain(item.facts[-1])
    assert "for 22 days" in await the_card(parts, insight)
    assert "for 22 days" in plain(opened.insight.message)


async def test_leads_are_in_the_order_of_the_card_and_the_others_as_many_as_it_counts(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    ids = [f"C-{n:03}" for n in range(130)]
    leads = [lead(id, id, LONG_AGO - n * timedelta(days=1)) for n, id in enumerate(ids)]
    named = zip(leads, ids, strict=True)
    await deliver(parts, batch(*({**each, "id": f"made-{id}"} for each, id in named)))
    insight = await the_one(parts, ana)
    assert await the_card(parts, insight) == (
        "Warm leads going cold: C-000, C-001, C-002 and 127 more haven't been "
        "contacted in 21+ days."
    )
    opened = await decisions.open_screen(parts, by(ANA), insight.fingerprint)
    assert [each.ref.id for each in items(opened)] == ids[:20]
    assert notes(opened) == ["… and 110 more in your CRM."]


async def test_of_more_leads_than_are_looked_at_the_most_promising_are_among_them(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    ages = range(due.SHOWN + 5)
    leads = ({**lead(f"C-{n}", f"L{n}", LONG_AGO - n * HOUR), "id": f"made-{n}"} for n in ages)
    await deliver(parts, batch(*leads))
    insight = await the_one(parts, ana)
    assert await the_card(parts, insight) == (
        "Warm leads going cold: L0, L1, L2 and 1,002 more haven't been contacted in 21+ days."
    )


async def test_overdue_tasks_that_are_not_shown_are_as_many_as_the_card_counts(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    late = ({**task(f"T-{n}", "2026-11-12"), "id": f"made-{n}"} for n in range(130))
    await deliver(parts, batch(*late))
    insight = await the_one(parts, ana)
    assert "You have 130 overdue tasks" in await the_card(parts, insight)
    opened = await decisions.open_screen(parts, by(ANA), insight.fingerprint)
    assert notes(opened) == ["… and 110 more in your CRM."]


async def test_a_deal_is_offered_the_stages_of_its_pipeline_alone(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    ways = {"D-1": ("Proposal", "sales"), "D-8": ("Due", "renewals"), "D-9": ("Offer", "sales")}
    for id, (stage, pipeline) in ways.items():
        deal = {"id": id, "title": id, "stage": stage, "status": "open", "pipeline": pipeline}
        at = LONG_AGO if id == "D-1" else BEGINNING
        await deliver(parts, told("deal_created", deal=deal, at=at))
    insight = await the_one(parts, ana)
    opened = await decisions.open_screen(parts, by(ANA), insight.fingerprint)
    (item,) = items(opened)
    assert item.stages == ["Proposal", "Offer"]
