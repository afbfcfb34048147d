"""Since when a deal is in its stage: by the columns of each CRM that tell it, or not at all."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.importing import run
from bot.importing.things import Thing
from coach.mirror import Visit
from coach.models import DealStatus
from tests.bot.importing.conftest import AS_OF, NOW, Desk
from tests.bot.importing.test_run import day, deal, happened, way_of

HUBSPOT = (
    "Record ID,Deal Name,Pipeline,Deal Stage,Create Date,Close Date,Amount,Deal owner,"
    '"Date entered ""Qualified To Buy (Sales Pipeline)""",'
    '"Date entered ""Contract Sent (Sales Pipeline)""",'
    '"Date entered ""Closed Won (Sales Pipeline)"""\n'
    "101,Weber,Sales Pipeline,Contract Sent,2026-01-05 09:00,2026-12-31 12:00,100,Ana Ruiz,"
    "2026-02-01 10:00,2026-11-16 15:30,\n"
    "102,Lindt,Sales Pipeline,Qualified To Buy,2026-01-05 09:00,2026-01-31 12:00,100,Ana Ruiz,"
    "2026-03-01 10:00,2026-02-16 15:30,\n"
    "103,Novak,Sales Pipeline,Closed Won,2026-01-05 09:00,2026-04-01 12:00,100,Ana Ruiz,"
    "2026-02-01 10:00,2026-03-01 15:30,2026-04-01 12:00\n"
    "104,Haas,Sales Pipeline,Contract Sent,2026-01-05 09:00,,100,Ana Ruiz,2026-02-01 10:00,,\n"
)

#: A file of each CRM with an open deal that came to its stage on 16 November.
MOVED = {
    "Salesforce": "Opportunity ID,Opportunity Name,Stage,Created Date,Last Stage Change Date\n"
    "D-1,Weber,Negotiation,2026-01-05,2026-11-16\n",
    "Salesforce by its API": "Id,Name,StageName,CreatedDate,LastStageChangeDate,IsClosed,IsWon\n"
    "D-1,Weber,Negotiation,2026-01-05T09:00:00Z,2026-11-16T12:00:00Z,false,false\n",
    "Pipedrive": "Deal - ID,Deal - Title,Deal - Stage,Deal - Deal created,Deal - Last stage change"
    "\nD-1,Weber,Negotiation,2026-01-05 09:00:00,2026-11-16 12:00:00\n",
    "HubSpot by its own names": "hs_object_id,dealname,dealstage,createdate,"
    "hs_v2_date_entered_negotiation,hs_v2_date_entered_qualifiedtobuy\n"
    "D-1,Weber,negotiation,2026-01-05,2026-11-16,\n",
    "HubSpot before": "hs_object_id,dealname,dealstage,hs_date_entered_negotiation\n"
    "D-1,Weber,Negotiation,2026-11-16\n",
    "HubSpot, its present stage": "Record ID,Deal Name,Deal Stage,Date entered current stage\n"
    "D-1,Weber,Negotiation,2026-11-16\n",
    "a spreadsheet": "id,title,stage,Stage changed on\nD-1,Weber,Negotiation,2026-11-16\n",
    "fields of one's own": "Id,Name,StageName,Negotiation_Entry_Date__c\n"
    "D-1,Weber,Negotiation,2026-11-16\n",
    "as told": "id,title,stage,Moved\nD-1,Weber,Negotiation,2026-11-16\n",
}


@pytest.mark.parametrize("crm", MOVED)
async def test_the_stage_is_as_old_as_the_crm_says(desk: Desk, crm: str) -> None:
    told = ("stage_entered_at=Moved",) if crm == "as told" else ()
    await desk.take(Thing.DEALS, MOVED[crm], told=told)
    known = await deal(desk, "D-1")
    assert (known.stage_entered_at, known.stage_seen_at) == (day("2026-11-16"), None)


async def test_a_column_for_each_stage_tells_the_whole_way(desk: Desk) -> None:
    await desk.take(Thing.DEALS, HUBSPOT)
    at = datetime.fromisoformat
    qualified = Visit(
        "Qualified To Buy", at("2026-02-01T10:00+00:00"), at("2026-11-16T15:30+00:00")
    )
    sent = Visit("Contract Sent", at("2026-11-16T15:30+00:00"))
    assert await way_of(desk, "101") == [qualified, sent]
    assert (await deal(desk, "101")).stage_entered_at == sent.entered_at
    won = [(each.stage, each.left_at, each.came) for each in await way_of(desk, "103")]
    closed = datetime(2026, 4, 1, 12, tzinfo=UTC)
    assert won == [
        ("Qualified To Buy", at("2026-03-01T15:30+00:00"), True),
        ("Contract Sent", closed, True),
        ("Closed Won", None, True),
    ]
    assert (await deal(desk, "103")).closed_at == closed
    # Read as what they tell, and not kept besides by their names.
    assert not any("entered" in name for name in (await deal(desk, "101")).other)


async def test_a_deal_that_went_back_has_been_there_since_it_did(desk: Desk) -> None:
    await desk.take(Thing.DEALS, HUBSPOT)
    assert (await deal(desk, "102")).stage_entered_at == datetime(2026, 3, 1, 10, tzinfo=UTC)


async def test_what_a_column_does_not_tell_of_a_row_is_not_known(desk: Desk) -> None:
    await desk.take(Thing.DEALS, HUBSPOT)
    known = await deal(desk, "104")
    assert (known.stage_entered_at, known.stage_seen_at) == (None, AS_OF)
    assert [each.came for each in await way_of(desk, "104")] == [True, False]


async def test_a_deal_lost_where_it_was_came_there_before(desk: Desk) -> None:
    await desk.take(
        Thing.DEALS,
        "Deal - ID,Deal - Title,Deal - Stage,Deal - Status,Deal - Last stage change,"
        "Deal - Lost time\nD-1,Weber,Negotiation,Lost,2026-10-01 12:00:00,2026-11-01 12:00:00\n"
        "D-2,Haas,Negotiation,Lost,,2026-11-01 12:00:00\n",
    )
    assert await way_of(desk, "D-1") == [Visit("Negotiation", day("2026-10-01"))]
    assert await way_of(desk, "D-2") == [Visit("Negotiation", day("2026-11-01"), came=False)]
    known = await deal(desk, "D-1")
    assert (known.status, known.closed_at) == (DealStatus.LOST, day("2026-11-01"))
    assert await happened(desk) == [("deal_closed", day("2026-11-01"))] * 2


async def test_the_day_engaging_began_is_the_stay_of_those_that_are_closed_too(desk: Desk) -> None:
    await desk.take(
        Thing.DEALS,
        "opportunity_id,sales_agent,product,deal_stage,engage_date,close_date,close_value\n"
        "D-1,Ana,GTX Pro,Engaging,10/20/2026,,\nD-2,Ana,GTX Pro,Won,9/13/2026,10/25/2026,500\n",
    )
    assert await way_of(desk, "D-1") == [Visit("Engaging", day("2026-10-20"))]
    assert await way_of(desk, "D-2") == [
        Visit("Engaging", day("2026-09-13"), day("2026-10-25")),
        Visit("Won", day("2026-10-25")),
    ]


async def test_importing_twice_changes_nothing(desk: Desk) -> None:
    await desk.take(Thing.DEALS, HUBSPOT)
    before = await desk.dump()
    await desk.take(Thing.DEALS, HUBSPOT)
    await desk.take(Thing.DEALS, HUBSPOT, as_of=NOW)
    assert await desk.dump() == before


async def test_a_file_that_tells_the_age_adds_it_to_one_that_did_not(desk: Desk) -> None:
    without = "Id,Name,StageName\nD-1,Weber,Negotiation\n"
    await desk.take(Thing.DEALS, without)
    result = await desk.take(Thing.DEALS, MOVED["Salesforce by its API"], as_of=NOW)
    assert result.changed == 1
    known = await deal(desk, "D-1")
    assert (known.stage_entered_at, known.stage_seen_at) == (day("2026-11-16"), None)
    before: dict[str, Any] = await desk.dump()
    await desk.take(Thing.DEALS, without, as_of=NOW)
    await desk.take(Thing.DEALS, MOVED["Salesforce by its API"], as_of=NOW)
    assert await desk.dump() == before


async def test_a_later_export_tells_when_a_deal_moved(desk: Desk) -> None:
    await desk.take(Thing.DEALS, MOVED["Salesforce"])
    later = MOVED["Salesforce"].replace(
        "Negotiation,2026-01-05,2026-11-16", "Won,2026-01-05,2026-11-21"
    )
    await desk.take(Thing.DEALS, later, as_of=NOW)
    assert await way_of(desk, "D-1") == [
        Visit("Negotiation", day("2026-11-16"), day("2026-11-21")),
        Visit("Won", day("2026-11-21")),
    ]
    assert ("deal_closed", day("2026-11-21")) in await happened(desk)


async def test_how_many_ages_are_unknown_is_counted(desk: Desk) -> None:
    understood = run.understand(Thing.DEALS, desk.file(HUBSPOT))
    assert run.ages_unknown(understood) == (1, 3)
