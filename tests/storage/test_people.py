"""People: found by what is known of them, made once, merged without loss."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Float, Integer, Table, delete, select

from coach.events import OwnerKey
from coach.models import Enrolment, InsightState, Level, Settings
from coach.phrases import say
from storage import deciding, insights, merging, messages, owners, people, workspaces
from storage.columns import Said, SaidText, UtcDateTime
from storage.database import Tx
from storage.messages import Message
from storage.tables import deals
from storage.tables import owners as owners_table
from tests.storage.conftest import Store
from tests.world import ANA, BEGINNING, CONNECTION, EMAILS, WORKSPACE, deliver, told, won

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


async def test_a_slack_user_is_made_once_by_however_many_at_once(store: Store) -> None:
    async def ensure() -> str:
        async with store.database.write() as tx:
            now = store.parts.clock.now()
            person = await people.ensure_slack_user(
                tx, WORKSPACE, "U09NEW", now, store.parts.new_id, "New"
            )
            return person.id

    ids = await asyncio.gather(*(ensure() for _ in range(8)))
    assert len(set(ids)) == 1


async def test_settings_are_kept_as_they_were_set(store: Store) -> None:
    wanted = Settings(False, Level.ACTIVE, 3, 60, (1, 3, 5))
    async with store.database.write() as tx:
        await people.save_settings(tx, store.ana, wanted)
        found = await people.by_slack_user(tx, WORKSPACE, ANA)
        others = await people.load(tx, WORKSPACE, [store.ben.id])
    assert found is not None
    assert found.settings == wanted
    assert others[store.ben.id].settings == Settings()


async def test_an_enrolment_moves_only_from_where_it_may(store: Store) -> None:
    async with store.database.write() as tx:
        key = (tx, WORKSPACE, store.ana.id)
        assert not await people.enrol(*key, Enrolment.INVITED, only_from=[Enrolment.INVITING])
        assert await people.enrol(*key, Enrolment.DECLINED, only_from=[Enrolment.STARTED])
        assert await people.enrolled_counts(tx, WORKSPACE) == {"declined": 1, "started": 1}


async def claim(tx: Tx, store: Store, now: datetime, most: int = 1) -> list[str]:
    """Whom one process gets to ask Slack about, for an hour."""
    found = await people.claim_look_ups(tx, store.database, now, now + 3 * HOUR, most)
    return [each.id for each in found]


async def test_whose_turn_it_is_to_be_looked_up_the_longest_waiting_first(store: Store) -> None:
    now = store.parts.clock.now()
    async with store.database.write() as tx:
        await people.change(tx, WORKSPACE, store.ana.id, lookup_after=now)
        await people.change(tx, WORKSPACE, store.ben.id, lookup_after=now - HOUR)
        assert not await people.waits_to_be_looked_up(tx, now)
        await workspaces.change(tx, WORKSPACE, team_id="T1")
        assert not await people.waits_to_be_looked_up(tx, now - HOUR - SECOND)
        for hindrance in (
            {"slack_error": "token_revoked"},
            {"lookups_after": now + SECOND},
        ):
            await workspaces.change(tx, WORKSPACE, **hindrance)
            assert not await people.waits_to_be_looked_up(tx, now)
            assert await claim(tx, store, now) == []
            await workspaces.change(tx, WORKSPACE, **dict.fromkeys(hindrance))
        assert await claim(tx, store, now - HOUR, most=9) == [store.ben.id]
        await people.change(tx, WORKSPACE, store.ben.id, lookup_after=now - HOUR)
        assert await claim(tx, store, now) == [store.ben.id]
        assert await claim(tx, store, now) == [store.ana.id]
        # Both are somebody's to ask about now.
        assert await claim(tx, store, now) == []


async def test_two_people_who_are_one_become_one_with_everything_of_both(store: Store) -> None:
    await deliver(store.parts, won(), told("call_logged", contact={"id": "C-9"}))
    async with store.database.write() as tx:
        await merging.merge(tx, WORKSPACE, gone=store.ana.id, into=store.ben.id)
        await merging.merge(tx, WORKSPACE, gone=store.ben.id, into=store.ben.id)
    async with store.database.read() as tx:
        assert await people.load(tx, WORKSPACE, [store.ana.id]) == {}
        owned = (await tx.execute(select(owners_table.c.person_id).distinct())).scalars().all()
        assert owned == [store.ben.id]
        assert set((await tx.execute(select(deals.c.person_id))).scalars()) == {store.ben.id}
        (insight,) = await insights.recent(tx, WORKSPACE, store.ben.id)
        assert insight.state is InsightState.OPEN
        (card,) = await messages.showing(tx, WORKSPACE, insight.fingerprint)
        assert (card.person_id, card.addressee) == (store.ben.id, store.ben.slack_user_id)
        found = await owners.by_email(tx, WORKSPACE, EMAILS[ANA].upper())
        assert found is not None
        assert found.id == store.ben.id
        assert found.slack_user_id == store.ben.slack_user_id


def made_up(table: Table, person_id: str, number: int) -> dict[str, Any]:
    """A row of any table, of that person, with something in every column that needs it."""
    row: dict[str, Any] = {}
    for column in table.c:
        if column.nullable or column.server_default is not None:
            continue
        match column.type:
            case Said() | SaidText():
                row[column.name] = say("x")
            case UtcDateTime():
                row[column.name] = BEGINNING + timedelta(seconds=number)
            case JSON():
                row[column.name] = {}
            case Float():
                row[column.name] = float(number)
            case Boolean():
                row[column.name] = False
            case Integer():
                row[column.name] = number
            case _:
                row[column.name] = f"x{number}"
    return row | {"workspace_id": WORKSPACE, "person_id": person_id}


@pytest.mark.parametrize("table", merging.OF_A_PERSON, ids=lambda table: table.name)
async def test_whatever_belongs_to_a_person_goes_with_them(store: Store, table: Table) -> None:
    mine = (table.c.workspace_id == WORKSPACE) & table.c.person_id.in_([store.ana.id, store.ben.id])
    async with store.database.write() as tx:
        await tx.execute(delete(table).where(mine))
        await tx.execute(table.insert().values(**made_up(table, store.ana.id, 1)))
        await tx.execute(table.insert().values(**made_up(table, store.ben.id, 2)))
        await merging.merge(tx, WORKSPACE, gone=store.ana.id, into=store.ben.id)
        query = select(table.c.person_id).where(mine)
        # Of what a person has one of, they have one.
        one_each = {column.name for column in table.primary_key} == {"workspace_id", "person_id"}
        kept = 1 if one_each else 2
        assert list((await tx.execute(query)).scalars()) == [store.ben.id] * kept


async def test_what_two_people_both_have_is_kept_once(store: Store) -> None:
    async with store.database.write() as tx:
        for person in (store.ana, store.ben):
            await owners.own(tx, WORKSPACE, OwnerKey(CONNECTION, "name:both"), person.id)
        await merging.merge(tx, WORKSPACE, gone=store.ana.id, into=store.ben.id)
        query = select(owners_table.c.person_id).where(owners_table.c.owner_key == "name:both")
        assert list((await tx.execute(query)).scalars()) == [store.ben.id]


def test_what_belongs_to_a_person_is_known_and_found_by_them() -> None:
    names = {table.name for table in merging.OF_A_PERSON}
    assert names >= {
        *("deals", "contacts", "tasks", "insights", "activities", "contacts_made", "decisions"),
        *("owners", "link_requests"),
    }
    for table in merging.OF_A_PERSON:
        leads = [
            [column.name for column in index.columns][:2]
            for index in table.indexes
            if index.dialect_options["sqlite"]["where"] is None
        ]
        leads.append([column.name for column in table.primary_key][:2])
        assert ["workspace_id", "person_id"] in leads, table.name


async def test_an_address_goes_with_whoever_is_merged(store: Store) -> None:
    async with store.database.write() as tx:
        await people.change(tx, WORKSPACE, store.ben.id, email=None)
        await merging.merge(tx, WORKSPACE, gone=store.ana.id, into=store.ben.id)
        found = await people.load(tx, WORKSPACE, [store.ben.id])
    assert found[store.ben.id].email == store.ana.email


async def test_a_turn_comes_at_the_earliest_time_it_is_wanted_for_and_once(store: Store) -> None:
    now, ids = store.parts.clock.now(), {store.ana.id, store.ben.id}
    async with store.database.write() as tx:
        await deciding.decided(tx, WORKSPACE, dict.fromkeys(ids))
        assert not await deciding.any_to_decide(tx, now)
        await deciding.reconsider(tx, WORKSPACE, ids, now + HOUR)
        await deciding.reconsider(tx, WORKSPACE, [store.ana.id], now)
        await deciding.reconsider(tx, WORKSPACE, [store.ana.id], now + 2 * HOUR)
        assert await deciding.to_decide(tx, now, 9) == {WORKSPACE: [store.ana.id]}
        await deciding.decided(tx, WORKSPACE, {store.ana.id: None})
        assert not await deciding.any_to_decide(tx, now)
        assert await deciding.to_decide(tx, now + HOUR, 9) == {WORKSPACE: [store.ben.id]}


async def test_what_somebody_has_written_to_another_goes_there_all_the_same(store: Store) -> None:
    written = Message(WORKSPACE, "feedback:1", "feedback", "U9ADMIN", {}, store.ana.id)
    async with store.database.write() as tx:
        await messages.make(tx, [(written, [])], BEGINNING)
        await merging.merge(tx, WORKSPACE, gone=store.ana.id, into=store.ben.id)
        found = await messages.get(tx, WORKSPACE, "feedback:1")
    assert found is not None
    assert (found.person_id, found.addressee) == (store.ben.id, "U9ADMIN")
