"""What vendors tell of things is cleaned; what cannot be read of it does no harm to the rest."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bot.crm.calls import Answer
from bot.crm.provider import PayloadError, Told
from bot.crm.things import (
    answered,
    contacted,
    content,
    gone,
    inner,
    key,
    moment,
    name_of,
    percent,
    rows,
    thing,
    told_with,
    words,
)
from coach.events import Change, Owner
from coach.models import DealStatus, SubjectKind, TaskStatus
from coach.writes import DeleteTask, MoveDeal
from tests.bot.crm.vendors import change

MOVE = change(MoveDeal("c", "D-9", "Won"))
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
DEAL, CONTACT, TASK = SubjectKind.DEAL, SubjectKind.CONTACT, SubjectKind.TASK


def test_a_thing_is_told_in_the_domains_terms() -> None:
    told = {
        "id": 17,
        "title": "Acme\x00 renewal",
        "status": DealStatus.WON,
        "value": 1200.5,
        "probability": "60%",
        "owner_id": 7,
        "other": {"period": "monthly"},
        "lost_reason": "",
    }
    assert thing(DEAL, told, AT, before={"stage": "3"}) == Change(
        DEAL,
        "17",
        AT,
        {
            "title": "Acme renewal",
            "status": DealStatus.WON,
            "value": Decimal("1200.5"),
            "probability": Decimal("0.6"),
            "lost_reason": None,
            "other": {"period": "monthly"},
        },
        Owner(id="7"),
        before={"stage": "3"},
    )


def test_a_field_that_cannot_be_read_is_left_out() -> None:
    change = thing(CONTACT, {"id": "C-1", "name": "Ann", "email": "x" * 400, "owner_id": {}}, AT)
    assert (change.fields, change.owner) == ({"name_given": "Ann"}, None)
    assert thing(TASK, {"id": "T", "due_date": [], "status": TaskStatus.PENDING}, AT).fields == {
        "status": TaskStatus.PENDING
    }


@pytest.mark.parametrize("id", [None, "", {}, [], True, "x" * 300, 10**300])
def test_a_thing_needs_an_id(id: object) -> None:
    with pytest.raises(PayloadError):
        gone(DEAL, id, AT)
    assert contacted(id, AT) == ()
    with pytest.raises(PayloadError):
        thing(DEAL, {"id": id}, AT)


def test_ids_are_text_and_calls_are_contacts() -> None:
    assert (name_of(7), name_of(" D-1 "), name_of(1.5)) == ("7", "D-1", None)
    assert contacted(7, AT) == (Change(CONTACT, "7", AT, {"last_contacted_at": AT}),)
    assert gone(TASK, 7, AT) == Change(TASK, "7", AT, {"deleted": True})


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-23T09:00:00Z",
        "2026-11-23T10:00:00+01:00",
        "2026-11-23 09:00:00",
        "2026-11-23T09:00:00.000000000Z",
        1795424400,
        1795424400000,
    ],
)
def test_points_in_time_are_read_as_vendors_write_them(written: object) -> None:
    assert moment(written) == AT


@pytest.mark.parametrize("written", [None, True, "", "soon", {}, "1500-01-01T00:00:00Z", 1e300])
def test_anything_else_is_no_point_in_time(written: object) -> None:
    assert moment(written) is None


def test_a_probability_is_told_in_percent() -> None:
    assert (percent(1), percent(62.5), percent(0)) == ("1%", "62.5%", "0%")
    assert [percent(each) for each in (None, True, "60", 101, -1)] == [None] * 5


def test_an_identity_is_kept_short_without_becoming_anothers() -> None:
    assert key("deal", 17, None, "x\x00y") == "deal|17||xy"
    long = key("a" * 300, "b")
    assert len(long) <= 255
    assert long != key("a" * 300, "c")
    assert key("\ud800" * 300)


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b'"x"', b"{", b"\xff", b"[" * 200])
def test_a_body_is_one_object(body: bytes) -> None:
    with pytest.raises(PayloadError):
        content(body)
    assert answered(Answer(200, {}, body)) == {}


def test_places_within_objects_may_be_empty() -> None:
    assert inner({"a": {"b": 1}}, "a", "b") == 1
    assert inner({"a": [1]}, "a", "b") is inner(None, "a") is None
    assert rows([{"a": 1}, 2]) == [{"a": 1}]
    assert rows({"a": 1}) == []


def test_an_answer_tells_the_id_or_why_not() -> None:
    assert told_with(MOVE, Answer(201), id=900) == Told(remote_id="900")
    assert told_with(MOVE, Answer(200), id={}) == Told()
    assert told_with(MOVE, Answer(400), why="Deal\x00 not found. ") == Told(
        refusal="HTTP 400: Deal not found."
    )
    assert told_with(MOVE, Answer(400), why={"x": 1}) == Told(refusal="HTTP 400")
    assert told_with(MOVE, Answer(404), why="No deal 9") == Told(
        refusal="it is not in the CRM any more (HTTP 404: No deal 9)", gone=True
    )
    assert told_with(MOVE, Answer(503), why="busy") == Told(again="HTTP 503")
    away = change(DeleteTask("c", "900"))
    assert told_with(away, Answer(404), why="No task 900") == Told()
    assert told_with(away, Answer(403)).refusal is not None
    assert len(words("x" * 500)) == 200
