"""Each team is answered with its own installation's token, and a stranger with nobody's."""

from slack_sdk.web.async_client import AsyncWebClient

from bot.runtime.parts import Parts
from bot.slack.installed import Slack, authorizing
from storage import installations, workspaces
from storage.installations import Installation
from tests.bot.surface import ANA, Surface, surface
from tests.world import WORKSPACE

__all__ = ["surface"]


async def settle_in(parts: Parts, *installed: Installation, **teams: str | None) -> None:
    """Store installations, and a workspace for each team with the organisation it is part of."""
    now = parts.clock.now()
    async with parts.database.write() as tx:
        for each in installed:
            await installations.keep(tx, parts.seal, each, now)
        for team_id, enterprise_id in teams.items():
            await workspaces.ensure(tx, f"of-{team_id}", now)
            await workspaces.change(
                tx, f"of-{team_id}", team_id=team_id, enterprise_id=enterprise_id
            )


async def test_each_team_has_its_own_token(parts: Parts) -> None:
    await settle_in(
        parts,
        Installation("1", "xoxb-one", team_id="T1", bot_user_id="B1"),
        Installation("2", "xoxb-two", team_id="T2", bot_user_id="B2"),
        T1=None,
        T2=None,
    )
    slack = Slack(parts)
    authorize = authorizing(slack)
    for team_id, token, bot in (("T1", "xoxb-one", "B1"), ("T2", "xoxb-two", "B2")):
        found = await authorize(enterprise_id=None, team_id=team_id)
        assert (found.bot_token, found.bot_user_id) == (token, bot)
        assert (await slack.of(f"of-{team_id}")).client.token == token


async def test_a_team_we_do_not_know_gets_nobodys_token(parts: Parts) -> None:
    await settle_in(
        parts,
        Installation("1", "xoxb-one", team_id="T1"),
        Installation("org", "xoxb-org", "E1", is_enterprise_install=True),
        T1=None,
        T2="E2",
    )
    authorize = authorizing(Slack(parts))
    for enterprise_id, team_id in ((None, "T9"), ("E9", "T9"), (None, None), ("E2", "T2")):
        assert (await authorize(enterprise_id=enterprise_id, team_id=team_id)).bot_token is None


async def test_teams_of_an_organisation_share_its_token_unless_they_have_their_own(
    parts: Parts,
) -> None:
    await settle_in(
        parts,
        Installation("org", "xoxb-org", "E1", is_enterprise_install=True),
        Installation("own", "xoxb-own", "E1", "T2"),
        T1="E1",
        T2="E1",
        T3=None,
    )
    slack = Slack(parts)
    authorize = authorizing(slack)
    assert (await authorize(enterprise_id="E1", team_id="T1")).bot_token == "xoxb-org"
    assert (await authorize(enterprise_id=None, team_id="T1")).bot_token == "xoxb-org"
    assert (await authorize(enterprise_id="E1", team_id="T2")).bot_token == "xoxb-own"
    # A team that has joined the organisation since: Slack says so in each request.
    assert (await authorize(enterprise_id="E1", team_id="T3")).bot_token == "xoxb-org"
    shared, own = await slack.of("of-T1"), await slack.of("of-T2")
    assert (shared.client.token, own.client.token) == ("xoxb-org", "xoxb-own")
    # Slack must be told for which of its teams an organisation's token asks.
    assert "team_id" in requested(shared.client)
    assert "team_id" not in requested(own.client)


def requested(client: AsyncWebClient) -> set[str]:
    return {name for name in ("team_id",) if client.default_params.get(name)}


async def test_what_is_known_of_an_installation_is_not_read_anew_for_each_press(
    sqlite_parts: Parts,
) -> None:
    await settle_in(sqlite_parts, Installation("1", "xoxb-one", team_id="T1"), T1=None)
    slack = Slack(sqlite_parts)
    first = await slack.of_team("T1")
    assert await slack.of_team("T1") is first
    slack.forget()
    assert await slack.of_team("T1") is not first


async def test_nothing_is_called_for_a_team_we_do_not_know(surface: Surface) -> None:
    surface.slack.team_id = "T0OTHER"
    calls = surface.slack.calls
    for line in ("/coach help", "/coach settings"):
        assert (await surface.slack.command(ANA, line)).ok
    await surface.settle()
    assert surface.slack.calls == calls
    assert all("another Slack workspace" in each for each in surface.ephemerals(ANA))
    async with surface.parts.database.read() as tx:
        assert [each.id for each in await workspaces.every(tx)] == [WORKSPACE]


async def test_until_slack_has_told_whose_the_token_is_people_are_told_to_wait(
    surface: Surface,
) -> None:
    async with surface.parts.database.write() as tx:
        await installations.change(tx, installations.ENVIRONMENT, team_id=None)
        await workspaces.change(tx, WORKSPACE, team_id=None)
    surface.installed.forget()
    assert (await surface.slack.command(ANA, "/coach on")).ok
    await surface.settle()
    assert "The coach has just started" in surface.ephemerals(ANA)[-1]
