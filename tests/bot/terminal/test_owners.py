"""`coach owners`: who is who, what waits, and tying owners to people, one by one or from a file."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coach.events import Owner
from coach.models import Deal
from storage import mirror, owners, people
from storage.database import Database, Tx
from storage.workspaces import DEFAULT
from tests.bot.terminal.conftest import Coach

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)

InStore = Callable[[Callable[[Tx], Awaitable[Any]]], Any]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, database_url: str, coach: Coach) -> InStore:
    """A database with a connection; runs what it is given in a transaction."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert coach("connect", "native").code == 0

    async def within(work: Callable[[Tx], Awaitable[Any]]) -> Any:
        database = Database(database_url)
        try:
            async with database.write() as tx:
                return await work(tx)
        finally:
            await database.close()

    return lambda work: asyncio.run(within(work))


def told(store: InStore, *named: Owner, of: str = "native") -> list[str]:
    """The people that a connection's owners are."""
    count = iter(range(1000))

    async def work(tx: Tx) -> list[str]:
        found = await owners.resolve(tx, DEFAULT, of, named, NOW, lambda: f"00{of}-{next(count)}")
        return [found[owner] for owner in named]

    ids: list[str] = store(work)
    return ids


def keys(coach: Coach) -> dict[str, list[str]]:
    """The keys of each owner, by what they are called."""
    rows = json.loads(coach("owners", "--json").out)
    return {row["name"]: [key["key"] for key in row["keys"]] for row in rows}


def test_every_owner_is_listed_with_keys_and_what_waits(coach: Coach, store: InStore) -> None:
    ana, _ = told(store, Owner("ana@x.example", "7", "Ana Ruiz"), Owner(name="Ben"))

    async def work(tx: Tx) -> None:
        await people.change(tx, DEFAULT, ana, slack_user_id="U1")
        await mirror.save(tx, DEFAULT, [Deal("native", "D-1", "Acme", person_id=ana)])

    store(work)
    (ben, first) = json.loads(coach("owners", "--json").out)
    assert first == {
        "person_id": ana,
        "name": "Ana Ruiz",
        "email": "ana@x.example",
        "slack_user_id": "U1",
        "enrolment": "new",
        "keys": [
            {
                "key": "ana@x.example",
                "connection_id": None,
                "kind": "email",
                "value": "ana@x.example",
                "shared": False,
            },
            {
                "key": "native/id:7",
                "connection_id": "native",
                "kind": "id",
                "value": "7",
                "shared": False,
            },
            {
                "key": "native/name:ana ruiz",
                "connection_id": "native",
                "kind": "name",
                "value": "ana ruiz",
                "shared": False,
            },
        ],
        "open_deals": 1,
        "pending_tasks": 0,
        "leads": 0,
        "open_insights": 0,
    }
    assert (ben["name"], ben["slack_user_id"]) == ("Ben", None)
    shown = coach("owners").out
    assert "native/id:7" in shown
    assert "open deals" in shown
    assert "nobody yet" in shown


def test_without_owners_it_says_so(coach: Coach, store: InStore) -> None:
    assert coach("owners").out == "No CRM has named an owner so far.\n"
    assert coach("owners", "--json").out == "[]\n"


def test_a_name_that_two_bear_is_told(coach: Coach, store: InStore) -> None:
    told(store, Owner(id="7", name="Ana"), Owner(id="8", name="Ana"))
    assert coach("owners").out.count("Ana is one of several who bear native/name:ana.") == 2
    ran = coach("owners", "link", "Ana", "ana@x.example")
    assert ran.code == 1
    assert ran.err == (
        "Several owners are called “Ana”: native/id:7, native/id:8. Say which, by one of these.\n"
    )


@pytest.mark.parametrize("key", ["native/id:7", "id:7", "7", "ana ruiz", "native/name:Ana Ruiz"])
def test_an_owner_gets_an_address_and_is_looked_up_by_it(
    coach: Coach, store: InStore, key: str
) -> None:
    (ana,) = told(store, Owner(id="7", name="Ana Ruiz"))
    ran = coach("owners", "link", key, "Ana@X.example")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "native/id:7 (Ana Ruiz) is known by ana@x.example now; Slack will be asked who that is.\n"
    )
    assert told(store, Owner("ana@x.example")) == [ana]

    async def work(tx: Tx) -> tuple[Any, ...]:
        person = (await people.load(tx, DEFAULT, [ana]))[ana]
        return person.email, person.name

    assert store(work) == ("ana@x.example", "Ana Ruiz")


def test_the_owner_goes_to_whom_slack_knows_by_that_address(coach: Coach, store: InStore) -> None:
    ana, seven = told(store, Owner("ana@x.example"), Owner(id="7", name="Ana Ruiz"))

    async def work(tx: Tx) -> None:
        await people.change(tx, DEFAULT, ana, slack_user_id="U1")
        await mirror.save(tx, DEFAULT, [Deal("native", "D-1", "Acme", person_id=seven)])

    store(work)
    assert coach("owners", "link", "7", "ana@x.example").out == (
        "native/id:7 (Ana Ruiz) is known by ana@x.example now: ana@x.example, U1 in Slack.\n"
    )
    (row,) = json.loads(coach("owners", "--json").out)
    assert (row["person_id"], row["slack_user_id"], row["open_deals"]) == (ana, "U1", 1)


def test_two_slack_users_are_not_made_one(coach: Coach, store: InStore) -> None:
    both = told(store, Owner("ana@x.example"), Owner(id="7"))

    async def work(tx: Tx) -> None:
        for number, id in enumerate(both):
            await people.change(tx, DEFAULT, id, slack_user_id=f"U{number}")

    store(work)
    ran = coach("owners", "link", "7", "ana@x.example")
    assert (ran.code, ran.err) == (
        1,
        "native/id:7 is somebody else in this Slack workspace already.\n",
    )


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("native/name:ana riuz", "Nearest: native/name:ana ruiz. "),
        ("hubspto/name:Ana Ruiz", "Nearest: native/name:ana ruiz. "),
        ("native/name:1077", "Nearest: native/id:1077. "),
        ("anna@x.example", "Nearest: ana@x.example. "),
        ("native/name:nobody", ""),
        ("nobody", ""),
    ],
)
def test_a_key_that_nobody_has_is_tied_to_nobody(
    coach: Coach, store: InStore, typed: str, near: str
) -> None:
    told(store, Owner("ana@x.example", "1077", "Ana Ruiz"), Owner(id="2", name="Ben"))
    before = keys(coach)
    ran = coach("owners", "link", typed, "b@x.example")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"No CRM has named an owner “{typed}” so far. ")
    assert ran.err.endswith(f" {near}`coach owners` lists all.\n")
    assert ("Nearest" in ran.err) is bool(near)
    assert keys(coach) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody", "a@x.example"), "No CRM has named an owner “nobody” so far."),
        (("7", "no address"), "“no address” is not an address."),
        (("7",), "Say which owner is who"),
        (("7", "a@x.example", "--csv", "x.csv"), "not both"),
    ],
)
def test_what_cannot_be_linked_is_explained(
    coach: Coach, store: InStore, arguments: tuple[str, ...], said: str
) -> None:
    told(store, Owner(id="7"))
    ran = coach("owners", "link", *arguments)
    assert ran.code == 1
    assert said in ran.err


def test_a_file_links_many(coach: Coach, store: InStore, tmp_path: Path) -> None:
    told(store, Owner(id="7", name="Ana"), Owner(id="8"))
    told(store, Owner(id="7", name="Other"), of="hubspot")
    path = tmp_path / "owners.csv"
    path.write_text(
        "connection;Owner ID;E-mail\nnative;7;ana@x.example\n"
        "hubspot;7;o@x.example\n;8;b@x.example\n"
    )
    ran = coach("owners", "link", "--csv", str(path))
    assert (ran.err, ran.code) == ("", 0)
    assert ran.out.splitlines() == [
        "native/id:7 (Ana) is known by ana@x.example now; Slack will be asked who that is.",
        "hubspot/id:7 (Other) is known by o@x.example now; Slack will be asked who that is.",
        "native/id:8 is known by b@x.example now; Slack will be asked who that is.",
        "3 owners are known by address now.",
    ]
    assert keys(coach) == {
        "Ana": ["ana@x.example", "native/id:7", "native/name:ana"],
        "Other": ["o@x.example", "hubspot/id:7", "hubspot/name:other"],
        "8": ["b@x.example", "native/id:8"],
    }


def test_a_file_with_a_fault_in_a_line_does_nothing_and_names_every_fault(
    coach: Coach, store: InStore, tmp_path: Path
) -> None:
    told(store, Owner(id="7", name="Ana"))
    before = keys(coach)
    path = tmp_path / "owners.csv"
    path.write_text("key,email\n7,ana@x.example\nnobody,b@x.example\n7,no address\n,c@x.example\n")
    ran = coach("owners", "link", "--csv", str(path))
    assert ran.code == 1
    for said in (
        "Nothing was changed.",
        "line 3: No CRM has named an owner “nobody” so far.",
        "line 4: “no address” is not an address.",
        "line 5: It names no owner. `coach owners` lists all.",
    ):
        assert said in ran.err
    assert keys(coach) == before
    path.write_text("who,email\n7,ana@x.example\n")
    assert "needs the columns" in coach("owners", "link", "--csv", str(path)).err
