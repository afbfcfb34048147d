"""What people do of themselves: made once, told to the CRM, taken back, and never another's."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from starlette.responses import Response

from bot.coaching import acts
from bot.coaching.acts import Act, NewTask
from bot.coaching.permission import FieldRefusal, Refusal
from bot.crm import outbox
from bot.crm.caller import Caller
from bot.runtime.parts import Parts
from coach.models import Contact, Deal, Ref, SubjectKind, Task, TaskPriority, TaskStatus
from coach.screens import Control
from coach.wording import plain
from storage import mirror
from storage.tables import messages
from tests.bot.coaching.test_undoing import pass_time, to_tell
from tests.world import (
    ANA,
    BEN,
    WORKSPACE,
    by,
    connect,
    crm_of,
    enrol,
    mirrored,
    native,
    running_crm,
)

DUE = date(2026, 12, 4)


async def own_things(parts: Parts, who: str = ANA) -> None:
    """Two tasks, a deal with its contact, of this member."""
    person = await enrol(parts, who)
    mine, crm = person.id, native().id
    things: list[Deal | Contact | Task] = [
        Task(crm, "T-1", "Call Jonas", due_date=DUE, contact_id="C-1", person_id=mine),
        Task(crm, "T-2", "Send the offer", person_id=mine),
        Deal(crm, "D-1", "Acme", "Proposal", contact_id="C-1", person_id=mine),
        Contact(crm, "C-1", "Jonas Weber", "jonas@weber.example", person_id=mine),
        Contact(crm, "C-2", "Mia Lind", person_id=mine),
    ]
    async with parts.database.write() as tx:
        await mirror.save(tx, WORKSPACE, things)


def ref(id: str) -> Ref:
    return Ref(native().id, id)


async def task(parts: Parts, id: str) -> Task:
    found = await mirrored(parts, SubjectKind.TASK, id)
    assert isinstance(found, Task)
    return found


async def test_a_task_is_done_once_however_often_it_is_pressed(parts: Parts) -> None:
    await own_things(parts)
    for _ in range(2):
        done = await acts.use(parts, by(ANA), "press", Control.COMPLETE_TASK, [ref("T-1")])
        assert plain(done.said).startswith("Completed “Call Jonas”.")
    assert (await task(parts, "T-1")).status is TaskStatus.COMPLETED
    assert len(await to_tell(parts)) == 1


async def test_several_are_one_act_and_are_taken_back_together(parts: Parts) -> None:
    await own_things(parts)
    whom = [ref("T-1"), ref("T-2"), ref("T-1")]
    moved = await acts.use(parts, by(ANA), "press", Control.RESCHEDULE_TASK, whom, "2026-12-07")
    assert "Moved “Call Jonas” to Mon 7 Dec; Moved “Send the offer”" in plain(moved.said)
    assert [(await task(parts, id)).due_date for id in ("T-1", "T-2")] == [date(2026, 12, 7)] * 2
    said = plain(await acts.undo(parts, by(ANA), moved.id))
    assert "Call Jonas" in said
    assert (await task(parts, "T-1")).due_date == DUE
    assert (await task(parts, "T-2")).due_date is None
    with pytest.raises(Refusal):
        await acts.undo(parts, by(ANA), moved.id)


async def test_it_can_be_taken_back_for_ten_minutes_and_by_nobody_else(parts: Parts) -> None:
    await own_things(parts)
    await enrol(parts, BEN)
    done = await acts.use(parts, by(ANA), "press", Control.COMPLETE_TASK, [ref("T-1")])
    with pytest.raises(Refusal, match="Somebody else"):
        await acts.undo(parts, by(BEN), done.id)
    await pass_time(parts, timedelta(minutes=10))
    with pytest.raises(Refusal, match="ten minutes"):
        await acts.undo(parts, by(ANA), done.id)
    assert (await task(parts, "T-1")).status is TaskStatus.COMPLETED


@pytest.mark.parametrize("id", ["T-1", "T-9"])
async def test_what_is_anothers_or_nobodys_is_refused(parts: Parts, id: str) -> None:
    await own_things(parts)
    await enrol(parts, BEN)
    for control, value in ((Control.COMPLETE_TASK, None), (Control.RESCHEDULE_TASK, "2026-12-07")):
        with pytest.raises(Refusal, match="not among your things"):
            await acts.use(parts, by(BEN), "press", control, [ref(id)], value)
    with pytest.raises(Refusal):
        await acts.log(parts, by(BEN), "p", Control.LOG_CALL, [(SubjectKind.CONTACT, ref("C-1"))])
    with pytest.raises(Refusal):
        await acts.create_task(parts, by(BEN), "p", NewTask("Steal it", about=ref("D-1")))
    assert await to_tell(parts) == []


async def test_all_of_it_is_done_or_nothing(parts: Parts) -> None:
    await own_things(parts)
    with pytest.raises(Refusal):
        await acts.use(
            parts,
            by(ANA),
            "press",
            Control.COMPLETE_TASK,
            [ref("T-1"), ref("gone")],
        )
    assert (await task(parts, "T-1")).status is TaskStatus.PENDING


@pytest.mark.parametrize("value", [None, "soon", "2026-11-01"])
async def test_a_day_that_is_none_or_past_is_told_at_its_field(
    parts: Parts, value: str | None
) -> None:
    await own_things(parts)
    with pytest.raises(FieldRefusal) as told:
        await acts.use(parts, by(ANA), "press", Control.RESCHEDULE_TASK, [ref("T-1")], value)
    assert told.value.field == "date"


async def test_a_stage_that_is_not_offered_is_refused(parts: Parts) -> None:
    await own_things(parts)
    with pytest.raises(FieldRefusal) as told:
        await acts.use(parts, by(ANA), "press", Control.MOVE_DEAL, [ref("D-1")], "Anything")
    assert told.value.field == "stage"


async def test_a_contact_is_logged_by_its_task_or_deal_with_what_was_said(parts: Parts) -> None:
    await own_things(parts)
    logged = await acts.log(
        parts,
        by(ANA),
        "press",
        Control.LOG_CALL,
        [
            (SubjectKind.TASK, ref("T-1")),
            (SubjectKind.DEAL, ref("D-1")),
            (SubjectKind.CONTACT, ref("C-2")),
        ],
        " He wants a better price. ",
    )
    assert plain(logged.said).startswith(
        "Logged a call with Jonas Weber; Logged a call with Mia Lind."
    )
    told = [write for _, write in await to_tell(parts)]
    assert [each["note"] for each in told] == ["He wants a better price."] * 2
    with pytest.raises(Refusal, match="no contact"):
        await acts.log(parts, by(ANA), "other", Control.LOG_CALL, [(SubjectKind.TASK, ref("T-2"))])


async def test_a_new_task_goes_to_the_crm_of_what_it_is_about(parts: Parts) -> None:
    await own_things(parts)
    about = NewTask(" Call   him ", DUE, TaskPriority.HIGH, "first", ref("D-1"), SubjectKind.DEAL)
    for _ in range(2):
        made = await acts.create_task(parts, by(ANA), "press", about)
    assert plain(made.said).startswith("Created the task “Call him” for Fri 4 Dec.")
    ((_, write),) = await to_tell(parts)
    assert (write["deal_id"], write["contact_id"]) == ("D-1", "C-1")
    with pytest.raises(FieldRefusal):
        await acts.create_task(parts, by(ANA), "other", replace(about, title="  "))
    with pytest.raises(FieldRefusal):
        await acts.create_task(parts, by(ANA), "other", replace(about, due=date(2026, 11, 1)))


async def test_a_task_about_nothing_goes_where_the_person_works(parts: Parts) -> None:
    await own_things(parts)
    other = native(id="other", token="other-token")
    await connect(parts, other)
    await acts.create_task(parts, by(ANA), "press", NewTask("Call somebody"))
    ((_, write),) = await to_tell(parts)
    assert write["connection_id"] == native().id


async def test_where_the_crm_cannot_be_told_the_answer_says_so(parts: Parts) -> None:
    await own_things(parts)
    made = await acts.create_task(parts, by(ANA), "press", NewTask("Call somebody"))
    assert plain(made.said).endswith("The CRM is not told: there is no way to it.")
    async with running_crm() as crm:
        await connect(parts, native(crm.url))
        told = await acts.create_task(parts, by(ANA), "other", NewTask("Call another"))
        assert plain(told.said) == "Created the task “Call another” without a due date."
        async with Caller(crm_of(parts)) as caller:
            assert await outbox.send_due(crm_of(parts), caller) == 1
        (heard,) = crm.heard
        assert heard.body["data"]["task"]["title"] == "Call another"


async def test_what_the_crm_refuses_is_undone_and_told_to_who_did_it(parts: Parts) -> None:
    await own_things(parts)
    async with running_crm() as crm:
        await connect(parts, native(crm.url))
        await acts.use(parts, by(ANA), "press", Control.COMPLETE_TASK, [ref("T-1")])
        crm.answers = [Response(status_code=422)]
        async with Caller(crm_of(parts)) as caller:
            assert await outbox.send_due(crm_of(parts), caller) == 1
    assert (await task(parts, "T-1")).status is TaskStatus.PENDING
    async with parts.database.read() as tx:
        (message,) = (
            await tx.execute(select(messages).where(messages.c.kind == "undelivered"))
        ).all()
    assert message.addressee == ANA
    assert message.params["changes"][0]["state"] == "refused"


async def test_the_note_of_a_call_goes_to_the_crm(parts: Parts) -> None:
    await own_things(parts)
    async with running_crm() as crm:
        await connect(parts, native(crm.url))
        await acts.log(
            parts,
            by(ANA),
            "press",
            Control.LOG_CALL,
            [(SubjectKind.CONTACT, ref("C-1"))],
            "Wants <b>more</b>",
        )
        async with Caller(crm_of(parts)) as caller:
            assert await outbox.send_due(crm_of(parts), caller) == 1
        (heard,) = crm.heard
    assert heard.body["note"] == "Wants <b>more</b>"


async def test_what_is_done_already_is_not_done_again(parts: Parts) -> None:
    await own_things(parts)
    await acts.use(parts, by(ANA), "press", Control.COMPLETE_TASK, [ref("T-1")])
    with pytest.raises(Refusal, match="done already"):
        await acts.use(parts, by(ANA), "another press", Control.COMPLETE_TASK, [ref("T-1")])
    both = [ref("T-1"), ref("T-2")]
    done = await acts.use(parts, by(ANA), "a third", Control.COMPLETE_TASK, both)
    assert "Call Jonas" not in plain(done.said)
    assert len(await to_tell(parts)) == 2


async def test_a_press_that_comes_late_does_not_do_again_what_was_undone(parts: Parts) -> None:
    await own_things(parts)
    ways: tuple[Callable[[], Awaitable[Act]], ...] = (
        lambda: acts.use(parts, by(ANA), "done", Control.COMPLETE_TASK, [ref("T-1")]),
        lambda: acts.create_task(parts, by(ANA), "made", NewTask("Call somebody")),
        lambda: acts.log(
            parts, by(ANA), "said", Control.LOG_CALL, [(SubjectKind.CONTACT, ref("C-1"))]
        ),
    )
    for way in ways:
        done = await way()
        assert (await way()).id == done.id
        await acts.undo(parts, by(ANA), done.id)
        before = len(await to_tell(parts))
        with pytest.raises(Refusal, match="This was undone"):
            await way()
        assert len(await to_tell(parts)) == before


async def test_many_are_looked_up_as_few_are(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    mine, crm = (await enrol(parts, ANA)).id, native().id
    things: list[Deal | Contact] = []
    for number in range(40):
        things.append(Contact(crm, f"C-{number}", f"Client {number}", person_id=mine))
        deal = Deal(crm, f"D-{number}", "Acme", "Proposal", contact_id=f"C-{number}")
        things.append(replace(deal, person_id=mine))
    async with parts.database.write() as tx:
        await mirror.save(tx, WORKSPACE, things)
    asked: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith("SELECT") and "crm_writes" not in statement:
            asked.append(statement)

    counts = []
    for press, numbers in (("few", range(2)), ("many", range(2, 40))):
        whom = [(SubjectKind.DEAL, ref(f"D-{number}")) for number in numbers]
        asked.clear()
        event.listen(parts.database.engine.sync_engine, "before_cursor_execute", note)
        await acts.log(parts, by(ANA), press, Control.LOG_CALL, whom)
        event.remove(parts.database.engine.sync_engine, "before_cursor_execute", note)
        counts.append(len(asked))
    assert counts[1] == counts[0]
