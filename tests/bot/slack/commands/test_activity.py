"""Tests of `/coach activity`: counts by what happened, and the latest, for one's own things."""

from datetime import timedelta

from sqlalchemy import event

from coach.models import Verb
from storage import activities
from storage.activities import ActivityRow
from tests.bot.slack.commands.test_subcommands import coach
from tests.bot.surface import ANA, BEN, CRM, WS, Surface, deal


async def happened(surface: Surface, who: str, verb: Verb, days_ago: int, deal_id: str) -> None:
    person, now = await surface.person(who), surface.parts.clock.now()
    at = now - timedelta(days=days_ago)
    row = ActivityRow(CRM, f"{who}:{verb}:{days_ago}", verb, at, now, person.id, deal_id)
    async with surface.parts.database.write() as tx:
        await activities.record(tx, WS, [row])


async def test_activity_counts_and_lists_what_happened_to_ones_own_things(
    surface: Surface,
) -> None:
    await happened(surface, ANA, Verb.DEAL_CREATED, 1, "D-1")
    await happened(surface, ANA, Verb.DEAL_CREATED, 2, "D-2")
    await happened(surface, ANA, Verb.DEAL_CLOSED, 30, "D-3")
    await happened(surface, BEN, Verb.DEAL_CREATED, 1, "D-4")

    await happened(surface, ANA, Verb.COMMAND_USED, 1, "")

    week = await coach(surface, "activity")
    assert "The last 7 days: 2 activities of yours" in week
    assert "deal created 2×" in week
    assert "command" not in week
    assert "D-3" not in week
    assert "deal closed 1×" not in week
    assert "D-1" in week
    assert "D-4" not in week

    assert "deal closed 1×" in await coach(surface, "activity 60")


async def test_what_is_not_listed_is_counted(surface: Surface) -> None:
    for days_ago in range(1, 7):
        for verb in (Verb.DEAL_CREATED, Verb.DEAL_UPDATED):
            await happened(surface, ANA, verb, days_ago, f"D-{days_ago}")
    told = await coach(surface, "activity 30")
    assert "12 activities of yours" in told
    assert "… and 2 before that" in told
    assert "before that" not in await coach(surface, "activity 5")


async def test_things_are_called_by_their_names_and_deleted_ones_by_their_ids(
    surface: Surface,
) -> None:
    ana = await surface.person(ANA)
    await surface.save(deal("D-1", title="Weber & Sons <rollout>", person_id=ana.id))
    await happened(surface, ANA, Verb.DEAL_CREATED, 1, "D-1")
    await happened(surface, ANA, Verb.DEAL_CREATED, 2, "D-2")

    week = await coach(surface, "activity")
    assert "new deal Weber & Sons <rollout>" in week
    assert "D-1" not in week
    assert "new deal D-2" in week


async def test_a_number_of_days_that_is_none_is_explained(surface: Surface) -> None:
    assert "from 1 to 365" in await coach(surface, "activity soon")


async def test_nothing_is_read_of_what_happened_to_others(surface: Surface) -> None:
    seen: list[str] = []

    def note(_: object, __: object, sql: str, *___: object) -> None:
        seen.append(sql)

    engine = surface.parts.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    await coach(surface, "activity 365")
    event.remove(engine, "before_cursor_execute", note)

    asked = [sql for sql in seen if "FROM activities" in sql and "dedupe_key IN" not in sql]
    # What such a question reads is in the tests of the store.
    assert len(asked) == 2
    assert all("activities.person_id = ?" in sql for sql in asked)


async def test_what_can_be_asked_is_shown_with_examples(surface: Surface) -> None:
    told = await coach(surface, "activity help")
    for typed in ("activity", "activity 30", "activity commands", "activity commands 30"):
        assert f"/coach {typed}" in told
        # Each of them is understood.
        assert "Say how many days" not in await coach(surface, typed)
    assert "/coach activity help" in await coach(surface, "activity soon")


async def test_what_was_typed_to_the_coach_is_listed_by_itself(surface: Surface) -> None:
    await happened(surface, ANA, Verb.DEAL_CREATED, 1, "D-1")
    await coach(surface, "level")
    await coach(surface, "deals", who=BEN)
    told = await coach(surface, "activity commands 1")
    # What is asked now counts, too.
    assert "The last day: 2 commands of yours" in told
    assert "/coach level" in told
    assert "/coach deals" not in told
    assert "deal created" not in told


async def test_what_was_taken_back_is_said_to_be_undone(surface: Surface) -> None:
    ana, now = await surface.person(ANA), surface.parts.clock.now()
    rows = [
        ActivityRow(CRM, key, verb, now - timedelta(hours=hours), now, ana.id, task_id=id)
        for key, verb, hours, id in (
            ("coach:w1", Verb.TASK_COMPLETED, 4, "T-1"),
            ("coach:w1:undo", Verb.TASK_UPDATED, 3, "T-1"),
            ("coach:w2", Verb.TASK_COMPLETED, 2, "T-2"),
        )
    ]
    async with surface.parts.database.write() as tx:
        await activities.record(tx, WS, rows)
    told = await coach(surface, "activity")
    assert "completed T-1, undone since" in told
    assert "completed T-2" in told
    assert told.count("undone since") == 1
