"""An administrator chooses the team's channel; it is told so, and so are the others."""

from datetime import timedelta
from typing import Any

import pytest

from bot.coaching import team_channel
from bot.playground.slack.api import Answer, Fault, words_of
from bot.playground.slack.channels import Channel
from bot.slack import team_channel as choosing
from coach.models import DealStatus
from storage import administrators, messages, team_channels, team_wins
from storage.team_channels import TeamChannel
from storage.team_wins import Win
from tests.bot.slack.listeners.test_home import open_home, shown
from tests.bot.slack.listeners.test_home_true import press
from tests.bot.surface import ANA, BEN, CHRIS, CRM, WS, Surface, deal, words

SALES, OTHER, OLD, SECRET = "C0SALES", "C0OTHER", "C0OLD", "G0SECRET"
EVERYTHING = ("wins", "figures", "amounts")


@pytest.fixture(autouse=True)
def channels(surface: Surface) -> None:
    surface.slack.channels |= {
        SALES: Channel(SALES, "sales", joined=True),
        OTHER: Channel(OTHER, "other"),
        OLD: Channel(OLD, "old", joined=True, archived=True),
        SECRET: Channel(SECRET, "secret", private=True),
    }


async def choose(
    surface: Surface, channel: str | None = SALES, what: tuple[str, ...] = EVERYTHING
) -> Answer:
    """Chris, who administers, fills in the window."""
    await open_home(surface, CHRIS)
    await press(surface, CHRIS, "admin:team_channel")
    answer = await surface.submit(CHRIS, {"channel": channel, "what": list(what)})
    await surface.settle()
    return answer


async def known(surface: Surface) -> TeamChannel | None:
    async with surface.parts.database.read() as tx:
        return await team_channels.of(tx, WS)


def heard(surface: Surface, channel: str = SALES) -> list[str]:
    return [words_of(each) for each in surface.slack.messages(channel)]


async def test_a_channel_is_chosen_told_so_and_shown_in_home(surface: Surface) -> None:
    async with surface.parts.database.write() as tx:
        assert await administrators.add(tx, WS, BEN, CHRIS, surface.clock.now())
    await open_home(surface, ANA)
    assert "C0SALES" not in shown(surface, ANA)
    assert (await choose(surface)).ok
    (said,) = heard(surface)
    assert "Chris Vale has chosen this channel for: won deals, the week in figures" in said
    assert "named only if they want it" in said
    told = "Saved. The channel was told so, and so are the other administrators."
    assert told in words(surface.view(CHRIS))
    assert "Chris Vale has chosen what the team's channel is told:" in surface.said(BEN)
    assert "<#C0SALES>: the team's channel. Won deals: on." in shown(surface, CHRIS)
    # In New York it is four in the morning of a Monday: the figures come in a week.
    assert "The next figures come Mon 30 Nov" in shown(surface, CHRIS)
    # Chosen once more with less, it is not told so again, and says what it is told by now.
    assert (await choose(surface, what=("wins",))).ok
    (said,) = heard(surface)
    assert "for: won deals." in said
    chosen = await known(surface)
    assert chosen is not None
    assert (chosen.wins, chosen.figures, chosen.amounts, chosen.figures_at) == (
        True, False, False, None,
    )  # fmt: skip


async def test_who_administers_alone_is_told_of_no_others(surface: Surface) -> None:
    assert (await choose(surface)).ok
    assert '"Saved. The channel was told so."' in words(surface.view(CHRIS))
    assert (await choose(surface, what=("wins",))).ok
    assert '"Saved."' in words(surface.view(CHRIS))
    async with surface.parts.database.write() as tx:
        await administrators.add(tx, WS, BEN, CHRIS, surface.clock.now())
    assert (await choose(surface)).ok
    assert '"Saved. The other administrators are told."' in words(surface.view(CHRIS))


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        (OTHER, "The coach is not in this channel. Type /invite"),
        (SECRET, "The coach is not in this channel. Type /invite"),
        (OLD, "This channel is archived."),
        ("D03CHRIS", "Choose a channel."),
        (BEN, "Choose a channel."),
    ],
)
async def test_a_channel_that_takes_nothing_is_told_at_its_field(
    surface: Surface, channel: str, error: str
) -> None:
    answer = await choose(surface, channel)
    assert answer.errors["channel"].startswith(error)
    assert await known(surface) is None
    assert surface.slack.messages(BEN) == []


async def test_a_slack_that_does_not_answer_is_told_at_the_field(surface: Surface) -> None:
    surface.slack.faults["chat.postMessage"] = [Fault(status=503), Fault(error="restricted_action")]
    first, second = await choose(surface), await choose(surface)
    assert "Save again in a moment." in first.errors["channel"]
    assert "restricted_action" in second.errors["channel"]
    assert (await choose(surface)).ok


async def test_of_two_channels_the_first_is_told_that_it_is_over(surface: Surface) -> None:
    await choose(surface)
    surface.slack.channels[OTHER].joined = True
    assert (await choose(surface, OTHER)).ok
    assert heard(surface)[0].startswith("The coach tells nothing in this channel any more.")
    assert "Chris Vale has chosen this channel for" in heard(surface, OTHER)[0]


async def test_nobody_else_chooses_it(surface: Surface) -> None:
    await open_home(surface, CHRIS)
    await press(surface, CHRIS, "admin:team_channel")
    view = surface.view(CHRIS)
    whole = {**view, "state": {"values": {}}}
    surface.slack.views[ANA] = [whole]
    answer = await surface.slack.submit(
        ANA, view["id"], {"channel": SALES, "what": ["wins", "figures"]}
    )
    await surface.settle()
    assert answer.ok
    assert "Only the coach's administrators" in words(surface.view(ANA))
    assert await known(surface) is None
    assert heard(surface) == []


async def test_it_is_switched_off_again_and_what_waits_is_not_told(surface: Surface) -> None:
    await choose(surface)
    await open_home(surface, CHRIS)
    await press(surface, CHRIS, "admin:team_channel")
    waiting = messages.Message(WS, "team_wins:1", "team_wins", SALES, {"said": ["It is won."]})
    async with surface.parts.database.write() as tx:
        await messages.make(tx, [(waiting, [])], surface.clock.now())
        await team_wins.add(tx, [Win(WS, CRM, "D-1", surface.clock.now())], surface.clock.now())
    assert (await surface.submit(CHRIS, {"what": []})).ok
    await surface.settle()
    assert "Nothing is told in a channel." in words(surface.view(CHRIS))
    assert await known(surface) is None
    assert [each.splitlines()[0] for each in heard(surface)] == [
        "The coach tells nothing in this channel any more."
    ]
    async with surface.parts.database.read() as tx:
        assert await team_wins.untold(tx, WS) == []
    assert "The team's channel: none." in shown(surface, CHRIS)


async def test_who_wants_to_be_named_says_so_in_home(surface: Surface) -> None:
    await choose(surface)
    await won(surface)
    assert heard(surface)[1].startswith("Acme renewal is won")
    await open_home(surface, ANA)
    assert "It does not name you." in shown(surface, ANA)
    await press(surface, ANA, "home:named")
    assert "names you when you win a deal." in shown(surface, ANA)
    await team_channel.turn(surface.parts)
    await surface.settle()
    assert heard(surface)[1].startswith("Ana Ruiz has won Acme renewal: €12,000.")
    await press(surface, ANA, "home:unnamed")
    await team_channel.turn(surface.parts)
    await surface.settle()
    assert heard(surface)[1].startswith("Acme renewal is won: €12,000.")
    # Who is not coached is not asked.
    await open_home(surface, BEN)
    assert "C0SALES" not in shown(surface, BEN)


async def won(surface: Surface, **more: Any) -> None:
    """A deal of Ana's that was won, as the channel is told of it."""
    ana, now = await surface.person(ANA), surface.clock.now()
    await surface.save(deal(status=DealStatus.WON, person_id=ana.id, closed_at=now, **more))
    async with surface.parts.database.write() as tx:
        await team_wins.add(tx, [Win(WS, CRM, "D-17", now)], now)
    # At nine in New York, where it was chosen.
    surface.clock.moment += timedelta(hours=6)
    await team_channel.turn(surface.parts)
    await surface.settle()


async def test_administrators_are_told_once_that_nothing_can_be_told_any_more(
    surface: Surface,
) -> None:
    async with surface.parts.database.write() as tx:
        await administrators.add(tx, WS, BEN, CHRIS, surface.clock.now())
    await choose(surface)
    surface.slack.channels[SALES].joined = False
    await won(surface)
    for _ in range(2):
        await choosing.tell_due(surface.parts, surface.installed)
        await surface.settle()
    told = [words_of(each) for who in (BEN, CHRIS) for each in surface.slack.messages(who)]
    assert len([each for each in told if "the coach is not in it any more" in each]) == 2
    await open_home(surface, CHRIS)
    assert "Nothing is told in the team's channel any more" in shown(surface, CHRIS)
    # Let in and chosen again, it goes on.
    surface.slack.channels[SALES].joined = True
    assert (await choose(surface)).ok
    assert "the team's channel. Won deals: on." in shown(surface, CHRIS)


async def test_how_few_people_a_week_was_of_stands_in_home(surface: Surface) -> None:
    await choose(surface)
    async with surface.parts.database.write() as tx:
        await team_channels.note_too_few(tx, WS, 3)
    await open_home(surface, CHRIS)
    assert "Last week's were not told: 3 people were active" in shown(surface, CHRIS)
