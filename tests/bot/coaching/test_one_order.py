"""What matters most comes first, by the same order wherever it is said or listed."""

import re
from datetime import timedelta
from typing import Any

from bot.playground.slack.api import words_of
from tests.together import World
from tests.world import ANA, batch, won

MINUTE = timedelta(minutes=1)

#: Won at one time, so of one priority; the numbers of the deals, and what they are worth.
WORTH = {1: 4_200, 2: 28_500, 3: 900, 4: 60_000}
IN_ORDER = ["4", "2", "1", "3"]


def order_in(text: str) -> list[str]:
    """The clients in the order in which they are first named."""
    return list(dict.fromkeys(re.findall(r"Client (\d)", text)))


def win(number: int, value: int) -> dict[str, Any]:
    event = won(f"D-{number}", contact=f"Client {number}")
    event["data"]["deal"] |= {"value": value, "currency": "EUR"}
    return {**event, "id": f"won-{number}"}


async def test_cards_and_lists_and_home_have_one_order(world: World) -> None:
    await world.post(batch(*(win(number, value) for number, value in WORTH.items())))
    await world.settle()
    assert (await world.slack.command(ANA, "/coach insights")).ok
    await world.settle()
    assert order_in(words_of(world.slack.messages(ANA)[-1])) == IN_ORDER
    await world.slack.open_tab(ANA, "home")
    await world.settle()
    assert order_in(str(world.slack.homes[ANA])) == IN_ORDER
    for _ in range(3):
        await world.pass_time(2 * MINUTE)
    assert order_in(" ".join(world.posts(ANA))) == IN_ORDER
