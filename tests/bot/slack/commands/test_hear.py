"""`/coach hear` switches on what is off until somebody wants it, and off again."""

from tests.bot.surface import ANA, Surface


async def said(surface: Surface, typed: str) -> str:
    assert (await surface.slack.command(ANA, f"/coach hear {typed}".strip())).ok
    await surface.settle()
    return surface.ephemerals(ANA)[-1]


async def test_a_kind_is_switched_on_and_off_by_its_name(surface: Surface) -> None:
    listed = await said(surface, "")
    assert "Next steps (off)" in listed
    assert "Lost deals (off)" in listed
    on = await said(surface, "NEXT  steps")
    assert "On: Next steps. Open deals for which no task is pending." in on
    assert (await surface.person(ANA)).settings.also == ("no_next_step",)
    assert "Next steps (on)" in await said(surface, "")
    await said(surface, "lost_deal_learning")
    assert (await surface.person(ANA)).settings.also == ("lost_deal_learning", "no_next_step")
    assert "Off: Next steps." in await said(surface, "next steps off")
    assert (await surface.person(ANA)).settings.also == ("lost_deal_learning",)


async def test_what_cannot_be_switched_on_is_said(surface: Surface) -> None:
    for name in ("the weather", "stuck deals"):
        answer = await said(surface, name)
        assert f"“{name}” is nothing that can be switched on." in answer
        assert "Next steps (off)" in answer
    assert (await surface.person(ANA)).settings.also == ()
