"""What holds for every table, and for the types of columns on both kinds of database."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, select
from sqlalchemy.exc import IntegrityError

from storage.columns import Json, Money, UtcDateTime, from_micros, to_micros
from storage.database import put
from storage.tables import activities, deals, deliveries, insights, metadata
from tests.storage.conftest import Store
from tests.world import BEGINNING, WORKSPACE


def test_every_key_leads_with_the_workspace() -> None:
    # A workspace's own key is its id; what is installed, or about to be, may be known before its
    # workspace is.
    others = {"workspaces", "installations", "install_states"}
    leading = {name: next(iter(table.primary_key)).name for name, table in metadata.tables.items()}
    assert {name for name, first in leading.items() if first != "workspace_id"} == others
    assert others <= set(leading)


def test_what_is_asked_for_by_every_turn_has_an_index() -> None:
    indexes = {index.name for table in metadata.tables.values() for index in table.indexes}
    assert {
        "ix_deliveries_small",
        "ix_deliveries_large",
        "ix_checks_person",
        "ix_rounds_due_at",
        "ix_check_plans_unfinished",
        "ix_insights_expires_at",
        "ix_messages_waiting",
        "ix_people_decide_at",
        "ix_people_lookup_after",
    } <= indexes


VALUES = Table(
    "values_of_a_test",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime),
    Column("amount", Money),
    Column("json", Json),
)

MOMENTS = [
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 11, 25, 10, 30, 15, 123_456, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    datetime(2199, 12, 31, tzinfo=UTC),
]
AMOUNTS = ["0", "0.10", "-5", "12000.00", "999999999999999.99", "0.1", "1E+3", "0.000000001"]


async def test_instants_amounts_and_json_come_back_as_they_went(store: Store) -> None:
    json_value = {"a": [1, None, "é\U0001f600"], "b": {"c": 1.5}, "empty": {}}
    async with store.database.write() as tx:
        await tx.run_sync(VALUES.metadata.create_all)
        rows = [
            {"id": place, "at": MOMENTS[place % 4], "amount": Decimal(amount), "json": json_value}
            for place, amount in enumerate(AMOUNTS)
        ]
        # Half of them by the way that writes many rows at once.
        await put(tx, VALUES, rows[4:])
        await tx.execute(
            VALUES.insert(), [*rows[:4], {"id": 99, "at": None, "amount": None, "json": None}]
        )
    async with store.database.read() as tx:
        found = (await tx.execute(select(VALUES).order_by(VALUES.c.id))).all()
    for row, sent in zip(found, rows, strict=False):
        assert row.at == sent["at"]
        assert row.at.utcoffset() == timedelta()
        assert row.amount == sent["amount"]
        assert isinstance(row.amount, Decimal)
        assert row.json == json_value
    assert (found[-1].at, found[-1].amount) == (None, None)
    in_order = select(VALUES.c.at).where(VALUES.c.id < 4).order_by(VALUES.c.at)
    async with store.database.read() as tx:
        assert list((await tx.execute(in_order)).scalars()) == sorted(MOMENTS)
        await tx.rollback()


async def test_an_instant_without_a_time_zone_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="has no time zone"):
        async with store.database.write() as tx:
            await tx.execute(deliveries.update().values(received_at=datetime(2026, 1, 1)))  # noqa: DTZ001 - the point


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_microseconds_tell_every_instant_apart(moment: datetime) -> None:
    assert from_micros(to_micros(moment)) == moment


def test_the_hour_that_comes_twice_is_kept_as_the_one_it_is() -> None:
    # Asked for in this order, and in the other.
    for day, folds in (("2026-10-25", (0, 1)), ("2027-10-31", (1, 0))):
        at = datetime.fromisoformat(f"{day}T02:30")
        for fold in folds:
            moment = at.replace(tzinfo=ZoneInfo("Europe/Madrid"), fold=fold)
            ahead = timedelta(hours=1 if fold else 2)
            assert from_micros(to_micros(moment)) == at.replace(tzinfo=UTC) - ahead


async def test_things_that_belong_to_nothing_are_refused(store: Store) -> None:
    orphan = {
        "workspace_id": WORKSPACE,
        "id": "x",
        "connection_id": "no-such-connection",
        "received_at": BEGINNING,
        "body": b"",
        "state": "pending",
        "large": False,
        "due_at": BEGINNING,
    }
    with pytest.raises(IntegrityError):
        async with store.database.write() as tx:
            await tx.execute(deliveries.insert().values(**orphan))


async def test_two_workspaces_with_the_same_ids_do_not_meet(store: Store) -> None:
    row = {
        "connection_id": "native",
        "id": "D-1",
        "title": "",
        "status": "open",
        "deleted": False,
        "told": {},
    }
    async with store.database.write() as tx:
        await tx.execute(deals.insert(), [{**row, "workspace_id": w} for w in ("a", "b")])
        with pytest.raises(IntegrityError):
            async with tx.begin_nested():
                await tx.execute(deals.insert(), {**row, "workspace_id": "a"})
    assert activities.primary_key.columns.keys()[0] == "workspace_id"
    assert insights.primary_key.columns.keys() == ["workspace_id", "fingerprint"]
