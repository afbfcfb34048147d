"""“Why am I seeing this?”, asked by command, of the latest insight and of any other."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.coaching import decisions, explaining, ticking, tuning
from bot.coaching.actor import Actor
from bot.coaching.permission import Refusal
from coach.models import Dismissed, Priority
from storage import mirror
from tests.bot.surface import ANA, BEN, WS, Surface, deal, words

MINUTE = timedelta(minutes=1)


async def ask(surface: Surface, who: str = ANA) -> str:
    assert (await surface.slack.command(who, "/coach why")).ok
    await surface.settle()
    return words(surface.view(who))


async def test_the_latest_that_was_said_is_explained(surface_on_both: Surface) -> None:
    surface = surface_on_both
    await surface.card(message="First.", occasion="1")
    surface.clock.moment += MINUTE
    await surface.card(message="Second.", occasion="2")
    told = await ask(surface)
    assert told.index("Second.") < told.index("You won Acme renewal.")
    assert "Referral" in told
    assert "When you win a deal: ask the client for a referral." in told
    assert "You hear of this from level 1 on; your level is 2, balanced." in told
    assert "as the most important thing that waited for you: Mon 23 Nov, 10:01." in told
    assert "Next brief: Tue 24 Nov, 09:00. Next digest: Fri 27 Nov, 17:00." in told
    assert "You have got 2 of this kind: 2 still open." in told


async def test_another_one_is_chosen_and_explained_in_the_same_window(surface: Surface) -> None:
    first, _ = await surface.card(message="First.", occasion="1")
    ana = Actor(WS, ANA, "ana")
    await decisions.dismiss(surface.parts, ana, first)
    await tuning.explain(surface.parts, ana, first, Dismissed.WRONG_DATA)
    surface.clock.moment += MINUTE
    await surface.card(message="Second.", occasion="2")
    await surface.insight(message="Quiet.", occasion="3", priority=Priority.LOW)
    told = await ask(surface)
    (menu,) = [
        element
        for block in surface.view(ANA)["blocks"]
        for element in block.get("elements", ())
        if element.get("action_id") == "why:choose"
    ]
    # What was said first, and what was not said but waits is there too.
    assert [each["text"]["text"] for each in menu["options"]] == ["Second.", "First.", "Quiet."]
    assert menu["initial_option"]["text"]["text"] == "Second."
    view_id = surface.view(ANA)["id"]
    await choose(surface, first)
    told = words(surface.view(ANA))
    assert surface.view(ANA)["id"] == view_id
    assert "You have already dismissed this." in told
    assert "You have got 2 of this kind: 1 dismissed (1 × wrong data), 1 still open." in told
    # Nothing is to be expected of what is over.
    assert "Next brief" not in told
    await choose(surface, menu["options"][2]["value"])
    assert "At your level it is not important enough to interrupt you." in words(surface.view(ANA))


async def choose(surface: Surface, fingerprint: str) -> None:
    view = surface.view(ANA)
    answer = await surface.slack.press_in_view(
        ANA, view["id"], action_id="why:choose", choose=fingerprint
    )
    assert answer.ok
    await surface.settle()


async def test_with_nothing_to_explain_that_is_said(surface: Surface) -> None:
    assert "told you nothing yet, and nothing waits" in await ask(surface)


async def test_nobody_is_told_about_anothers(surface: Surface) -> None:
    fingerprint, _ = await surface.card(message="Of Ana only.", occasion="1")
    assert "told you nothing yet" in await ask(surface, BEN)
    with pytest.raises(Refusal, match="for somebody else"):
        await explaining.explain(surface.parts, Actor(WS, BEN, "ben"), fingerprint)


async def test_the_settings_are_opened_from_it_and_saving_them_closes_both(
    surface: Surface,
) -> None:
    await surface.card()
    await ask(surface)
    view_id = surface.view(ANA)["id"]
    assert (await surface.slack.press_in_view(ANA, view_id, label="Settings")).ok
    await surface.settle()
    assert surface.view(ANA)["callback_id"] == "settings"
    # The explanation is below it, and tells of the settings of before.
    assert len(surface.slack.views[ANA]) == 2
    assert (await surface.submit(ANA, {"level": "3"})).ok
    await surface.settle()
    assert surface.slack.top_view(ANA) is None
    assert "your level is 3, active" in await ask(surface)


async def test_what_has_expired_is_not_explained_as_if_it_were_open(surface: Surface) -> None:
    await surface.card()
    surface.clock.moment += timedelta(days=4)
    told = await ask(surface)
    assert "This insight has expired." in told
    assert "Next brief" not in told


async def test_it_is_explained_as_it_is_true_now(surface: Surface) -> None:
    """What was settled since, but not looked at yet, is said to be settled."""
    ana = await surface.person(ANA)
    surface.clock.moment += timedelta(hours=1)
    stuck = deal(person_id=ana.id)
    await surface.save(stuck)
    await ticking.tick(surface.parts)
    await surface.settle()
    told = await ask(surface)
    assert (
        "Stuck deals: Open deals in one stage for longer than 9 of 10 that your team won needed."
        in told
    )
    assert "Acme renewal: €12,000, Stage: Proposal, for 21 days" in told
    assert "Your limit is 14 working days, the default." in told
    assert "It came with your morning brief: Mon 23 Nov, 11:00." in told
    moved = replace(stuck, stage="Negotiation", stage_entered_at=surface.clock.moment)
    async with surface.parts.database.write() as tx:
        await mirror.save(tx, WS, [moved])
    told = await ask(surface)
    assert "This is settled already." in told
    assert "Negotiation" in told
