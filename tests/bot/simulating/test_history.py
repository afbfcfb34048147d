"""What was known of a thing at a time, and what has happened since, from what is recorded of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.simulating.history import Past, Told, past, values_come_with_the_close
from bot.simulating.hours import spread
from coach.events import Owner
from coach.mirror import Visit
from coach.models import (
    Contact,
    Deal,
    DealStatus,
    Origin,
    Person,
    Settings,
    Subject,
    Task,
    TaskPriority,
    TaskStatus,
    Verb,
)
from storage.recorded import Act, Record

CREATED = datetime(2026, 10, 1, 9, tzinfo=UTC)
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CLOSED = SINCE + 10 * DAY


def act(verb: Verb, at: datetime, origin: Origin = Origin.API, **changes: Any) -> Act:
    return Act(verb, at, origin, changes)


def known(made: Past) -> dict[str, Any]:
    assert made.before is not None
    return made.before.event.changes[0].fields


def told(made: Past) -> list[tuple[Verb, datetime, dict[str, Any]]]:
    return [
        (each.event.verb, each.event.occurred_at, each.event.changes[0].fields)
        for each in made.since
    ]


DEAL = Deal(
    "c1",
    "D-1",
    "Acme",
    stage="Won",
    status=DealStatus.WON,
    value=Decimal(900),
    person_id="p2",
    created_at=CREATED,
    closed_at=CLOSED,
    told={"title": CREATED, "deleted": CREATED},
)


def test_a_deal_closed_later_is_open_in_the_stage_it_had_and_closes_when_it_did() -> None:
    visits = [
        Visit("New", CREATED, SINCE - DAY),
        Visit("Offer", SINCE - DAY, CLOSED),
        Visit("Won", CLOSED),
    ]
    closing = act(
        Verb.DEAL_CLOSED,
        CLOSED,
        status=["open", "won"],
        stage=["Offer", "Won"],
        value=["500", "900"],
    )
    made = past(Record(DEAL, [closing], visits), SINCE)
    assert made.before is not None
    facts, *stages = made.before.event.changes
    assert (facts.fields["status"], facts.fields["value"]) == (DealStatus.OPEN, Decimal(500))
    assert "closed_at" not in facts.fields
    assert [(each.at, each.fields["stage"]) for each in stages] == [
        (CREATED, "New"),
        (SINCE - DAY, "Offer"),
    ]
    ((verb, at, fields),) = told(made)
    assert (verb, at) == (Verb.DEAL_CLOSED, CLOSED)
    assert fields == {
        "status": DealStatus.WON,
        "value": Decimal(900),
        "closed_at": CLOSED,
        "stage": "Won",
    }


def test_a_deal_is_not_there_before_it_was_created() -> None:
    later = replace(DEAL, created_at=SINCE + DAY)
    acts = [
        act(Verb.DEAL_CREATED, SINCE + DAY, value=[None, "500"]),
        act(Verb.DEAL_CLOSED, CLOSED, status=["open", "won"], value=["500", "900"]),
    ]
    made = past(Record(later, acts), SINCE)
    assert made.before is None
    (first, at, facts), (second, _, _) = told(made)
    assert (first, at, second) == (Verb.DEAL_CREATED, SINCE + DAY, Verb.DEAL_CLOSED)
    assert (facts["status"], facts["value"]) == (DealStatus.OPEN, Decimal(500))


def test_what_became_of_it_is_told_though_no_activity_does() -> None:
    visits = [Visit("New", CREATED, CLOSED - DAY), Visit("Offer", CLOSED - DAY, came=False)]
    made = past(Record(DEAL, [], visits), SINCE)
    assert known(made)["status"] is DealStatus.OPEN
    assert [(verb, at) for verb, at, _ in told(made)] == [
        # Found there by somebody who looked: nobody moved it just then.
        (Verb.DEAL_UPDATED, CLOSED - DAY),
        (Verb.DEAL_CLOSED, CLOSED),
    ]


def test_a_task_of_which_nobody_tells_when_it_was_done_but_itself_was_open_before() -> None:
    done = Task(
        "c1", "T-1", "Call", TaskStatus.COMPLETED, completed_at=CLOSED, person_id="p1",
        created_at=CREATED, told={"title": CREATED},
    )  # fmt: skip
    made = past(Record(done, []), SINCE)
    assert known(made)["status"] is TaskStatus.PENDING
    assert [(verb, at) for verb, at, _ in told(made)] == [(Verb.TASK_COMPLETED, CLOSED)]


def test_it_was_done_by_whoever_did_it() -> None:
    ben = Owner.of(id="p7")
    acts = [
        Act(Verb.DEAL_CREATED, SINCE + DAY, Origin.API, {}, "automation"),
        Act(Verb.DEAL_CLOSED, CLOSED, Origin.API, {"status": ["open", "won"]}, ben),
    ]
    made = past(Record(replace(DEAL, created_at=SINCE + DAY), acts), SINCE)
    assert [each.event.actor for each in made.since] == ["automation", ben]


def test_a_deal_belongs_to_whom_it_belonged_then() -> None:
    handed = act(Verb.DEAL_OWNER_CHANGED, SINCE + DAY, person_id=["p1", "p2"])
    made = past(Record(replace(DEAL, status=DealStatus.OPEN, closed_at=None), [handed]), SINCE)
    assert made.before is not None
    assert made.before.person_id == "p1"
    (since,) = made.since
    assert since.event.changes[0].owner == Owner.of(id="p2")


def test_of_what_nobody_says_when_it_was_made_the_first_word_counts() -> None:
    found = Deal("c1", "D-2", "Found", told={"title": SINCE + DAY, "deleted": SINCE + DAY})
    made = past(Record(found, []), SINCE)
    assert made.before is None
    (born,) = made.since
    # It is no act of anybody's.
    assert (born.event.verb, born.event.origin) == (Verb.DEAL_UPDATED, Origin.IMPORT)
    assert past(Record(found, [], first=SINCE - DAY), SINCE).before is not None


def test_what_a_deal_is_worth_comes_with_its_close_where_no_open_one_has_a_value() -> None:
    open_ = [Record(Deal("c1", f"O-{n}", told={"deleted": CREATED})) for n in range(10)]
    assert values_come_with_the_close([Record(DEAL), *open_]) == {"c1"}
    valued = Deal("c1", "O-0", value=Decimal(1), told={"deleted": CREATED})
    assert values_come_with_the_close([*open_[1:], Record(valued), Record(DEAL)]) == set()
    closing = act(Verb.DEAL_CLOSED, CLOSED, status=["open", "won"])
    made = past(Record(DEAL, [closing]), SINCE, value_by_close=True)
    assert "value" not in known(made)
    assert told(made)[0][2]["value"] == Decimal(900)


def test_tasks_are_as_they_were() -> None:
    done = Task(
        "c1",
        "T-1",
        "Call",
        TaskStatus.COMPLETED,
        TaskPriority.URGENT,
        due_date=date(2026, 11, 20),
        completed_at=CLOSED,
        person_id="p1",
        created_at=CREATED,
        told={"title": CREATED},
    )
    acts = [
        act(
            Verb.TASK_RESCHEDULED,
            SINCE + DAY,
            due_date=["2026-11-03", "2026-11-20"],
            priority=["low", "urgent"],
        ),
        act(Verb.TASK_COMPLETED, CLOSED, status=["pending", "completed"]),
    ]
    made = past(Record(done, acts), SINCE)
    assert known(made)["status"] is TaskStatus.PENDING
    assert known(made)["due_date"] == date(2026, 11, 3)
    assert known(made)["priority"] is TaskPriority.LOW
    (_, _, moved), (verb, _, completed) = told(made)
    assert moved["due_date"] == date(2026, 11, 20)
    assert verb is Verb.TASK_COMPLETED
    assert completed["completed_at"] == CLOSED


def test_contacts_were_touched_when_they_were() -> None:
    ann = Contact(
        "c1",
        "C-1",
        "Ann",
        status="LEAD",
        created_at=CREATED,
        last_contacted_at=CLOSED + DAY,
        told={"name_given": CREATED},
    )
    calls = [CREATED + DAY, CLOSED]
    called = act(Verb.CALL_LOGGED, CLOSED)
    made = past(Record(ann, [called], contacted=calls), SINCE)
    assert known(made)["last_contacted_at"] == CREATED + DAY
    assert [(verb, fields) for verb, _, fields in told(made)] == [
        (Verb.CALL_LOGGED, {"last_contacted_at": CLOSED}),
        # Somebody said so outright: there is no activity for it.
        (Verb.CONTACT_UPDATED, {"last_contacted_at": CLOSED + DAY}),
    ]


def test_of_a_silence_before_the_only_contact_that_is_known_nothing_is_known() -> None:
    ann = Contact(
        "c1", "C-1", "Ann", status="LEAD", created_at=CREATED, last_contacted_at=CLOSED,
        told={"name_given": CREATED},
    )  # fmt: skip
    qualified = act(Verb.CONTACT_UPDATED, SINCE + DAY, status=["NEW", "LEAD"])
    made = past(Record(ann, [qualified]), SINCE)
    assert made.silence
    assert not {"last_contacted_at", "status"} & set(known(made))
    assert told(made) == [
        (Verb.CONTACT_UPDATED, CLOSED, {"last_contacted_at": CLOSED, "status": "LEAD"})
    ]
    # Where it lies before, or was recorded when it happened, and where nobody ever was in touch.
    called = [CLOSED]
    for record, since in (
        (Record(ann, []), CLOSED + DAY),
        (Record(ann, [act(Verb.CALL_LOGGED, CLOSED)], contacted=called), SINCE),
        (Record(replace(ann, last_contacted_at=None), []), SINCE),
    ):
        made = past(record, since)
        assert not made.silence
        assert known(made)["status"] == "LEAD"


def test_what_was_deleted_later_is_there() -> None:
    gone = replace(DEAL, deleted=True, told={"title": CREATED, "deleted": CLOSED + DAY})
    made = past(Record(gone, [act(Verb.DEAL_DELETED, CLOSED + DAY)]), SINCE)
    assert "deleted" not in known(made)
    assert told(made)[-1][2]["deleted"] is True


def test_an_age_that_an_old_file_cannot_tell_is_not_known_after_its_day() -> None:
    watched = SINCE + 300 * DAY
    deal = Deal(
        "c1", "D-3", "Old", stage="Offer", person_id="p1", created_at=CREATED,
        stage_seen_at=watched, told={"deleted": SINCE},
    )  # fmt: skip
    visits = [Visit("Offer", CREATED)]
    then = past(Record(deal, [], visits), SINCE - DAY)
    now = past(Record(deal, [], visits), SINCE + DAY)
    assert then.before is not None
    assert now.before is not None
    assert then.before.event.changes[1].watched_from is None
    assert now.before.event.changes[1].watched_from == watched


def test_what_another_thing_of_the_same_activity_changed_is_not_taken_for_its_own() -> None:
    """A deal was won, and with it its contact was made, a customer, and got an owner."""
    closing = act(Verb.DEAL_CLOSED, CLOSED, status=[None, "CUSTOMER"], person_id=[None, "p2"])
    made = past(Record(DEAL, [closing]), SINCE)
    assert known(made)["status"] is DealStatus.OPEN
    assert made.before is not None
    assert made.before.person_id == "p2"
    contact = Contact("c1", "C-1", "Ann", status="LEAD", created_at=CREATED)
    won = act(Verb.CONTACT_UPDATED, CLOSED, status=["open", "won"])
    assert known(past(Record(contact, [won]), SINCE))["status"] == "LEAD"


ANA = Person("w", "p1", "Ana", time_zone="Europe/Madrid", settings=Settings())


def on_a_day(subject: Subject, *acts: Act) -> list[Told]:
    return list(past(Record(subject, acts), SINCE).since)


def test_what_has_no_hour_is_spread_over_the_working_day_of_who_did_it() -> None:
    noon = datetime(2026, 11, 11, 12, tzinfo=UTC)
    deals = [
        on_a_day(
            replace(DEAL, id=f"D-{n}", closed_at=noon, person_id="p1"),
            act(Verb.DEAL_CLOSED, noon, Origin.IMPORT, status=["open", "won"]),
        )
        for n in range(6)
    ]
    hours = [
        each.event.occurred_at.astimezone(UTC)
        for each in spread([one for made in deals for one in made], {"p1": ANA}, SINCE)
    ]
    assert len(set(hours)) == 6
    assert hours == sorted(hours)
    # Nine to six in Madrid is eight to five in UTC.
    assert all(8 <= at.hour < 17 and at.date() == noon.date() for at in hours)


def test_what_is_known_to_the_minute_stays_where_it_is() -> None:
    live = on_a_day(DEAL, act(Verb.DEAL_CLOSED, CLOSED.replace(hour=12), status=["open", "won"]))
    assert spread(live, {"p2": ANA}, SINCE)[0].event.occurred_at == CLOSED.replace(hour=12)


def test_on_a_day_without_hours_no_deal_is_lost_after_one_was_won() -> None:
    noon = datetime(2026, 11, 11, 12, tzinfo=UTC)
    new = on_a_day(
        replace(
            DEAL,
            id="D-new",
            status=DealStatus.OPEN,
            closed_at=None,
            created_at=noon,
            person_id="p1",
            told={"title": noon},
        ),
        act(Verb.DEAL_CREATED, noon, Origin.IMPORT),
    )
    deals = [
        on_a_day(
            replace(DEAL, id=f"D-{n}", status=status, closed_at=noon, person_id="p1"),
            act(Verb.DEAL_CLOSED, noon, Origin.IMPORT, status=["open", status.value]),
        )
        for n, status in enumerate([DealStatus.WON, DealStatus.LOST, DealStatus.WON])
    ]
    deals.insert(1, new)
    told = spread([one for made in deals for one in made], {"p1": ANA}, SINCE)
    # Whatever else was done keeps its place.
    assert [each.event.changes[0].id for each in told] == ["D-1", "D-new", "D-0", "D-2"]


def test_a_deal_that_was_won_and_changed_on_one_day_keeps_its_order() -> None:
    noon = datetime(2026, 11, 11, 12, tzinfo=UTC)
    made = on_a_day(
        replace(DEAL, status=DealStatus.WON, closed_at=noon, person_id="p1"),
        act(Verb.DEAL_CLOSED, noon, Origin.IMPORT, status=["open", "won"]),
        act(Verb.DEAL_AMOUNT_CHANGED, noon, Origin.IMPORT, value=["5.00", "6.00"]),
    )
    verbs = [each.event.verb for each in spread(made, {"p1": ANA}, SINCE)]
    assert verbs == [Verb.DEAL_CLOSED, Verb.DEAL_AMOUNT_CHANGED]


def test_a_thing_that_was_made_and_ended_on_one_day_keeps_its_order() -> None:
    noon = datetime(2026, 11, 11, 12, tzinfo=UTC)
    made = on_a_day(
        replace(DEAL, created_at=noon, closed_at=noon, person_id="p1", told={"title": noon}),
        act(Verb.DEAL_CREATED, noon, Origin.IMPORT),
        act(Verb.DEAL_CLOSED, noon, Origin.IMPORT, status=["open", "won"]),
    )
    verbs = [each.event.verb for each in spread(made, {"p1": ANA}, SINCE)]
    assert verbs == [Verb.DEAL_CREATED, Verb.DEAL_CLOSED]
