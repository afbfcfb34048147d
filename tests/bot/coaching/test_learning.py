"""What is usual with a team is learned by one process, and deals are stuck by it from then on."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.coaching import enrolling, explaining, learning, ticking
from bot.coaching.decisions import open_screen
from bot.runtime.parts import Parts
from bot.simulating import world as worlds
from bot.slack.blocks.why import why_modal
from coach.knowledge import Place, Usual
from coach.models import InsightState, Settings, SubjectKind
from coach.screens import Note
from coach.wording import Voice, plain
from storage import stays, usual
from storage.tables import checks as checks_table
from tests.bot.coaching.test_ticking import pass_time, tick_after
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    CONNECTION,
    WORKSPACE,
    by,
    deliver,
    enrol,
    insights_of,
    mirrored,
    told,
)

DAY = timedelta(days=1)

PROPOSAL = Place(CONNECTION, "", "Proposal")


def moved(id: str, stage: str, at: datetime, *, owner: str = ANA, **more: Any) -> dict[str, Any]:
    """A deal came to a stage."""
    deal = {"id": id, "title": f"Deal {id}", "stage": stage, **more}
    return told("deal_stage_changed", deal=deal, at=at, owner=owner)


def won_after(id: str, days: int, *, owner: str = BEN) -> list[dict[str, Any]]:
    """A deal that was so many days in Proposal until it was won."""
    ended = BEGINNING - DAY
    return [
        moved(id, "Proposal", ended - days * DAY, owner=owner),
        moved(id, "Closed Won", ended, owner=owner, status="won"),
    ]


async def win(parts: Parts, *days: int, prefix: str = "W") -> None:
    """Ben won deals, each after so many days in Proposal."""
    await deliver(
        parts, *(each for n, d in enumerate(days) for each in won_after(f"{prefix}-{n}", d))
    )


async def known(parts: Parts) -> dict[Place, Usual]:
    async with parts.database.read() as tx:
        return await usual.stays(tx, WORKSPACE)


async def due_at(parts: Parts, id: str) -> datetime | None:
    """When a deal is stuck, as it is planned."""
    query = select(checks_table.c.due_at).where(
        checks_table.c.rule == "stuck_deals", checks_table.c.subject_id == id
    )
    async with parts.database.read() as tx:
        return (await tx.execute(query)).scalar()


@pytest.fixture
async def team(parts: Parts) -> Parts:
    """Ana has a deal that came to Proposal as it begins; Ben has won forty from there."""
    await enrol(parts, ANA)
    await enrol(parts, BEN)
    await deliver(parts, moved("D-1", "Proposal", BEGINNING))
    await win(parts, *range(1, 41))
    return parts


async def test_what_is_usual_is_learned_and_the_checks_follow(team: Parts) -> None:
    by_number = await due_at(team, "D-1")
    assert await learning.learn_due(team)
    assert await known(team) == {PROPOSAL: Usual(36, 40)}
    await ticking.tick(team)
    learned = await due_at(team, "D-1")
    assert by_number is not None
    assert learned is not None
    assert (learned - BEGINNING).days == 36
    assert by_number < learned
    # What comes to the stage from now on goes by it at once.
    await deliver(team, moved("D-2", "Proposal", BEGINNING))
    assert await due_at(team, "D-2") == learned


async def test_it_is_learned_once_and_again_in_a_week(team: Parts) -> None:
    assert await learning.learn_due(team)
    assert not await learning.learn_due(team)
    await win(team, *[60] * 40, prefix="X")
    pass_time(team, learning.WEEKLY - timedelta(seconds=1))
    assert not await learning.learn_due(team)
    pass_time(team, timedelta(seconds=1))
    assert await learning.learn_due(team)
    assert (await known(team))[PROPOSAL] == Usual(60, 80)


async def test_a_team_that_has_shown_nothing_yet_is_looked_at_every_day(parts: Parts) -> None:
    await enrol(parts, ANA)
    await enrol(parts, BEN)
    await deliver(parts, moved("D-1", "Proposal", BEGINNING))
    await win(parts, *range(1, 20))
    assert await learning.learn_due(parts)
    assert await known(parts) == {}
    await win(parts, 20, prefix="X")
    pass_time(parts, learning.DAILY)
    assert await learning.learn_due(parts)
    # The open one is a day old by then, and counts for that.
    assert await known(parts) == {PROPOSAL: Usual(19, 20)}


async def test_what_was_said_by_the_number_is_over_when_more_is_learned(team: Parts) -> None:
    ana = await enrol(team, ANA)
    await tick_after(team, 21 * DAY)
    (insight,) = await insights_of(team, ana)
    assert insight.state is InsightState.OPEN
    await learning.learn_due(team)
    await explaining_of(team)
    (insight,) = await insights_of(team, ana)
    assert insight.state is InsightState.RESOLVED
    assert insight.outcome is not None
    assert plain(insight.outcome) == "Deal D-1 is within your limit for Proposal."


async def explaining_of(parts: Parts) -> explaining.Explanation:
    """Ana asks why she was told of the only thing she was told of."""
    ana = await enrol(parts, ANA)
    (insight,) = await insights_of(parts, ana)
    return await explaining.explain(parts, by(ANA), insight.fingerprint)


async def test_card_screen_and_explanation_say_from_how_many_deals(team: Parts) -> None:
    ana = await enrol(team, ANA)
    await learning.learn_due(team)
    await ticking.tick(team)
    assert await insights_of(team, ana) == []
    await tick_after(team, 40 * DAY)
    sentence = "9 of 10 deals your team won left Proposal within 36 days (40 deals)."
    (insight,) = await insights_of(team, ana)
    assert plain(insight.reason).startswith(sentence)
    explanation = await explaining_of(team)
    assert explanation.rule is not None
    assert PROPOSAL in explanation.known.values["usual_stays"]
    opened = await open_screen(team, by(ANA), insight.fingerprint)
    notes = [each for each in opened.screen.elements if isinstance(each, Note)]
    assert [plain(each.text) for each in notes] == [sentence]


async def test_an_own_number_goes_first(team: Parts) -> None:
    await enrolling.save_settings(team, by(ANA), Settings(stuck_deal_days=3))
    await ticking.tick(team)
    mine = await due_at(team, "D-1")
    await learning.learn_due(team)
    await ticking.tick(team)
    assert await due_at(team, "D-1") == mine


async def test_deals_that_are_due_by_what_was_learned_are_no_backlog(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await enrol(parts, BEN)
    await deliver(parts, moved("D-1", "Proposal", BEGINNING - 6 * DAY))
    await win(parts, *[3] * 40)
    await ticking.tick(parts)
    assert await insights_of(parts, ana) == []
    await learning.learn_due(parts)
    await ticking.tick(parts)
    (insight,) = await insights_of(parts, ana)
    assert not insight.backlog
    assert (await mirrored(parts, SubjectKind.DEAL, "D-1")).stage == "Proposal"


async def test_a_team_with_open_deals_only_goes_by_the_number(parts: Parts) -> None:
    await enrol(parts, ANA)
    await deliver(parts, *(moved(f"D-{n}", "Proposal", BEGINNING - n * DAY) for n in range(50)))
    assert await learning.learn_due(parts)
    assert await known(parts) == {}


async def test_of_a_deal_with_a_contact_it_is_told_what_was_learned_of_the_deal(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    await enrol(parts, BEN)
    contact = {"id": "C-1", "name": "Ann Lee"}
    await deliver(parts, told("contact_created", contact=contact, at=BEGINNING, owner=ANA))
    await deliver(parts, moved("D-1", "Proposal", BEGINNING, contact_id="C-1"))
    await win(parts, *range(1, 41))
    await learning.learn_due(parts)
    # A Monday.
    await tick_after(parts, 40 * DAY)
    (insight,) = [each for each in await insights_of(parts, ana) if each.rule == "stuck_deals"]
    explanation = await explaining.explain(parts, by(ANA), insight.fingerprint)
    assert [type(each).__name__ for each in explanation.things] == ["Contact", "Deal"]
    said = str(why_modal(explanation, Voice(), parts.clock.now()))
    assert "9 of 10 deals your team won left Proposal within 36 days (40 deals)." in said
    assert "the default" not in said


async def test_a_look_at_one_person_goes_by_what_the_whole_team_shows(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    await enrol(parts, BEN)
    await deliver(parts, moved("D-1", "Proposal", BEGINNING))
    await win(parts, *range(1, 41))
    now, since = parts.clock.now(), BEGINNING - DAY / 2
    for coached in ([ana.id], None):
        copied = await worlds.copied(
            parts.database, WORKSPACE, since, now + DAY, coached=coached, now=now
        )
        async with worlds.opened(parts, copied) as made, made.parts.database.read() as tx:
            assert (await usual.stays(tx, WORKSPACE))[PROPOSAL].deals == 40


async def test_what_was_closed_later_was_open_then(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    await enrol(parts, ANA)
    await enrol(parts, BEN)
    await win(parts, *range(1, 41))
    async with parts.database.read() as tx:
        before = await stays.counted(tx, WORKSPACE, BEGINNING - 2 * DAY)
        now = await stays.counted(tx, WORKSPACE, BEGINNING)
    assert sum(each.won for each in now[PROPOSAL]) == 40
    assert sum(each.won for each in before[PROPOSAL]) == 0
    assert sum(each.open for each in before[PROPOSAL]) == 40
