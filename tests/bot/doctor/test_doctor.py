"""The doctor finds each fault by itself, says how to mend it, and never shows a secret."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.crm.provider import load_providers
from bot.doctor.findings import Finding, State
from bot.doctor.store import check_connections, check_database, check_work
from coach.events import Owner
from coach.ids import ordered_id
from coach.models import (
    Draft,
    InsightType,
    Priority,
    SubjectKind,
    Suggestion,
)
from coach.phrases import say
from coach.writes import CompleteTask
from storage import (
    checks,
    connections,
    crm_writes,
    deliveries,
    fetches,
    insights,
    messages,
    owners,
    patterns,
    rounds,
    workspaces,
)
from storage.checks import Check, Key
from storage.connections import Connection
from storage.crm_writes import StoredWrite
from storage.database import Database, Tx
from storage.deliveries import NewDelivery
from storage.fetches import StoredFetch
from storage.insights import NewInsight
from storage.messages import Message
from storage.rounds import Round
from storage.sealing import Seal
from storage.tables import messages as messages_table
from storage.tables import pattern_turns
from storage.workspaces import DEFAULT
from tests.bot.terminal.conftest import Coach

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
KEY = "Xv0rQmEJQ3rKq1oUo4kR0m0eQ6m2m0o3m8qN5e2y0aE="


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    async with database.write() as tx:
        await workspaces.ensure(tx, DEFAULT, NOW)
    yield database
    await database.close()


async def work(database: Database) -> list[Finding]:
    async with database.read() as tx:
        return [finding async for finding in check_work(tx, NOW)]


def faults(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.state is State.FAULT]


def delivery(id: str, *, error: str | None = None, keys: tuple[str, ...] = ()) -> NewDelivery:
    return NewDelivery(DEFAULT, id, "native", id, NOW, b"{}", keys, error)


async def connect(tx: Tx, **changes: Any) -> None:
    values: dict[str, Any] = {"provider": "native", "secrets": ("whsec_abc",), **changes}
    made = Connection(DEFAULT, "native", values.pop("provider"), "token", bearer="b", **values)
    await connections.save(tx, Seal([KEY]), made, NOW)


def moment_id(at: datetime) -> str:
    return ordered_id(at, lambda size: bytes(size))


async def test_an_empty_database_has_no_fault(database: Database) -> None:
    assert faults(await work(database)) == []


async def test_whom_and_what_a_rule_fails_over_is_named_with_the_reason(
    database: Database,
) -> None:
    ana = Owner(email="ana@northwind.example", name="Ana")
    async with database.write() as tx:
        found = await owners.resolve(tx, DEFAULT, "native", [ana], NOW, lambda: moment_id(NOW))
        id = found[ana]
        key = Key("stale_leads", SubjectKind.CONTACT, "native", "C-1")
        await checks.save(tx, DEFAULT, [Check(key, id, NOW, "ValueError: not 9")], ())
        await rounds.put_off(tx, Round(DEFAULT, id, "stale_leads"), NOW, "KeyError: 'x'")
    (fault,) = faults(await work(database))
    assert fault.text == "Rules fail; people: 1, things: 1. Everybody else is looked at."
    assert fault.details == (
        f"stale_leads over Ana ({id}): KeyError: 'x'",
        f"stale_leads over contact C-1 of Ana ({id}): ValueError: not 9",
    )


async def test_a_look_at_the_figures_that_failed_is_told_until_one_does_not(
    database: Database,
) -> None:
    async def look(error: str | None, again_at: datetime) -> None:
        now = await patterns_due(database)
        async with database.write() as tx:
            turn = await patterns.claim(tx, DEFAULT, now, now + timedelta(minutes=30))
            assert turn is not None
            await patterns.again(tx, turn, again_at, error)

    await look("KeyError: 'odd'", NOW + timedelta(hours=1))
    (fault,) = faults(await work(database))
    assert (fault.area, fault.details) == ("patterns", ("KeyError: 'odd'",))
    assert "could not be looked at (1 time)" in fault.text
    await look("KeyError: xoxb-1-secret", NOW + timedelta(hours=3))
    (fault,) = faults(await work(database))
    assert "(2 times in a row)" in fault.text
    assert "again at 2026-11-22 13:00 UTC" in fault.text
    assert "xoxb-1-secret" not in fault.details[0]
    await look(None, NOW + timedelta(days=7))
    assert not faults(await work(database))


async def patterns_due(database: Database) -> datetime:
    """When the team's figures are to be looked at."""
    async with database.read() as tx:
        at = (await tx.execute(select(pattern_turns.c.due_at))).scalar()
    return NOW if at is None else at


async def test_a_delivery_that_could_not_be_read_is_named_with_its_error(
    database: Database,
) -> None:
    id = moment_id(NOW)
    async with database.write() as tx:
        await connect(tx)
        await deliveries.accept(tx, [delivery(id, error="data.deal: needs an id")])
    (found,) = faults(await work(database))
    assert found.text == "1 could not be read."
    assert found.details == (f"{id}  data.deal: needs an id",)
    assert "coach replay" in (found.mend or "")


async def test_what_its_sender_was_told_at_once_is_a_fault_for_a_week_and_then_a_note(
    database: Database,
) -> None:
    async with database.write() as tx:
        await connect(tx)
        for days, told in ((6, True), (7, True), (8, True), (9, False)):
            at = NOW - timedelta(days=days)
            one = delivery(moment_id(at), error=f"{days} days old")
            await deliveries.accept(tx, [replace(one, received_at=at, refused=told)])
    found = [each for each in await work(database) if each.area == "deliveries"]
    (fault,) = faults(found)
    assert fault.text == "2 could not be read."
    assert [each.partition("  ")[2] for each in fault.details] == ["6 days old", "9 days old"]
    (past,) = [each for each in found if each.state is State.NOTE]
    assert past.text == (
        "2 could not be read, as their sender was told at once; the last of them came 7 days ago."
    )
    assert [each.partition("  ")[2] for each in past.details] == ["7 days old", "8 days old"]
    assert "--set-aside" in (past.mend or "")


@pytest.mark.parametrize(("age", "broken"), [(1, False), (3, True)])
async def test_deliveries_that_nobody_works_on_are_a_fault_after_two_minutes(
    database: Database, age: int, broken: bool
) -> None:
    id = moment_id(NOW - timedelta(minutes=age))
    async with database.write() as tx:
        await connect(tx)
        await deliveries.accept(tx, [delivery(id, keys=("e1",))])
    found = faults(await work(database))
    assert [each.text for each in found] == (
        ["1 waiting, the oldest came 3 minutes ago: nobody works on them."] if broken else []
    )


async def person(tx: Tx, email: str) -> str:
    owner = Owner.of(email=email)
    assert owner is not None
    found = await owners.resolve(tx, DEFAULT, "native", [owner], NOW, lambda: moment_id(NOW))
    return found[owner]


def insight(person_id: str) -> NewInsight:
    draft = Draft(
        person_id, "deal:native:D-1", "once", Priority.HIGH, say("Hello"), say("Because"),
        Suggestion("view_deal"), NOW + timedelta(days=3),
    )  # fmt: skip
    return NewInsight("stuck_deals", InsightType.TIME, draft)


async def test_an_insight_that_slack_refused_is_told_with_slacks_word(database: Database) -> None:
    async with database.write() as tx:
        person_id = await person(tx, "ana@example.com")
        ((print_, _),) = await insights.add(tx, DEFAULT, [insight(person_id)], NOW)
        card = Message(DEFAULT, messages.card_id(print_), "card", "U1", person_id=person_id)
        await messages.make(tx, [(card, [print_])], NOW)
        await refused(tx, "channel_not_found")
    (found,) = faults(await work(database))
    assert found.text == "Slack refused 1: channel_not_found."
    assert found.mend


async def refused(tx: Tx, code: str) -> None:
    """Let Slack have refused every message for good."""
    await tx.execute(update(messages_table).values(state="failed", error=code))


async def test_a_welcome_that_slack_refused_is_told_too(database: Database) -> None:
    async with database.write() as tx:
        welcome = Message(DEFAULT, "welcome:1", "welcome", "U1")
        await messages.make(tx, [(welcome, [])], NOW)
        await refused(tx, "restricted_action")
    (found,) = faults(await work(database))
    assert "restricted_action" in found.text


async def test_owners_nobody_matches_are_listed_with_what_waits_for_them(
    database: Database,
) -> None:
    async with database.write() as tx:
        person_id = await person(tx, "ana@example.com")
        await insights.add(tx, DEFAULT, [insight(person_id)], NOW)
    found = await work(database)
    waiting = next(finding for finding in found if finding.area == "owners")
    assert waiting.state is State.NOTE
    assert waiting.details == ("1 waiting  ana@example.com <ana@example.com>",)
    assert "`coach owners link`" in (waiting.mend or "")
    assert "/coach link" in (waiting.mend or "")


async def test_of_many_owners_and_of_what_a_rule_fails_over_it_is_said_how_many_more_there_are(
    database: Database,
) -> None:
    async with database.write() as tx:
        moments = (moment_id(NOW + timedelta(seconds=n)) for n in range(32))
        named = [Owner(email=f"{n}@example.com", name=f"{n}") for n in range(32)]
        ids = await owners.resolve(tx, DEFAULT, "native", named, NOW, lambda: next(moments))
        failing = [
            Check(
                Key("stale_leads", SubjectKind.CONTACT, "native", f"{each.name}"),
                *(ids[each], NOW, "ValueError: not 9"),
            )
            for each in named
        ]
        await checks.save(tx, DEFAULT, failing, ())
        cut = {each.area: each async for each in check_work(tx, NOW)}
        whole = {each.area: each async for each in check_work(tx, NOW, most=None)}
    for area, listed, all_by in (
        ("owners", 10, "coach owners"),
        ("rules", 5, "coach doctor --all"),
    ):
        assert (len(cut[area].details), cut[area].more) == (listed, 32 - listed)
        assert cut[area].all_by == all_by
        assert (len(whole[area].details), whole[area].more) == (32, 0)


async def test_a_change_the_crm_did_not_take_is_told(database: Database) -> None:
    async with database.write() as tx:
        await connect(tx)
        for n in range(7):
            write = StoredWrite(
                DEFAULT, f"k{n}", "f", say("Completed “Call”"), CompleteTask("native", f"T-{n}")
            )
            await crm_writes.add(tx, write, NOW + timedelta(seconds=n))
            await crm_writes.fail(tx, write, "HTTP 410")
    (found,) = faults(await work(database))
    assert found.details[0] == "k6  Completed “Call”: HTTP 410"
    assert (len(found.details), found.more) == (5, 2)


async def test_a_look_up_that_was_given_up_is_named_with_its_reason(database: Database) -> None:
    deal = StoredFetch(DEFAULT, "native", "thing", "deal", "17")
    stages = StoredFetch(DEFAULT, "native", "stages")
    async with database.write() as tx:
        await connect(tx)
        await fetches.add(tx, [deal], NOW)
        await fetches.add(tx, [stages], NOW + timedelta(seconds=1))
        assert faults([each async for each in check_work(tx, NOW)]) == []
        await fetches.fail(tx, deal, "HTTP 403")
        await fetches.fail(tx, stages, "no answer in time, 14 times")
        cut = [each async for each in check_work(tx, NOW, most=1)]
    (found,) = faults(cut)
    assert (found.details, found.more) == (("deal 17 of native: HTTP 403",), 1)
    (found,) = faults(await work(database))
    assert found.text == "2 could not be looked up in the CRM and were given up."
    assert found.details == (
        "deal 17 of native: HTTP 403",
        "stages of native: no answer in time, 14 times",
    )
    assert "coach replay" in (found.mend or "")


async def test_every_reason_that_slack_had_is_told(database: Database) -> None:
    async with database.write() as tx:
        for n in range(8):
            one = Message(DEFAULT, f"welcome:{n}", "welcome", f"U{n}")
            await messages.make(tx, [(one, [])], NOW)
            failed = update(messages_table).where(messages_table.c.id == one.id)
            await tx.execute(failed.values(state="failed", error=f"reason_{n}"))
    texts = [each.text for each in faults(await work(database))]
    assert texts == [f"Slack refused 1: reason_{n}." for n in range(8)]


async def look(database: Database, key: str = KEY) -> list[Finding]:
    async with database.read() as tx:
        return await check_connections(tx, Seal([key]), load_providers(), NOW)


async def test_without_a_connection_the_way_to_one_is_shown(database: Database) -> None:
    (found,) = await look(database)
    assert (found.state, found.mend) == (State.NOTE, "coach connect native")


async def test_a_connection_tells_when_it_was_last_heard_of_and_where_changes_go(
    database: Database,
) -> None:
    async with database.write() as tx:
        await connect(tx, callback_url="https://crm.example.com/x")
    (quiet,) = await look(database)
    assert quiet.text == (
        "Connection native: nothing has come yet; changes go to https://crm.example.com/x."
    )
    async with database.write() as tx:
        await deliveries.accept(tx, [delivery(moment_id(NOW), keys=("e1",))])
    (heard,) = await look(database)
    assert "last heard of just now" in heard.text


async def test_what_first_contact_has_shown_is_told_with_what_was_not_seen_yet(
    database: Database,
) -> None:
    async with database.write() as tx:
        await connect(tx, provider="hubspot", access={"token": "t"})
    *_, new = await look(database)
    assert new.state is State.NOTE
    assert new.text == (
        "First contact with native: nothing so far. Not seen yet: a webhook with the right "
        "signature, an answer that could be read, a change that was taken."
    )
    assert any("signed anew" in each for each in new.details)
    later = NOW + timedelta(days=1)
    write = StoredWrite(DEFAULT, "k1", "f", say("Done"), CompleteTask("native", "T-1"))
    async with database.write() as tx:
        await deliveries.accept(tx, [delivery(moment_id(NOW), keys=("e1",))])
        await connections.answered(tx, DEFAULT, "native", NOW)
        # What comes later does not make it later.
        await deliveries.accept(
            tx, [replace(delivery(moment_id(later), keys=("e2",)), received_at=later)]
        )
        await connections.answered(tx, DEFAULT, "native", later)
    *_, half = await look(database)
    at = f"{NOW:%Y-%m-%d %H:%M} UTC"
    assert half.text == (
        f"First contact with native: a webhook with the right signature by {at}; an answer that "
        f"could be read by {at}. Not seen yet: a change that was taken."
    )
    async with database.write() as tx:
        await crm_writes.add(tx, write, NOW)
        await crm_writes.finish(tx, write, NOW)
    *_, whole = await look(database)
    assert whole.state is State.OK
    assert whole.text.endswith(f"; a change that was taken by {at}.")


async def test_a_rotation_that_was_not_finished_is_remembered(database: Database) -> None:
    async with database.write() as tx:
        await connect(tx, secrets=("whsec_new", "whsec_old"))
    assert "coach connect native --id native --finish" in [
        each.mend for each in await look(database)
    ]


async def test_a_crm_that_wants_a_pause_is_noted_for_as_long_as_it_lasts(
    database: Database,
) -> None:
    async with database.write() as tx:
        await connect(tx)
        until = NOW + timedelta(seconds=90)
        await connections.pause(tx, DEFAULT, "native", until, "HTTP 429")
        keys = Seal([KEY]), load_providers()
        _, found = await check_connections(tx, *keys, NOW)
        assert len(await check_connections(tx, *keys, until)) == 1
    assert found.state is State.NOTE
    assert found.text == (
        "Connection native: the CRM is left alone until 2026-11-22 10:01:30 UTC (HTTP 429)."
    )
    assert "by themselves" in (found.mend or "")


async def test_secrets_that_cannot_be_read_are_a_fault(database: Database) -> None:
    async with database.write() as tx:
        await connect(tx)
    (found,) = await look(database, key=KEY.replace("X", "Y", 1))
    assert found.state is State.FAULT
    assert "COACH_SECRET_KEYS" in (found.mend or "")


async def test_a_connection_of_an_unknown_provider_is_a_fault(database: Database) -> None:
    async with database.write() as tx:
        await connect(tx, provider="acme")
    (found,) = await look(database)
    assert found.state is State.FAULT
    assert "does not know" in found.text


async def test_a_database_without_its_schema_is_upgraded_or_named(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    try:
        found = await check_database(database)
    finally:
        await database.close()
    if database.is_sqlite:
        assert found.state is State.OK
    else:
        assert (found.state, found.mend) == (State.FAULT, "coach db upgrade")


# The command


def test_a_fresh_machine_has_no_fault_and_exit_0(coach: Coach) -> None:
    ran = coach("doctor")
    assert ran.code == 0, ran.out
    assert "Nothing is broken." in ran.out
    assert "coach connect native" in ran.out


def test_json_holds_the_same_for_scripts(coach: Coach) -> None:
    ran = coach("doctor", "--json")
    told = json.loads(ran.out)
    assert told["ok"] is True
    assert {"area", "state", "text", "mend", "details", "more"} == set(told["findings"][0])


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://u:hidden@127.0.0.1:1/x")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xo" + "xb-hidden-hidden")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "hidden")
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:1/api/")


@pytest.mark.usefixtures("unreachable")
def test_faults_end_with_exit_1_and_show_no_secret(coach: Coach) -> None:
    ran = coach("doctor")
    assert ran.code == 1
    assert "2 faults; each has a line how to mend it." in ran.out
    assert "The database cannot be used" in ran.out
    assert "Slack cannot be asked" in ran.out
    assert "hidden" not in ran.out + ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("COACH_LOG_LEVEL", "LOUD", "COACH_LOG_LEVEL"),
        ("COACH_SECRET_KEYS", "no key", "The keys for secrets cannot be used."),
        ("COACH_PUBLIC_URL", "http://coach.example.com", "is not encrypted"),
        ("COACH_PUBLIC_URL", "http://[coach", "is not an address"),
        ("COACH_PUBLIC_URL", "coach", "is not an address"),
        ("DATABASE_URL", "oracle://host/x", "DATABASE_URL is not an address"),
    ],
)
def test_each_wrong_setting_is_a_fault(
    coach: Coach, monkeypatch: pytest.MonkeyPatch, name: str, value: str, text: str
) -> None:
    monkeypatch.setenv(name, value)
    ran = coach("doctor")
    assert ran.code == 1
    assert text in ran.out


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.8.9.1", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_this_machine_may_be_named_in_every_way(
    coach: Coach, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("COACH_PUBLIC_URL", f"http://{host}:8000")
    assert f"Reached from outside at http://{host}:8000." in coach("doctor").out


def test_a_key_that_others_can_read_is_a_fault(coach: Coach, tmp_path: Path) -> None:
    assert coach("doctor").code == 0
    (tmp_path / "data" / "secret.key").chmod(0o644)
    ran = coach("doctor")
    assert ran.code == 1
    assert f"chmod 600 {tmp_path}/data/secret.key" in ran.out


def test_a_data_folder_that_cannot_be_made_is_a_fault(
    coach: Coach, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COACH_DATA", str(tmp_path / "file" / "data"))
    ran = coach("doctor")
    assert ran.code == 1
    assert "cannot be used" in ran.out
