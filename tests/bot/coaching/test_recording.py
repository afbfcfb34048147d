"""Events become the mirror, the record and insights: each once, whatever order they come in."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.coaching import attending, recording
from bot.coaching.advising import AT_ONCE
from bot.crm import worker
from bot.runtime.parts import Parts
from coach.events import Change, Event, Owner
from coach.mirror import stays
from coach.models import (
    Deal,
    DealStatus,
    Enrolment,
    Origin,
    Priority,
    SubjectKind,
    TaskStatus,
    Verb,
)
from coach.wording import plain
from storage import activities, checks, deciding, owners, people, rounds, visits
from storage.tables import contacts_made
from storage.tables import insights as insights_table
from storage.tables import people as people_table
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    CONNECTION,
    EMAILS,
    WORKSPACE,
    FixedClock,
    batch,
    crm_of,
    deliver,
    enrol,
    insights_of,
    mirrored,
    standing,
    store,
    told,
    won,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def ago(by: timedelta) -> datetime:
    return BEGINNING - by


def deal(id: str = "D-1", **fields: Any) -> dict[str, Any]:
    return {"id": id, **fields}


async def way_of(parts: Parts, deal_id: str = "D-1") -> list[tuple[str, datetime, datetime | None]]:
    async with parts.database.read() as tx:
        found = await visits.load(tx, WORKSPACE, CONNECTION, [deal_id])
    return [(each.stage, each.entered_at, each.left_at) for each in stays(found.get(deal_id, []))]


async def verbs(parts: Parts) -> list[str]:
    async with parts.database.read() as tx:
        return [each.verb.value for each in await activities.recent(tx, WORKSPACE)]


# The mirror


async def test_what_is_told_is_mirrored_and_what_is_not_told_stays(parts: Parts) -> None:
    first = deal(title="Acme", stage="Proposal", value="12000.50", currency="EUR", source="web")
    await deliver(
        parts,
        told("deal_created", deal=first, at=ago(HOUR)),
        told("deal_amount_changed", deal=deal(value="9999999999.99")),
    )
    found = await mirrored(parts, SubjectKind.DEAL, "D-1")
    assert (found.title, found.stage, found.currency, found.source) == (
        "Acme",
        "Proposal",
        "EUR",
        "web",
    )
    assert str(found.value) == "9999999999.99"
    assert found.status is DealStatus.OPEN


async def test_an_older_word_never_overwrites_a_newer_one_field_by_field(parts: Parts) -> None:
    newer = deal(title="New title", stage="Negotiation")
    older = deal(title="Old title", value="5")
    await deliver(
        parts,
        told("deal_stage_changed", deal=newer, at=ago(HOUR)),
        told("deal_amount_changed", deal=older, at=ago(2 * HOUR)),
    )
    found = await mirrored(parts, SubjectKind.DEAL, "D-1")
    assert (found.title, found.stage, str(found.value)) == ("New title", "Negotiation", "5")


async def test_changed_before_created_works_also_in_one_batch(parts: Parts) -> None:
    changed = told("deal_stage_changed", deal=deal(stage="Proposal"), at=ago(HOUR))
    made = told(
        "deal_created", deal=deal(title="Acme", stage="Prospecting"), at=ago(DAY), owner=ANA
    )
    await deliver(parts, batch(changed, made))
    found = await mirrored(parts, SubjectKind.DEAL, "D-1")
    assert (found.title, found.stage, found.created_at) == ("Acme", "Proposal", ago(DAY))
    assert await way_of(parts) == [
        ("Prospecting", ago(DAY), ago(HOUR)),
        ("Proposal", ago(HOUR), None),
    ]


async def test_a_sender_whose_clock_is_ahead_does_not_have_the_last_word_for_ever(
    parts: Parts,
) -> None:
    ahead = told("deal_stage_changed", deal=deal(stage="Proposal"), at=BEGINNING + 30 * DAY)
    await deliver(parts, ahead)
    parts.clock.advance(HOUR)  # type: ignore[attr-defined]
    after = told("deal_stage_changed", deal=deal(stage="Negotiation"), at=BEGINNING + HOUR)
    await deliver(parts, after)
    assert (await mirrored(parts, SubjectKind.DEAL, "D-1")).stage == "Negotiation"


async def test_every_stay_in_a_stage_is_kept_with_its_entry_and_exit(parts: Parts) -> None:
    moves = [("Prospecting", 5 * DAY), ("Proposal", 3 * DAY), ("Negotiation", DAY)]
    for stage, when in moves:
        moved = told("deal_stage_changed", deal=deal(stage=stage), at=ago(when))
        await deliver(parts, moved)
    await deliver(parts, told("deal_amount_changed", deal=deal(title="Edited"), at=ago(HOUR)))
    assert await way_of(parts) == [
        ("Prospecting", ago(5 * DAY), ago(3 * DAY)),
        ("Proposal", ago(3 * DAY), ago(DAY)),
        ("Negotiation", ago(DAY), None),
    ]
    # An edit of the title does not reset the clock of “stuck”; a stage change does.
    assert (await mirrored(parts, SubjectKind.DEAL, "D-1")).stage_entered_at == ago(DAY)


async def test_a_stage_told_late_takes_its_place_between_the_others(parts: Parts) -> None:
    for stage, when in (("Prospecting", 5 * DAY), ("Negotiation", DAY), ("Proposal", 3 * DAY)):
        await deliver(parts, told("deal_stage_changed", deal=deal(stage=stage), at=ago(when)))
    assert [each[0] for each in await way_of(parts)] == ["Prospecting", "Proposal", "Negotiation"]
    assert (await mirrored(parts, SubjectKind.DEAL, "D-1")).stage == "Negotiation"


async def test_a_logged_call_mail_meeting_or_note_is_a_contact_made_an_edit_is_not(
    parts: Parts,
) -> None:
    contact = {"id": "C-1", "name": "Ann", "status": "LEAD"}
    await deliver(parts, told("contact_created", contact=contact, at=ago(9 * DAY)))
    for days, verb in enumerate(("note_logged", "call_logged", "email_logged", "meeting_booked")):
        await deliver(parts, told(verb, contact={"id": "C-1"}, at=ago((8 - days) * DAY)))
    await deliver(parts, told("contact_updated", contact={**contact, "name": "Ann Lee"}))
    found = await mirrored(parts, SubjectKind.CONTACT, "C-1")
    assert (found.name, found.last_contacted_at) == ("Ann Lee", ago(5 * DAY))
    assert found.silent_since == ago(5 * DAY)
    async with parts.database.read() as tx:
        rows = (await tx.execute(select(contacts_made.c.verb, contacts_made.c.at))).all()
    assert len(rows) == 4


async def test_a_call_about_a_deal_counts_for_the_deals_contact(parts: Parts) -> None:
    made = deal(title="Acme", contact_id="C-1")
    contact = {"id": "C-1", "status": "LEAD"}
    await deliver(parts, told("deal_created", deal=made, contact=contact, at=ago(9 * DAY)))
    await deliver(parts, told("call_logged", deal=deal(contact_id="C-1"), at=ago(DAY)))
    found = await mirrored(parts, SubjectKind.CONTACT, "C-1")
    assert found.last_contacted_at == ago(DAY)


async def test_a_deleted_thing_is_gone_and_comes_back_when_something_newer_is_told(
    parts: Parts,
) -> None:
    await deliver(parts, told("deal_created", deal=deal(title="Acme"), at=ago(3 * HOUR)))
    await deliver(parts, told("deal_deleted", deal=deal(), at=ago(2 * HOUR)))
    assert (await mirrored(parts, SubjectKind.DEAL, "D-1")).deleted
    await deliver(parts, told("deal_amount_changed", deal=deal(value="5"), at=ago(HOUR)))
    assert not (await mirrored(parts, SubjectKind.DEAL, "D-1")).deleted


# Each once


async def test_the_same_event_twice_counts_once_also_within_one_batch(parts: Parts) -> None:
    owner = Owner.of(email=EMAILS[ANA])
    change = Change(SubjectKind.DEAL, "D-1", BEGINNING, {"title": "Acme"}, owner)
    event = Event("key-1", Verb.DEAL_CREATED, BEGINNING, (change,), owner)
    other = replace(event, dedupe_key="key-2")
    async with parts.database.write() as tx:
        first = await recording.apply(parts, tx, WORKSPACE, CONNECTION, [event, event, other])
    async with parts.database.write() as tx:
        second = await recording.apply(parts, tx, WORKSPACE, CONNECTION, [other, event])
    assert (first.activities, second.activities) == (2, 0)
    assert await verbs(parts) == ["deal_created", "deal_created"]


async def test_what_changed_is_kept_with_the_activity(parts: Parts) -> None:
    await deliver(
        parts,
        told("deal_created", deal=deal(stage="Proposal", value="5"), at=ago(HOUR)),
        told("deal_stage_changed", deal=deal(stage="Negotiation"), at=ago(HOUR / 2)),
    )
    async with parts.database.read() as tx:
        newest, _ = await activities.recent(tx, WORKSPACE)
    assert newest.changes["stage"] == ["Proposal", "Negotiation"]
    assert (newest.deal_id, newest.origin) == ("D-1", Origin.API)
    assert newest.delivery_id is not None


async def test_an_echo_of_the_same_win_under_another_id_says_nothing_twice(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, won(at=ago(timedelta(minutes=2))))
    await deliver(parts, won())
    assert len(await insights_of(parts, ana)) == 1


async def test_what_was_found_is_what_all_that_is_told_of_it_has_changed(parts: Parts) -> None:
    await deliver(parts, told("deal_created", deal=deal(stage="Proposal"), at=ago(HOUR)))
    came, now = ago(HOUR / 2), ago(HOUR / 4)
    looked = Event(
        "seen:1",
        Verb.DEAL_UPDATED,
        now,
        (
            Change(SubjectKind.DEAL, "D-1", came, {"stage": "Signed", "status": DealStatus.WON}),
            Change(SubjectKind.DEAL, "D-1", now, {"status": DealStatus.WON, "title": "Acme"}),
        ),
        observed=True,
    )
    async with parts.database.write() as tx:
        await recording.apply(parts, tx, WORKSPACE, "native", [looked])
        assert [each.verb for each in await activities.recent(tx, WORKSPACE)] == [
            Verb.DEAL_CLOSED,
            Verb.DEAL_CREATED,
        ]


async def test_what_else_is_told_with_a_thing_does_not_hide_what_happened_to_it(
    parts: Parts,
) -> None:
    await deliver(
        parts,
        told("deal_created", deal=deal(stage="Proposal"), at=ago(HOUR)),
        told("contact_created", contact={"id": "C-1", "name": "Ann"}, at=ago(HOUR)),
    )
    both = told("deal_updated", deal=deal(status="won"), contact={"id": "C-1", "name": "Ann Lee"})
    await deliver(parts, both)
    async with parts.database.read() as tx:
        assert (await activities.recent(tx, WORKSPACE))[0].verb is Verb.DEAL_CLOSED


# Owners


async def test_owners_are_resolved_once_whatever_their_spelling(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    loud = told("deal_created", deal=deal("D-1"), owner=" ANA@Northwind.Example ")
    direct = told("deal_created", deal=deal("D-2", owner_email=EMAILS[ANA]), owner=None)
    await deliver(parts, loud, direct)
    for id in ("D-1", "D-2"):
        assert (await mirrored(parts, SubjectKind.DEAL, id)).person_id == ana.id


async def test_an_owner_nobody_knew_becomes_somebody_to_look_up(parts: Parts) -> None:
    await deliver(parts, told("deal_created", deal=deal(), owner="new@northwind.example"))
    async with parts.database.write() as tx:
        found = await owners.by_email(tx, WORKSPACE, "new@northwind.example")
        rows = (await tx.execute(select(people_table.c.id, people_table.c.lookup_after))).all()
    assert found is not None
    assert [(row[0], row[1]) for row in rows] == [(found.id, parts.clock.now())]
    assert found.enrolment is Enrolment.NEW


async def test_an_owner_named_by_id_only_is_somebody_too_though_nobody_to_look_up(
    parts: Parts,
) -> None:
    await deliver(parts, told("deal_created", deal=deal(owner_id="77"), owner=None))
    found = await mirrored(parts, SubjectKind.DEAL, "D-1")
    async with parts.database.read() as tx:
        person = (await people.load(tx, WORKSPACE, [found.person_id]))[found.person_id]
        assert not await people.waits_to_be_looked_up(tx, parts.clock.now() + DAY)
    assert person.email is None


async def test_a_deal_that_goes_to_somebody_else_is_theirs(parts: Parts) -> None:
    await enrol(parts, ANA)
    ben = await enrol(parts, BEN)
    await deliver(parts, told("deal_created", deal=deal(owner_email=EMAILS[ANA]), at=ago(HOUR)))
    await deliver(parts, told("deal_owner_changed", deal=deal(owner_email=EMAILS[BEN])))
    assert (await mirrored(parts, SubjectKind.DEAL, "D-1")).person_id == ben.id


# Insights


async def test_a_won_deal_asks_its_owner_and_nobody_else_for_a_referral(parts: Parts) -> None:
    ana, ben = await enrol(parts, ANA), await enrol(parts, BEN)
    await deliver(parts, won())
    (insight,) = await insights_of(parts, ana)
    assert (insight.rule, insight.priority) == ("referral_ask", Priority.HIGH)
    assert plain(insight.message) == (
        "Great close! This is the perfect moment to ask Ann Lee for a referral while they're happy."
    )
    assert await standing(parts, insight.fingerprint) == "due"
    assert await insights_of(parts, ben) == []


async def test_a_won_deal_whose_contact_came_earlier_names_them(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    earlier = deal(contact_id="C-1", stage="Negotiation")
    contact = {"id": "C-1", "name": "Ann Lee"}
    await deliver(parts, told("deal_created", deal=earlier, contact=contact, at=ago(DAY)))
    await deliver(parts, told("deal_stage_changed", deal=deal(stage="Closed Won")))
    (insight,) = [each for each in await insights_of(parts, ana) if each.rule == "referral_ask"]
    assert "ask Ann Lee for a referral" in plain(insight.message)


async def test_a_completed_task_names_the_next_that_is_not_completed_in_the_same_batch(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    for id, due in (("T-1", "2026-11-26"), ("T-2", "2026-11-27"), ("T-3", "2026-11-28")):
        task = {"id": id, "title": f"Task {id}", "priority": "high", "due_date": due}
        await deliver(parts, told("task_created", task=task, at=ago(DAY)))
    done = [told("task_completed", task={"id": id}) for id in ("T-1", "T-2")]
    await deliver(parts, batch(*done))
    said = {plain(each.message) for each in await insights_of(parts, ana)}
    assert "Nice work! Next priority: Task T-3" in said
    assert (await mirrored(parts, SubjectKind.TASK, "T-2")).status is TaskStatus.COMPLETED


async def test_old_news_and_imports_are_recorded_without_a_word(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, won("D-1", at=ago(timedelta(minutes=16))))
    owner = Owner.of(email=EMAILS[ANA])
    fields = {"title": "Acme", "status": DealStatus.WON}
    change = Change(SubjectKind.DEAL, "D-2", BEGINNING, fields, owner)
    event = Event("row-2", Verb.DEAL_CLOSED, BEGINNING, (change,), owner, Origin.IMPORT)
    async with parts.database.write() as tx:
        applied = await recording.apply(parts, tx, WORKSPACE, CONNECTION, [event])
    assert (applied.activities, applied.insights) == (1, 0)
    assert await insights_of(parts, ana) == []
    assert len(await verbs(parts)) == 2
    found = await mirrored(parts, SubjectKind.DEAL, "D-2")
    assert isinstance(found, Deal)
    await deliver(parts, won("D-3", at=ago(timedelta(minutes=14))))
    assert len(await insights_of(parts, ana)) == 1


async def test_what_was_told_in_time_is_news_however_long_it_lay(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await store(parts, won("D-1", at=ago(timedelta(minutes=14))))
    await store(parts, won("D-2", at=ago(timedelta(minutes=16))))
    assert isinstance(parts.clock, FixedClock)
    parts.clock.advance(3 * HOUR)
    await worker.work_off(crm_of(parts))
    (insight,) = await insights_of(parts, ana)
    assert insight.subject == "deal:native:D-1"


async def test_who_is_off_or_has_declined_gets_no_insight_made(parts: Parts) -> None:
    ana = await enrol(parts, ANA, enabled=False)
    ben = await enrol(parts, BEN, Enrolment.DECLINED)
    await deliver(parts, won("D-1"), won("D-2", owner=BEN))
    assert await insights_of(parts, ana) == []
    assert await insights_of(parts, ben) == []
    assert await verbs(parts) == ["deal_closed", "deal_closed"]


async def test_the_level_decides_whether_a_tip_is_made_and_whether_it_interrupts(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA, level=3)
    ben = await enrol(parts, BEN, level=1)
    for who in (ANA, BEN):
        await deliver(parts, told("deal_created", deal=deal(f"D-{who}", title="New"), owner=who))
    (tip,) = await insights_of(parts, ana)
    assert (tip.rule, await standing(parts, tip.fingerprint)) == ("follow_up", "due")
    assert await insights_of(parts, ben) == []


async def test_things_of_a_person_get_the_time_they_must_be_looked_at(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    task = {"id": "T-1", "due_date": "2026-11-30"}
    await deliver(parts, told("task_created", task=task))
    midnight = datetime.fromisoformat("2026-12-01T00:00:00+01:00")
    rules = ["overdue_tasks"]
    async with parts.database.read() as tx:
        assert await rounds.due(tx, rules, midnight - timedelta(seconds=1), 9) == []
        assert await rounds.due(tx, rules, midnight, 9) != []
    await deliver(parts, told("task_completed", task={"id": "T-1"}))
    async with parts.database.read() as tx:
        assert await checks.upcoming(tx, WORKSPACE, "overdue_tasks", [ana.id], BEGINNING) == {}


async def test_owner_77_of_one_crm_hears_nothing_of_owner_77_of_another(parts: Parts) -> None:
    async def close(connection_id: str) -> None:
        change = Change(
            SubjectKind.DEAL, "D-1", BEGINNING, {"status": DealStatus.WON}, Owner(id="77")
        )
        event = Event("k", Verb.DEAL_CLOSED, BEGINNING, (change,), change.owner)
        async with parts.database.write() as tx:
            await recording.apply(parts, tx, WORKSPACE, connection_id, [event])

    await close("hubspot")
    await close("pipedrive")
    async with parts.database.read() as tx:
        rows = (await tx.execute(select(insights_table.c.person_id))).scalars().all()
    assert len(set(rows)) == len(rows) == 2


async def test_what_was_held_for_an_owner_known_by_id_reaches_the_person_an_event_ties_it_to(
    parts: Parts,
) -> None:
    async def tell(key: str, verb: Verb, owner: Owner, **fields: Any) -> None:
        change = Change(SubjectKind.DEAL, "D-1", BEGINNING, fields, owner)
        async with parts.database.write() as tx:
            event = Event(key, verb, BEGINNING, (change,), owner)
            await recording.apply(parts, tx, WORKSPACE, CONNECTION, [event])

    ana = await enrol(parts, ANA)
    await tell("1", Verb.DEAL_CLOSED, Owner(id="77"), status=DealStatus.WON)
    assert await insights_of(parts, ana) == []
    await tell("2", Verb.DEAL_AMOUNT_CHANGED, Owner(EMAILS[ANA], "77"), title="Acme")
    found = await mirrored(parts, SubjectKind.DEAL, "D-1")
    assert (found.title, found.person_id) == ("Acme", ana.id)
    (insight,) = await insights_of(parts, ana)
    assert await standing(parts, insight.fingerprint) == "due"


async def test_a_name_that_two_bear_moves_no_deal(parts: Parts) -> None:
    def owned(id: str, at: datetime, **owner: str) -> dict[str, Any]:
        told_of = {f"owner_{name}": value for name, value in owner.items()}
        return told("deal_amount_changed", deal=deal(id, **told_of), owner=None, at=at)

    await deliver(
        parts,
        owned("D-1", ago(DAY), email="a@x.example", name="Ana"),
        owned("D-2", ago(DAY), email="b@x.example", name="Ana"),
    )
    first = [(await mirrored(parts, SubjectKind.DEAL, id)).person_id for id in ("D-1", "D-2")]
    await deliver(parts, *(owned(id, ago(HOUR), name="Ana") for id in ("D-1", "D-2", "D-3")))
    after = [
        (await mirrored(parts, SubjectKind.DEAL, id)).person_id for id in ("D-1", "D-2", "D-3")
    ]
    assert after[:2] == first
    assert after[2] not in {None, *first}


async def test_what_comes_for_many_at_once_is_left_to_attentions_own_turn(parts: Parts) -> None:
    async def waits() -> bool:
        async with parts.database.read() as tx:
            return await deciding.any_to_decide(tx, parts.clock.now())

    few = [won(f"D-{n}", owner=f"few{n}@x.example") for n in range(AT_ONCE)]
    await deliver(parts, batch(*few))
    assert not await waits()
    many = [won(f"E-{n}", owner=f"many{n}@x.example") for n in range(AT_ONCE + 1)]
    parts.wake.attention.clear()
    await deliver(parts, batch(*many))
    assert await waits()
    assert parts.wake.attention.is_set()
    await attending.turn(parts)
    assert not await waits()
