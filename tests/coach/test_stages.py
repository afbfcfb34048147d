"""What a stage means: the CRM's word, then what was seen, and last of all its name."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coach.events import Change, Event
from coach.mirror import Visit
from coach.models import DealStatus, Origin, SubjectKind, Verb
from coach.stages import (
    ALIKE,
    KnownStage,
    Seen,
    Stage,
    in_order,
    meaning,
    meaning_of_name,
    meant,
    named_in,
    seen,
    settled,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
OPEN, WON, LOST = DealStatus


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("Closed Won", WON),
        ("closed-won", WON),
        ("CLOSED_WON", WON),
        ("closedwon", WON),
        ("Won!", WON),
        ("Closed Lost", LOST),
        ("closedlost", LOST),
        ("6. Lost (price)", LOST),
        ("Abgeschlossen – gewonnen", WON),
        ("Verloren", LOST),
        ("Gagné", WON),
        ("Affaire gagnée", WON),
        ("Perdue", LOST),
        ("Cerrada ganada", WON),
        ("Cierre perdido", LOST),
        ("Negócio ganho", WON),
        ("Perdida", LOST),
        ("Chiuso vinto", WON),
        ("Trattativa persa", LOST),
        ("Gewonnen deal", WON),
        ("Verloren deal", LOST),
        ("Not won", LOST),
        ("Nicht gewonnen", LOST),
        ("Não ganho", LOST),
        ("Not lost yet", OPEN),
        ("Won/Lost", OPEN),
        ("Proposal", OPEN),
        ("Wonder", OPEN),
        ("Almost", OPEN),
        ("Signed", OPEN),
        ("", OPEN),
    ],
)
def test_a_name_says_whether_a_deal_is_won_or_lost_in_the_languages_people_use(
    name: str, status: DealStatus
) -> None:
    assert meaning_of_name(name) is status


def known(name: str = "X", **more: Any) -> KnownStage:
    return KnownStage(Stage(name, name, meaning=more.pop("meaning", None)), **more)


def test_the_crms_word_counts_more_than_the_name() -> None:
    assert meaning("Lost in translation", known(meaning=OPEN, told_lost=9)) is OPEN
    assert meaning("Signed", known(meaning=WON, told_open=9)) is WON


def test_deals_that_were_open_in_a_stage_say_that_it_is_not_a_last_one() -> None:
    assert meaning("Won back", known()) is WON
    assert meaning("Won back", known(told_open=1)) is OPEN


def test_deals_that_all_ended_alike_in_a_stage_give_it_a_meaning() -> None:
    assert meaning("Signed", known(told_won=ALIKE - 1)) is OPEN
    assert meaning("Signed", known(told_won=ALIKE)) is WON
    assert meaning("Signed", known(told_won=ALIKE, told_lost=1)) is OPEN
    assert meaning("Archive", known(told_lost=ALIKE)) is LOST
    # A deal may be lost in any stage.
    assert meaning("Proposal", known(told_lost=ALIKE, told_open=1)) is OPEN


def event(verb: Verb = Verb.DEAL_STAGE_CHANGED, **fields: Any) -> Event:
    return Event("k", verb, NOW, (Change(SubjectKind.DEAL, "D-1", NOW, fields),))


def after(event: Event, **stages: KnownStage) -> tuple[Verb, dict[str, Any]]:
    found = settled(event, stages)
    return found.verb, found.changes[0].fields


@pytest.mark.parametrize(("stage", "status"), [("Closed Won", WON), ("closed_lost", LOST)])
def test_coming_to_a_last_stage_closes_the_deal(stage: str, status: DealStatus) -> None:
    assert after(event(stage=stage)) == (
        Verb.DEAL_CLOSED,
        {"stage": stage, "status": status, "closed_at": NOW},
    )


def test_going_on_from_a_last_stage_opens_the_deal() -> None:
    assert after(event(stage="Proposal"))[1]["status"] is OPEN


def test_a_stage_that_is_only_mentioned_does_not_open_the_deal() -> None:
    assert "status" not in after(event(Verb.DEAL_AMOUNT_CHANGED, stage="Signed"))[1]
    assert after(event(Verb.DEAL_AMOUNT_CHANGED, stage="Won"))[1]["status"] is WON


def test_what_the_event_says_counts_more_than_the_stage() -> None:
    assert after(event(Verb.DEAL_CLOSED, stage="Signed", status=WON))[0] is Verb.DEAL_CLOSED
    told = event(stage="Won back", status=OPEN)
    assert after(told) == (Verb.DEAL_STAGE_CHANGED, {"stage": "Won back", "status": OPEN})


def test_a_deal_closed_in_a_stage_that_says_nothing_is_an_update_and_not_a_guess() -> None:
    assert after(event(Verb.DEAL_CLOSED, stage="Signed"))[0] is Verb.DEAL_UPDATED
    told = event(Verb.DEAL_CLOSED, stage="Signed")
    assert after(told, Signed=known("Signed", told_won=ALIKE))[0] is Verb.DEAL_CLOSED


def test_a_stage_told_by_its_id_gets_its_name_and_meaning() -> None:
    signed = KnownStage(Stage("428", "Signed", meaning=WON), told=True)
    found = settled(event(stage="428"), {"428": signed})
    assert found.verb is Verb.DEAL_CLOSED
    assert (found.changes[0].fields["stage"], found.changes[0].fields["status"]) == ("Signed", WON)


def found(*way: str) -> Event:
    """A deal that was found by looking, with the way it came."""
    changes = [
        Change(SubjectKind.DEAL, "D", NOW + timedelta(hours=n), {"stage": stage}, came=True)
        for n, stage in enumerate(way)
    ]
    return Event("k", Verb.DEAL_STAGE_CHANGED, NOW, tuple(changes), observed=True)


def test_of_the_way_a_deal_came_the_last_stage_says_what_happened() -> None:
    won = settled(found("Proposal", "Closed Won"), {})
    assert won.verb is Verb.DEAL_CLOSED
    assert won.changes[-1].fields["closed_at"] == NOW + timedelta(hours=1)
    again = settled(found("Closed Won", "Proposal"), {})
    assert again.verb is Verb.DEAL_STAGE_CHANGED
    assert [change.fields["status"] for change in again.changes] == [WON, OPEN]


def test_a_deal_found_open_by_its_way_is_open_whatever_else_is_said_of_it() -> None:
    updated = replace(found("Closed Won", "Proposal"), verb=Verb.DEAL_UPDATED)
    assert settled(updated, {}).changes[-1].fields["status"] is OPEN
    told = replace(updated, observed=False)
    assert "status" not in settled(told, {}).changes[-1].fields


def test_the_stage_it_was_in_before_is_named_too() -> None:
    stages = {id: KnownStage(Stage(id, name), told=True) for id, name in [("1", "A"), ("2", "B")]}
    told = event(stage="2")
    moved = replace(told, changes=(replace(told.changes[0], before={"stage": "1", "value": 5}),))
    assert named_in([moved]) == {"1", "2"}
    assert settled(moved, stages).changes[0].before == {"stage": "A", "value": 5}
    assert settled(moved, {"2": stages["2"]}).changes[0].before == {"stage": "1", "value": 5}


def test_an_event_that_needs_nothing_settled_stays_the_same() -> None:
    for each in (event(Verb.DEAL_UPDATED, title="x"), event(Verb.DEAL_DELETED, deleted=True)):
        assert settled(each, {}) is each


def test_of_stages_of_one_name_that_of_the_deals_own_pipeline_is_meant() -> None:
    new, renewals = (
        KnownStage(Stage(id, "Signed", pipeline), told=True)
        for id, pipeline in [("1", "new"), ("2", "renewals")]
    )
    seen_only = KnownStage(Stage("Signed", "Signed", "renewals"))
    known = [seen_only, new, renewals]
    assert meant(known, "Signed", "renewals") is renewals
    assert meant(known, "Signed", "new") is new
    assert meant([new], "Signed", "renewals") is new
    assert meant(known, "Lost", "new") is None


def test_stages_come_in_the_crms_order_or_in_that_of_the_deals() -> None:
    told = [
        KnownStage(Stage("2", "Won", place=1), told=True),
        KnownStage(Stage("1", "New", place=0), told=True),
        known("Old", visits=9, places=9),
    ]
    assert in_order(told) == ["New", "Won"]
    came = [known("Won", visits=2, places=6), known("New", visits=5, places=5)]
    assert in_order(came) == ["New", "Won"]


def test_what_a_batch_adds_is_the_ways_of_its_deals_and_what_was_told_of_their_stages() -> None:
    day = timedelta(days=1)
    before = [Visit("New", NOW, NOW + day), Visit("Old", NOW + day)]
    later = [Visit("New", NOW, NOW + day), Visit("New", NOW + day), Visit("Won", NOW + 2 * day)]
    told = event(stage="428", status=WON)
    imported = replace(event(stage="428", status=OPEN), origin=Origin.IMPORT)
    stages = {"428": KnownStage(Stage("428", "Won"))}
    assert seen([told, imported], {"D-1": (before, later)}, stages) == {
        "Old": Seen(-1, -2),
        "Won": Seen(1, 2, told_won=1),
    }
    assert named_in([told, event(title="x")]) == {"428"}
