"""Tests of folding: whatever order events come in, the mirror says the same."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.events import Change, Owner
from coach.mirror import (
    LATE,
    MOST_OTHER,
    OTHER,
    Visit,
    blank,
    bounded,
    fold,
    present_stay,
    stays,
    what_happened,
    with_stage,
    without_stage,
)
from coach.models import Contact, Deal, DealStatus, Subject, SubjectKind, Task, TaskStatus, Verb

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ANA, BEN = Owner("ana@northwind.example"), Owner("ben@northwind.example")
PERSONS = {None: None, ANA: "p-ana", BEN: "p-ben"}


def hour(number: float) -> datetime:
    """So many hours after the start."""
    return START + timedelta(hours=number)


def told(
    at: float, kind: SubjectKind = SubjectKind.DEAL, *, owner: Owner | None = None, **fields: Any
) -> Change:
    """What was told of the thing at that hour."""
    assumed = fields.pop("assumed", False)
    return Change(kind, "X-1", hour(at), fields, owner, assumed)


def folded(changes: Sequence[Change]) -> Subject:
    """What the mirror has after these changes, in the order given."""
    subject = blank(changes[0].kind, "c1", "X-1")
    for change in changes:
        subject = fold(subject, change, PERSONS[change.owner])
    return subject


def deal(*changes: Change) -> Deal:
    """The same for a deal."""
    found = folded(changes)
    assert isinstance(found, Deal)
    return found


def contact(*changes: Change) -> Contact:
    """The same for a contact."""
    found = folded(changes)
    assert isinstance(found, Contact)
    return found


def task(*changes: Change) -> Task:
    """The same for a task."""
    found = folded(changes)
    assert isinstance(found, Task)
    return found


def test_a_change_sets_what_it_tells_and_leaves_the_rest() -> None:
    found = deal(told(1, title="Acme", value=Decimal(5)), told(2, value=Decimal(7)))
    assert (found.title, found.value) == ("Acme", Decimal(7))


def test_an_older_change_never_overwrites_a_newer_one_field_by_field() -> None:
    found = deal(told(5, title="New"), told(3, title="Old", source="web"))
    assert (found.title, found.source) == ("New", "web")


def test_other_fields_are_folded_one_by_one() -> None:
    changes = [
        told(1, other={"Region": "South", "Segment": "A"}),
        told(3, other={"Region": None}),
        told(2, other={"Region": "North", "Score": "7"}),
    ]
    for order in itertools.permutations(changes):
        assert deal(*order).other == {"Segment": "A", "Score": "7"}


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),
            st.dictionaries(
                st.integers(0, MOST_OTHER + 20).map(lambda number: f"Field {number}"),
                st.sampled_from(["x", "y", None]),
                max_size=30,
            ),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda change: change[0],
    ),
    st.randoms(),
)
def test_so_many_other_fields_are_kept_whatever_came_first(
    given_: list[tuple[int, dict[str, str | None]]], random: Random
) -> None:
    changes = [told(at, other=other) for at, other in given_]
    first = deal(*changes)
    assert len([name for name in first.told if name.startswith(OTHER)]) <= MOST_OTHER
    random.shuffle(changes)
    again = deal(*changes)
    assert (again.other, again.told) == (first.other, first.told)


def test_other_fields_are_cut_to_size_and_written_as_text() -> None:
    assert bounded({" A  b ": True, "n": 1.5, "x" * 100: "y" * 400, "": "z", "e": " "}) == {
        "A b": "true",
        "n": "1.5",
        "x" * 80: "y" * 300,
        "e": None,
    }


def test_an_emptied_field_is_empty() -> None:
    assert deal(told(1, source="web"), told(2, source=None)).source is None


def test_a_late_word_does_not_fill_what_was_emptied_since() -> None:
    assert deal(told(2, source=None), told(1, source="web")).source is None


def test_nothing_new_returns_the_very_same_thing() -> None:
    found = deal(told(5, title="New"))
    assert fold(found, told(3, title="Old", created_at=None), None) is not found
    same = deal(told(5, title="New", created_at=hour(1)))
    assert fold(same, told(3, title="Old"), None) is same


def test_changed_before_created_works() -> None:
    changed, created = told(5, stage="Proposal"), told(1, title="Acme", stage="Qualified")
    assert deal(changed, created) == deal(created, changed)
    assert deal(changed, created).stage == "Proposal"


def test_when_a_thing_was_created_is_known_only_when_it_was_told() -> None:
    assert deal(told(5, title="A"), told(2, source="web")).created_at is None
    told_so = deal(told(5, created_at=hour(-9)), told(2, title="A"))
    assert told_so.created_at == hour(-9)


def test_a_deleted_thing_stays_deleted_for_late_words() -> None:
    assert deal(told(5, deleted=True), told(3, title="Late")).deleted


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_a_thing_spoken_of_after_its_deletion_is_back(order: tuple[int, ...]) -> None:
    changes = [told(1, title="A"), told(2, deleted=True), told(3, title="B")]
    assert not deal(*[changes[index] for index in order]).deleted


def test_an_open_deal_has_no_time_of_closing() -> None:
    found = deal(told(1, status=DealStatus.WON, closed_at=hour(1)), told(2, status=DealStatus.OPEN))
    assert (found.status, found.closed_at) == (DealStatus.OPEN, None)


def test_a_pending_task_has_no_time_of_completion() -> None:
    kind = SubjectKind.TASK
    found = task(
        told(1, kind, status=TaskStatus.COMPLETED, completed_at=hour(1)),
        told(2, kind, status=TaskStatus.PENDING),
    )
    assert (found.status, found.completed_at) == (TaskStatus.PENDING, None)


def test_an_early_call_told_late_does_not_hide_a_later_one() -> None:
    kind = SubjectKind.CONTACT
    found = contact(
        told(9, kind, last_contacted_at=hour(8)), told(10, kind, last_contacted_at=hour(2))
    )
    assert found.last_contacted_at == hour(8)


def test_a_late_word_of_a_later_call_is_not_lost() -> None:
    kind = SubjectKind.CONTACT
    found = contact(
        told(9, kind, last_contacted_at=hour(2)), told(8, kind, last_contacted_at=hour(7))
    )
    assert found.last_contacted_at == hour(7)


def test_an_emptied_last_contact_does_not_undo_it() -> None:
    kind = SubjectKind.CONTACT
    found = contact(told(1, kind, last_contacted_at=hour(1)), told(2, kind, last_contacted_at=None))
    assert found.last_contacted_at == hour(1)


def test_a_contact_is_silent_since_its_creation_or_last_contact_but_not_since_an_edit() -> None:
    kind = SubjectKind.CONTACT
    created = told(1, kind, created_at=hour(1))
    assert contact(created, told(30, kind, name_given="Bo")).silent_since == hour(1)
    called = told(40, kind, last_contacted_at=hour(39))
    assert contact(created, called).silent_since == hour(39)


def test_a_contact_of_unknown_age_is_silent_since_it_was_first_spoken_of_or_contacted() -> None:
    kind = SubjectKind.CONTACT
    first, later = told(1, kind, name_given="Bo"), told(30, kind, name_given="Bob")
    assert contact(first, later).silent_since == contact(later, first).silent_since == hour(1)
    called = told(20, kind, last_contacted_at=hour(-200))
    assert contact(first, called).silent_since == hour(-200)


def test_an_owner_told_by_the_thing_itself_is_not_replaced_by_an_assumed_one() -> None:
    own, around = told(1, owner=ANA, title="A"), told(2, owner=BEN, assumed=True)
    assert deal(own, around).person_id == deal(around, own).person_id == "p-ana"


def test_without_one_of_its_own_a_thing_belongs_to_the_newest_assumed_owner() -> None:
    first, second = told(1, owner=ANA, assumed=True), told(2, owner=BEN, assumed=True)
    assert deal(first, second).person_id == deal(second, first).person_id == "p-ben"


def test_a_thing_told_to_be_nobodys_stays_nobodys() -> None:
    freed, around = told(1, person_id=None), told(2, owner=BEN, assumed=True)
    assert deal(freed, around).person_id is None
    assert deal(around, freed).person_id is None


# Every order


def fields_of(kind: SubjectKind) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the fields of a thing, as providers tell them."""
    times = st.one_of(st.none(), st.integers(-50, 50).map(hour))
    match kind:
        case SubjectKind.DEAL:
            choices: dict[str, st.SearchStrategy[Any]] = {
                "title": st.sampled_from(["A", "B"]),
                "stage": st.sampled_from(["Qualified", "Proposal", None]),
                "status": st.sampled_from(DealStatus),
                "value": st.one_of(st.none(), st.integers(0, 9).map(Decimal)),
                "closed_at": times,
            }
        case SubjectKind.CONTACT:
            choices = {"status": st.sampled_from(["LEAD", None]), "last_contacted_at": times}
        case SubjectKind.TASK:
            choices = {"status": st.sampled_from(TaskStatus), "completed_at": times}
    choices["created_at"] = st.integers(-50, 50).map(hour)
    choices["deleted"] = st.just(True)
    return st.fixed_dictionaries({}, optional=choices)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Change], list[Change]]:
    """Changes at times that differ, in the order in which they happened and in another."""
    kind = draw(st.sampled_from(SubjectKind))
    hours = draw(st.lists(st.integers(0, 100), min_size=1, max_size=7, unique=True))
    changes = [
        Change(
            kind,
            "X-1",
            hour(at),
            draw(fields_of(kind)),
            draw(st.sampled_from([None, ANA, BEN])),
            draw(st.booleans()),
        )
        for at in sorted(hours)
    ]
    return changes, draw(st.permutations(changes))


@given(histories())
def test_the_mirror_is_the_same_for_every_order_of_the_same_events(
    history: tuple[list[Change], list[Change]],
) -> None:
    in_order, shuffled = history
    assert folded(shuffled) == folded(in_order)


@given(histories())
def test_the_same_events_once_more_change_nothing(
    history: tuple[list[Change], list[Change]],
) -> None:
    in_order, shuffled = history
    once = folded(in_order)
    assert folded([*in_order, *shuffled]) == once


# Visits


def seen(*tellings: tuple[float, str] | tuple[float, str, bool]) -> list[Visit]:
    """The visits of a deal told to be in these stages, in the order given."""
    visits: list[Visit] = []
    for at, stage, *found in tellings:
        visits = with_stage(visits, stage, hour(at), came=not any(found))
    return visits


FOUND = True


def test_what_was_found_in_a_stage_has_been_there_for_nobody_knows_how_long() -> None:
    visits = seen((1, "A", FOUND), (5, "B"), (9, "C", FOUND))
    assert [each.came for each in visits] == [False, True, False]
    assert present_stay(visits, "C") == Visit("C", hour(9), came=False)


def test_once_it_is_told_when_it_came_to_its_stage_that_is_known() -> None:
    since = Visit("A", hour(2))
    assert present_stay(seen((2, "A"), (4, "A", FOUND)), "A") == since
    assert present_stay(seen((4, "A", FOUND), (2, "A")), "A") == since


def test_what_was_found_in_a_stage_and_came_there_later_was_elsewhere_in_between() -> None:
    late = LATE / timedelta(hours=1)
    visits = seen((1, "A", FOUND), (5, "A"), (late + 9, "A", FOUND))
    assert stays(visits) == [Visit("A", hour(1), hour(5), came=False), Visit("A", hour(5))]


def test_of_one_instant_that_it_came_is_the_surer_word() -> None:
    assert seen((1, "A"), (1, "A", FOUND)) == seen((1, "A", FOUND), (1, "A")) == seen((1, "A"))
    assert seen((1, "A"), (1, "B", FOUND)) == [Visit("B", hour(1), came=False)]


def test_a_deal_leaves_a_stage_when_it_comes_to_the_next() -> None:
    assert seen((1, "A"), (5, "B")) == [Visit("A", hour(1), hour(5)), Visit("B", hour(5))]


def test_a_stage_told_again_is_the_same_stay() -> None:
    assert stays(seen((1, "A"), (5, "A"))) == [Visit("A", hour(1))]
    assert present_stay(seen((1, "A"), (5, "A")), "A") == Visit("A", hour(1))


def test_a_late_stage_splits_the_stay_it_falls_into() -> None:
    expected = [Visit("A", hour(1), hour(3)), Visit("B", hour(3), hour(5)), Visit("A", hour(5))]
    assert stays(seen((1, "A"), (5, "A"), (9, "A"), (3, "B"))) == expected


def test_a_late_stage_before_all_others_comes_first() -> None:
    visits = seen((5, "B"), (1, "A"))
    assert visits == [Visit("A", hour(1), hour(5)), Visit("B", hour(5))]
    assert present_stay(visits, "B") == Visit("B", hour(5))


def test_a_move_that_is_taken_back_leaves_the_stay_before_it_whole() -> None:
    visits = with_stage(with_stage([], "A", hour(1)), "B", hour(5))
    assert without_stage(visits, hour(5)) == with_stage([], "A", hour(1))
    later = with_stage(visits, "C", hour(9))
    assert without_stage(later, hour(5)) == with_stage(with_stage([], "A", hour(1)), "C", hour(9))
    assert without_stage(later, hour(2)) == later
    assert without_stage(with_stage([], "A", hour(1)), hour(1)) == []


def test_a_call_that_is_taken_back_hides_none_that_came_since() -> None:
    fields = {"last_contacted_at": hour(1)}
    back = Change(SubjectKind.CONTACT, "X-1", hour(6), fields, undoes=hour(5))
    for last, left in ((5, 1), (7, 7)):
        called = Contact("c1", "X-1", last_contacted_at=hour(last), silent_since=hour(last))
        after = fold(called, back, None)
        assert isinstance(after, Contact)
        assert after.last_contacted_at == hour(left)


def test_coming_back_to_a_stage_begins_a_new_stay() -> None:
    assert present_stay(seen((1, "A"), (2, "B"), (3, "A")), "A") == Visit("A", hour(3))


def test_a_deal_without_a_stage_has_been_in_none() -> None:
    assert present_stay([], "A") is None
    assert present_stay(seen((1, "A")), None) is None


def test_that_a_stage_was_told_again_is_forgotten_when_nothing_can_come_late_any_more() -> None:
    late = LATE / timedelta(hours=1)
    visits = seen((0, "A"), (1, "A"), (2, "A"), (late + 2, "B"))
    assert visits == [
        Visit("A", hour(0), hour(2)),
        Visit("A", hour(2), hour(late + 2)),
        Visit("B", hour(late + 2)),
    ]
    assert stays(visits) == [Visit("A", hour(0), hour(late + 2)), Visit("B", hour(late + 2))]


@st.composite
def tellings(draw: st.DrawFn) -> list[tuple[int, str, bool]]:
    """Stages told at times that differ, none of them later than anybody expects, in any order."""
    hours = draw(st.lists(st.integers(0, 160), min_size=1, max_size=8, unique=True))
    return [(at, draw(st.sampled_from("ABC")), draw(st.booleans())) for at in hours]


@given(tellings())
def test_visits_are_the_same_for_every_order_of_the_same_tellings(
    told: list[tuple[int, str, bool]],
) -> None:
    assert seen(*told) == seen(*sorted(told))


@given(tellings())
def test_visits_are_in_order_without_gaps_and_only_the_last_is_open(
    told: list[tuple[int, str, bool]],
) -> None:
    visits = seen(*told)
    for visit, following in itertools.pairwise(visits):
        assert visit.left_at == following.entered_at > visit.entered_at
    assert visits[-1].left_at is None
    assert visits[-1].stage == max(told)[1]
    joined = stays(visits)
    for stay, following in itertools.pairwise(joined):
        assert stay.stage != following.stage or (following.came and not stay.came)


@pytest.mark.parametrize(
    ("verb", "new", "happened"),
    [
        (Verb.DEAL_CLOSED, {"lost_reason": "Price"}, Verb.DEAL_UPDATED),
        (Verb.DEAL_CREATED, {"stage": "Proposal"}, Verb.DEAL_STAGE_CHANGED),
        (Verb.DEAL_CLOSED, {"status": DealStatus.OPEN}, Verb.DEAL_REOPENED),
        (Verb.DEAL_DELETED, {"deleted": True}, Verb.DEAL_DELETED),
        (Verb.CALL_LOGGED, {"title": "Acme"}, Verb.CALL_LOGGED),
    ],
)
def test_what_was_found_by_looking_is_what_it_changed(
    verb: Verb, new: dict[str, Any], happened: Verb
) -> None:
    known = Deal("c1", "D-1", status=DealStatus.WON, told={"status": START})
    after = fold(known, Change(SubjectKind.DEAL, "D-1", hour(1), new), None)
    assert what_happened(verb, known, after, observed=True) is happened
    # Who was told of it, and did not look, takes the CRM's word.
    assert what_happened(verb, known, after) is (happened if verb is Verb.DEAL_UPDATED else verb)


def test_a_task_found_done_again_is_not_done_twice() -> None:
    done = Task("c1", "T-1", status=TaskStatus.COMPLETED, told={"status": START})
    after = fold(done, Change(SubjectKind.TASK, "T-1", hour(1), {"note": "x"}), None)
    assert what_happened(Verb.TASK_COMPLETED, done, after, observed=True) is Verb.TASK_UPDATED
    unknown = Task("c1", "T-1")
    assert what_happened(Verb.TASK_COMPLETED, unknown, after, observed=True) is Verb.TASK_COMPLETED
