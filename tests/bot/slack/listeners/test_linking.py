"""Tests of Confirm and Refuse: the administrator decides, once, and nobody else."""

import pytest

from coach.models import Person
from tests.bot.slack.test_linking import owner
from tests.bot.surface import ANA, BEN, CHRIS, Surface


async def asked(surface: Surface) -> str:
    """Ana asks to be somebody; returns the ts of the question to the administrator."""
    await owner(surface, "a.ruiz@old.example")
    assert (await surface.slack.command(ANA, "/coach link a.ruiz@old.example")).ok
    await surface.settle()
    return surface.last(CHRIS).ts


@pytest.mark.parametrize(
    ("label", "told", "answered"),
    [
        ("Confirm", "is now recognised as", "You are now recognised as a.ruiz@old.example"),
        ("Refuse", "is not recognised as", "did not confirm"),
    ],
)
async def test_the_administrators_decision_is_shown_to_both(
    surface: Surface, label: str, told: str, answered: str
) -> None:
    ts = await asked(surface)
    assert "Ana Ruiz says that a.ruiz@old.example" in surface.said(CHRIS)
    assert (await surface.slack.press(CHRIS, ts, label=label)).ok
    await surface.settle()
    assert told in surface.said(CHRIS)
    assert "Chris Vale" in surface.said(CHRIS)
    assert answered in surface.said(ANA)


async def test_a_second_decision_is_answered(surface: Surface) -> None:
    ts = await asked(surface)
    for label in ("Refuse", "Confirm"):
        await surface.slack.press(CHRIS, ts, label=label, stale=True)
        await surface.settle()
    assert any("already refused" in each for each in surface.ephemerals(CHRIS))


async def test_somebody_else_is_refused(surface: Surface) -> None:
    ts = await asked(surface)
    await surface.slack.press(CHRIS, ts, label="Confirm", by=BEN)
    await surface.settle()
    assert any("Only the administrator" in each for each in surface.ephemerals(BEN))
    assert "Confirm" in surface.said(CHRIS)
    assert isinstance(await surface.person(ANA), Person)
