"""`/coach report`: the person's own figures in pictures and in words."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.playground.slack.api import Message, words_of
from coach.models import DealStatus
from tests.bot.surface import ANA, BEN, CRM, Surface, deal

CHART = "data_visualization"


async def closed_deals(surface: Surface, who: str, count: int, status: DealStatus) -> None:
    person = (await surface.person(who)).id
    at = surface.clock.now() - timedelta(days=2)
    await surface.save(
        *(
            deal(
                f"{who}-{status}-{n}",
                status=status,
                closed_at=at,
                value=Decimal("100.10"),
                source="Fair",
                person_id=person,
            )
            for n in range(count)
        )
    )


async def report(surface: Surface, typed: str = "report") -> Message:
    assert (await surface.slack.command(ANA, f"/coach {typed}")).ok
    await surface.settle()
    return [each for each in surface.slack.messages(ANA) if each.ephemeral][-1]


async def filled(surface: Surface) -> None:
    mine = (await surface.person(ANA)).id
    ben = (await surface.person(BEN)).id
    await surface.save(
        deal("D-1", title="A", value=Decimal("0.10"), person_id=mine),
        deal("D-2", title="B", value=Decimal("0.20"), person_id=mine),
        deal("D-3", title="C", stage=None, value=None, person_id=mine),
        deal("D-4", title="D", person_id=ben),
    )
    await closed_deals(surface, ANA, 3, DealStatus.WON)
    await closed_deals(surface, ANA, 6, DealStatus.LOST)
    await closed_deals(surface, BEN, 9, DealStatus.WON)


async def test_it_counts_ones_own_deals_by_stage_week_and_source(surface_on_both: Surface) -> None:
    surface = surface_on_both
    await filled(surface)
    told = await report(surface)
    said = words_of(told)
    assert "Proposal: 2 deals, €0.30" in said
    assert "no stage: 1 deal" in said
    assert "Last week: 3 won (€300.30), 6 lost." in said
    assert "Fair: 3 of 9 (33 %, likely 12–65 %)" in said
    charts = [each for each in told.blocks if each["type"] == CHART]
    assert [each["title"] for each in charts] == ["Open deals by stage", "Won and lost by week"]
    won, lost = charts[1]["chart"]["series"]
    assert [each["value"] for each in won["data"]][-2:] == [3, 0]
    assert [each["value"] for each in lost["data"]][-2:] == [6, 0]


async def test_a_slack_that_knows_no_pictures_gets_the_words_alone(surface: Surface) -> None:
    await filled(surface)
    surface.slack.unknown_blocks = {CHART}
    told = await report(surface, "report month")
    assert [each for each in told.blocks if each["type"] == CHART] == []
    assert "This month: 3 won (€300.30), 6 lost. Last month: nothing closed." in words_of(told)
    assert "11/2026: 3 won" in words_of(told)


async def test_somebody_without_any_deal_is_told_so(surface: Surface) -> None:
    told = words_of(await report(surface))
    assert "This week: nothing closed. Last week: nothing closed." in told
    assert "No deal of yours is open." in told
    assert "Nothing of yours was closed in this time." in told


async def test_where_no_loss_is_known_no_share_is_told(surface: Surface) -> None:
    await closed_deals(surface, ANA, 9, DealStatus.WON)
    told = words_of(await report(surface))
    assert "No lost deal is known, so there is no share to tell." in told
    assert "%" not in told


@pytest.mark.parametrize("typed", ["report weekly", "report Months", "report week"])
async def test_it_is_asked_for_in_several_ways(surface: Surface, typed: str) -> None:
    assert "Your report by" in words_of(await report(surface, typed))


async def test_another_span_is_explained(surface: Surface) -> None:
    assert "report week" in words_of(await report(surface, "report decade"))


async def test_a_hundred_stages_of_hostile_names_are_taken_by_slack(surface: Surface) -> None:
    mine = (await surface.person(ANA)).id
    made = deal(person_id=mine)
    await surface.save(
        *(
            replace(made, id=f"D-{n}", connection_id=CRM, stage=f"<!channel> {'x' * 300} {n}")
            for n in range(100)
        )
    )
    told = await report(surface)
    (chart,) = [each for each in told.blocks if each["type"] == CHART]
    labels = chart["chart"]["axis_config"]["categories"]
    assert len(labels) == len(set(labels)) == 20
    assert surface.slack.refusals == []
