"""Stages come from the CRM where it tells of them, and from the ways of deals where not."""

from datetime import timedelta
from decimal import Decimal

import pytest

from coach.mirror import Visit
from coach.models import Deal, DealStatus, SubjectKind
from coach.stages import Seen, Stage
from storage import mirror, stages, visits
from tests.storage.conftest import Store
from tests.world import BEGINNING, CONNECTION, WORKSPACE, mirrored

HOUR = timedelta(hours=1)

#: A deal of which neither pipeline nor stage is known.
ANY = Deal(CONNECTION, "D")

LISTED = [
    Stage("427", "Qualified", "sales", 0, DealStatus.OPEN, Decimal("0.2")),
    Stage("428", "Signed", "sales", 1, DealStatus.WON, Decimal(1)),
]


async def test_what_was_seen_is_added_up_and_taken_back(store: Store) -> None:
    async with store.database.write() as tx:
        await stages.add(tx, WORKSPACE, CONNECTION, {"New": Seen(2, 2), "Won": Seen(1, 3)})
        await stages.add(tx, WORKSPACE, CONNECTION, {"New": Seen(1, 1), "Old": Seen(1, 1)})
        await stages.add(tx, WORKSPACE, CONNECTION, {"Old": Seen(-1, -1, told_open=1)})
        assert await stages.of_deal(tx, WORKSPACE, ANY) == ["New", "Won"]
        assert await stages.of_deal(tx, WORKSPACE, Deal("other", "D")) == []
        known = await stages.load(tx, WORKSPACE, CONNECTION, {"New", "Old", "none"})
    assert (known["New"].visits, known["New"].places) == (3, 3)
    assert (known["Old"].visits, known["Old"].told_open) == (0, 1)
    assert set(known) == {"New", "Old"}


async def test_the_crms_own_list_goes_before_what_was_seen(store: Store) -> None:
    async with store.database.write() as tx:
        await stages.add(tx, WORKSPACE, CONNECTION, {"Elsewhere": Seen(9, 9)})
        await stages.tell(tx, WORKSPACE, CONNECTION, LISTED)
        assert await stages.of_deal(tx, WORKSPACE, ANY) == ["Qualified", "Signed"]
        known = await stages.load(tx, WORKSPACE, CONNECTION, {"428", "Qualified"})
        assert await stages.told(tx, WORKSPACE, CONNECTION) == {
            "427",
            "428",
            "Qualified",
            "Signed",
        }
    assert known["428"].stage == LISTED[1]
    assert known["Qualified"].stage == LISTED[0]


async def test_deals_follow_a_stage_whose_name_is_learned_or_changed(store: Store) -> None:
    moved = Deal(CONNECTION, "D-1", stage="428")
    came: dict[str, tuple[list[Visit], list[Visit]]] = {"D-1": ([], [Visit("427", BEGINNING)])}
    async with store.database.write() as tx:
        await mirror.save(tx, WORKSPACE, [moved])
        await visits.save(tx, WORKSPACE, CONNECTION, came)
        await stages.add(tx, WORKSPACE, CONNECTION, {"428": Seen(1, 2)})
        await stages.tell(tx, WORKSPACE, CONNECTION, LISTED)
        found = await mirror.load(tx, SubjectKind.DEAL, WORKSPACE, CONNECTION, ["D-1"])
        assert found["D-1"] == Deal(CONNECTION, "D-1", stage="Signed")
        way = await visits.load(tx, WORKSPACE, CONNECTION, ["D-1"])
        assert [visit.stage for visit in way["D-1"]] == ["Qualified"]

        renamed = [LISTED[0], Stage("428", "Contract signed", "sales", 1, DealStatus.WON)]
        await stages.tell(tx, WORKSPACE, CONNECTION, renamed)
        assert await stages.of_deal(tx, WORKSPACE, ANY) == [
            "Qualified",
            "Contract signed",
        ]
    deal = await mirrored(store.parts, SubjectKind.DEAL, "D-1")
    assert deal.stage == "Contract signed"


async def test_a_stage_the_crm_took_away_is_no_longer_offered(store: Store) -> None:
    async with store.database.write() as tx:
        await stages.tell(tx, WORKSPACE, CONNECTION, LISTED)
        await stages.tell(tx, WORKSPACE, CONNECTION, LISTED[:1])
        assert await stages.of_deal(tx, WORKSPACE, ANY) == ["Qualified"]


RENEWALS = [
    Stage("1", "Due", "renewals", 0, DealStatus.OPEN),
    Stage("2", "Signed", "renewals", 1, DealStatus.WON),
]


@pytest.mark.parametrize(
    ("deal", "way"),
    [
        (Deal(CONNECTION, "D", pipeline="sales"), ["Qualified", "Signed"]),
        (Deal(CONNECTION, "D", pipeline="renewals", stage="Qualified"), ["Due", "Signed"]),
        # The pipeline that has its stage, where none or one by another name is told.
        (Deal(CONNECTION, "D", stage="Due"), ["Due", "Signed"]),
        (Deal(CONNECTION, "D", pipeline="Renewals!", stage="Due"), ["Due", "Signed"]),
        # It may be in either of them.
        (Deal(CONNECTION, "D", stage="Signed"), ["Due", "Signed", "Qualified"]),
        (ANY, ["Due", "Signed", "Qualified"]),
    ],
)
async def test_a_deal_is_offered_the_stages_of_its_own_pipeline(
    store: Store, deal: Deal, way: list[str]
) -> None:
    async with store.database.write() as tx:
        await stages.tell(tx, WORKSPACE, CONNECTION, [*LISTED, *RENEWALS])
        assert await stages.of_deal(tx, WORKSPACE, deal) == way


async def test_without_the_crms_list_its_stages_are_those_its_pipeline_was_seen_in(
    store: Store,
) -> None:
    ways = {"D-1": ["New", "Won"], "D-2": ["New", "Offer"], "R-1": ["Due", "Won"]}
    deals = [Deal(CONNECTION, id, pipeline="RS"["D-" in id]) for id in ways]
    came: dict[str, tuple[list[Visit], list[Visit]]] = {
        id: ([], [Visit(stage, BEGINNING + n * HOUR) for n, stage in enumerate(way)])
        for id, way in ways.items()
    }
    seen = {"New": Seen(2, 2), "Offer": Seen(1, 2), "Won": Seen(2, 5), "Due": Seen(1, 1)}
    async with store.database.write() as tx:
        await mirror.save(tx, WORKSPACE, deals)
        await visits.save(tx, WORKSPACE, CONNECTION, came)
        await stages.add(tx, WORKSPACE, CONNECTION, seen)
        offered = [await stages.of_deal(tx, WORKSPACE, each) for each in (*deals, ANY)]
    assert offered[:2] == [["New", "Offer", "Won"]] * 2
    assert offered[2:] == [["Due", "Won"], ["New", "Due", "Offer", "Won"]]
