"""Deals that share a title are told apart wherever an insight names them, and others are not."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bot.coaching import decisions, following, ticking
from bot.importing import run
from bot.importing.things import Thing
from bot.runtime.parts import Parts
from coach.backlogs import QUIET
from coach.models import Insight
from coach.phrases import from_json
from coach.screens import Control, Item
from coach.wording import plain
from tests.bot.coaching.test_ticking import LONG_AGO, tick_after
from tests.together import World
from tests.world import ANA, BEGINNING, batch, by, deliver, enrol, insights_of, told, won

HOUR = timedelta(hours=1)


def basic(id: str, value: int | None, **more: Any) -> dict[str, Any]:
    """A deal of a product that many buy, long in its stage."""
    deal = {"id": id, "title": "GTX Basic", "stage": "Proposal", "status": "open", **more}
    if value is not None:
        deal |= {"value": value, "currency": "EUR"}
    return deal


def created(at: Any, *deals: dict[str, Any]) -> dict[str, Any]:
    """All of these were created then."""
    events = [
        {**told("deal_created", deal=deal, at=at), "id": f"created-{deal['id']}"} for deal in deals
    ]
    return batch(*events)


def spoken(found: list[Insight]) -> set[str]:
    """The messages of insights."""
    return {plain(each.message) for each in found}


@contextmanager
def asked(parts: Parts) -> Iterator[list[str]]:
    """Every query for namesakes made in the block."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if "deals AS named" in statement:
            seen.append(statement)

    event.listen(parts.database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(parts.database.engine.sync_engine, "before_cursor_execute", note)


async def test_the_card_the_lists_and_the_screen_tell_deals_of_one_title_apart(
    world: World,
) -> None:
    await world.as_it_comes(ANA)
    await world.post(created(LONG_AGO, basic("8811", 3200), basic("8812", 900)))
    await world.settle()
    await world.tick()
    large, small = (
        f"Deal “{name}” has been in Proposal for 21 days. Time to move it forward?"
        for name in ("GTX Basic (€3,200)", "GTX Basic (€900)")
    )
    assert spoken(await world.insights(ANA)) == {large, small}
    # The other one waits until this is answered.
    (card,) = world.messages(ANA)
    assert card.text == f"Coach: {large}"
    assert "GTX Basic (€3,200)" in "".join(_texts(card.blocks))

    assert (await world.slack.open_tab(ANA, "home")).ok
    assert (await world.slack.command(ANA, "/coach insights")).ok
    await world.parts.background.drain(30)
    home = world.slack.homes[ANA]
    listed = world.messages(ANA)[-1].blocks
    for shown in (home["blocks"], listed):
        text = "".join(_texts(shown))
        assert "GTX Basic (€3,200)" in text
        assert "GTX Basic (€900)" in text

    assert (await world.slack.press(ANA, card.ts, label="Take Action")).ok
    await world.parts.background.drain(30)
    modal = world.slack.top_view(ANA)
    assert modal is not None
    assert "GTX Basic (€3,200)" in "".join(_texts(modal["blocks"]))


def _texts(blocks: Any) -> Iterator[str]:
    """All text in blocks, in order."""
    if isinstance(blocks, dict):
        if isinstance(blocks.get("text"), str):
            yield blocks["text"]
        blocks = list(blocks.values())
    if isinstance(blocks, list):
        for each in blocks:
            yield from _texts(each)


async def test_what_was_done_with_a_deal_names_it_the_same(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    # The way that another deal went says which stages there are.
    for stage, ago in (("Proposal", 2 * HOUR), ("Negotiation", HOUR)):
        other = {"id": "D-x", "stage": stage}
        await deliver(parts, told("deal_stage_changed", deal=other, at=BEGINNING - ago))
    await deliver(parts, created(LONG_AGO, basic("8811", 3200), basic("8812", None)))
    await ticking.tick(parts)
    insight = next(
        each for each in await insights_of(parts, ana) if each.subject == "deal:native:8811"
    )
    opened = await decisions.open_screen(parts, by(ANA), insight.fingerprint)
    (item,) = (each for each in opened.screen.elements if isinstance(each, Item))
    assert plain(item.title) == "GTX Basic (€3,200)"
    done = await decisions.use_control(
        parts, by(ANA), insight.fingerprint, Control.MOVE_DEAL, item.ref, "Negotiation"
    )
    (item,) = (each for each in done.screen.elements if isinstance(each, Item))
    assert item.done is not None
    assert plain(item.done) == "Moved “GTX Basic (€3,200)” to Negotiation"


async def test_the_task_that_is_suggested_and_the_reason_say_which_deal_it_is(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA, level=3)
    await deliver(parts, created(BEGINNING, basic("8811", 3200), basic("8812", 900)))
    # As they are made, and as they are when somebody looks.
    for found in (
        await insights_of(parts, ana),
        await following.pending(parts, ana.workspace_id, ana.id),
    ):
        titles = {plain(from_json(each.suggestion.params["title"])) for each in found}
        assert titles == {"Follow up on GTX Basic (€3,200)", "Follow up on GTX Basic (€900)"}
    await deliver(parts, won("8813", title="GTX Basic"))
    (win,) = (each for each in await insights_of(parts, ana) if each.rule == "referral_ask")
    assert plain(win.reason) == "You won GTX Basic (no. 8813) on Wed 25 Nov."


async def test_a_title_of_its_own_is_left_as_it_is(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, created(LONG_AGO, basic("8811", 3200), basic("8812", 1, title="GTX Pro")))
    await ticking.tick(parts)
    assert {each.partition(" has")[0] for each in spoken(await insights_of(parts, ana))} == {
        "Deal “GTX Basic”",
        "Deal “GTX Pro”",
    }


async def test_deals_imported_by_product_alone_are_told_apart_by_the_crms_id(
    parts: Parts, tmp_path: Path
) -> None:
    ana = await enrol(parts, ANA)
    file = tmp_path / "pipeline.csv"
    file.write_text(
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
        "1C1I7A6R,Ana Ruiz,GTX Basic,,Engaging,10/20/2026,,\n"
        "Z063OYW0,Ana Ruiz,GTX Basic,,Engaging,10/25/2026,,\n"
        "EC4QE1BX,Ana Ruiz,GTX Basic,Cancity,Engaging,11/24/2026,,\n"
        "MV1LWRNH,Ana Ruiz,GTX Basic,,Won,10/20/2016,3/1/2017,550\n"
    )
    understood = run.understand(Thing.DEALS, file)
    await run.store(parts, understood, "native", BEGINNING - HOUR, lambda rows: None)
    await tick_after(parts, QUIET)
    assert {each.partition(" has")[0] for each in spoken(await insights_of(parts, ana))} == {
        "Deal “GTX Basic (no. 1C1I7A6R)”",
        "Deal “GTX Basic (no. Z063OYW0)”",
    }


async def test_namesakes_are_asked_for_once_a_batch_and_only_where_a_deal_is_named(
    parts: Parts,
) -> None:
    await enrol(parts, ANA, level=3)
    with asked(parts) as queries:
        # Old news calls forth nothing.
        await deliver(parts, created(LONG_AGO, *(basic(f"old-{n}", n) for n in range(9))))
        task = {"id": "T-1", "title": "Call", "due_date": "2026-11-20"}
        await deliver(parts, told("task_created", task=task))
        assert queries == []
        await deliver(parts, created(BEGINNING, *(basic(f"new-{n}", n) for n in range(9))))
        assert len(queries) == 1
        await ticking.tick(parts)
        assert len(queries) == 2
