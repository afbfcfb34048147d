"""Consent first: one welcome, and nothing else until Start."""

from tests.world import ANA, BEN, World, won


async def test_a_won_deal_brings_its_owner_who_has_started_a_card(world: World) -> None:
    reply = await world.post(won())
    assert (reply.status, reply.body) == (202, {"accepted": 1, "duplicates": 0, "rejected": []})
    await world.settle()
    (card,) = world.messages(ANA)
    assert "ask Ann Lee for a referral" in card.text


async def test_the_first_insight_of_somebody_unknown_brings_one_welcome_and_no_card(
    world: World,
) -> None:
    await world.post(won("D-1", owner=BEN))
    await world.post(won("D-2", owner=BEN))
    await world.settle()
    (welcome,) = world.messages(BEN)
    assert "May I start?" in welcome.text
