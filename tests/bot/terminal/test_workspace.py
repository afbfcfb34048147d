"""With several Slack workspaces a command is about the one that is named, and no other."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from bot.runtime.settings import load
from bot.terminal.session import make_sure_database_is_usable, open_database
from storage import schema, workspaces
from storage.database import Tx
from tests.bot.terminal.conftest import Coach, Ran

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
EVERY = "Several Slack workspaces have the coach: say by --workspace which one is meant."

LIST = "There are: Northwind <A> (T0NORTH, w-north); South [31mLtd (T0SOUTH, w-south)."

#: Every command that is about one workspace, with what it needs to get that far.
COMMANDS = [
    ("connections",),
    ("connect", "native", "--json"),
    ("disconnect", "native"),
    ("owners",),
    ("owners", "link", "name:Ana", "ana@north.example"),
    ("show", "people"),
    ("patterns",),
    ("simulate",),
    ("export", "ana@north.example"),
    ("replay",),
    ("replay", "--set-aside"),
    ("import", "deals", "deals.csv"),
    ("import", "deals", "deals.csv", "--dry-run", "--connection", "native"),
]


def stored(work: Callable[[Tx], Awaitable[None]]) -> None:
    """Do something in the database of the commands."""

    async def do() -> None:
        database = open_database(load())
        try:
            await schema.make_ready(database)
            async with database.write() as tx:
                await work(tx)
        finally:
            await database.close()

    asyncio.run(do())


async def two(tx: Tx) -> None:
    """North and South have installed the app, by OAuth."""
    await workspaces.settle(tx, "T0NORTH", "Northwind <A>", None, "w-north", NOW)
    await workspaces.settle(tx, "T0SOUTH", "South  \x1b[31mLtd", None, "w-south", NOW)


@pytest.fixture
def several(coach: Coach) -> Coach:
    """The commands where two have it."""
    with open("deals.csv", "w") as file:
        file.write("id,title,stage\nD-1,Acme,Proposal\n")
    stored(two)
    return coach


def ids(ran: Ran) -> list[str]:
    assert (ran.code, ran.err) == (0, "")
    return [each["id"] for each in json.loads(ran.out)]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_a_name_it_is_refused_with_the_list_of_what_there_is(
    several: Coach, command: tuple[str, ...]
) -> None:
    ran = several(*command)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"{EVERY} {LIST}\n"


@pytest.mark.parametrize(
    "name", ["northwind <a>", " Northwind  <A> ", "t0north", "T0NORTH", "w-north"]
)
def test_what_is_linked_by_name_id_or_team_is_linked_there_alone(several: Coach, name: str) -> None:
    linked = several("connect", "native", "--json", "--workspace", name)
    assert linked.code == 0
    assert ids(several("connections", "--json", "--workspace", "w-north")) == ["native"]
    assert ids(several("connections", "--json", "--workspace", "w-south")) == []
    gone = several("disconnect", "native", "--workspace", "w-south")
    assert "There is no connection “native”" in gone.err
    assert several("disconnect", "native", "--workspace", name).code == 0
    assert ids(several("connections", "--json", "--workspace", "w-north")) == []


def test_what_is_imported_is_seen_in_its_workspace_alone(several: Coach) -> None:
    done = several("import", "deals", "deals.csv", "--workspace", "T0NORTH")
    assert done.code == 0
    assert ids(several("show", "deals", "--json", "--workspace", "T0NORTH")) == ["D-1"]
    assert ids(several("show", "deals", "--json", "--workspace", "T0SOUTH")) == []


def test_an_unknown_name_is_refused_with_the_same_list(several: Coach) -> None:
    ran = several("connections", "--workspace", "East\x1b[2J")
    assert ran.code == 1
    assert ran.err == f"No Slack workspace that has the coach is “East [2J”. {LIST}\n"


def test_two_of_one_name_are_told_apart_by_id(several: Coach) -> None:
    async def third(tx: Tx) -> None:
        await workspaces.settle(tx, "T0THIRD", "northwind <a>", None, "w-third", NOW)

    stored(third)
    ran = several("connections", "--workspace", "Northwind <A>")
    assert ran.err.startswith("2 Slack workspaces are called “Northwind <A>”: give the id of one.")
    assert several("connections", "--workspace", "T0THIRD").code == 0


def test_the_environment_says_which_and_the_option_goes_before_it(
    several: Coach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COACH_WORKSPACE", "T0SOUTH")
    assert several("connect", "native", "--json").code == 0
    assert ids(several("connections", "--json")) == ["native"]
    assert ids(several("connections", "--json", "--workspace", "T0NORTH")) == []


def test_one_that_has_left_is_none_any_more(several: Coach) -> None:
    async def leave(tx: Tx) -> None:
        await workspaces.change(tx, "w-south", left_at=NOW)

    stored(leave)
    assert several("connect", "native", "--json").code == 0
    assert ids(several("connections", "--json", "--workspace", "w-north")) == ["native"]
    assert "No Slack workspace" in several("connections", "--workspace", "T0SOUTH").err


def test_the_operators_own_counts_where_it_is_used(several: Coach) -> None:
    async def used(tx: Tx) -> None:
        await workspaces.change(tx, workspaces.DEFAULT, team_id="T0OWN", name="Ours")

    several("connections")
    stored(used)
    ran = several("connections")
    assert "There are: Ours (T0OWN, default); Northwind" in ran.err
    assert several("connections", "--workspace", "ours").code == 0


def test_with_one_everything_is_as_it_was(coach: Coach) -> None:
    assert coach("connect", "native", "--json").code == 0
    assert ids(coach("connections", "--json")) == ["native"]
    assert ids(coach("connections", "--json", "--workspace", "default")) == ["native"]
    assert "COACH_WORKSPACE" not in os.environ


def test_a_server_serves_all_of_them(several: Coach) -> None:
    several("connections")
    asyncio.run(make_sure_database_is_usable(load()))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_of_them_takes_the_name(several: Coach, command: tuple[str, ...]) -> None:
    ran = several(*command, "--workspace", "T0NORTH")
    assert "Slack workspace" not in ran.err
