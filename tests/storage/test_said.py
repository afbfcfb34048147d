"""Tests that what is said is kept as phrases, and that what was kept before them is read."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from coach.models import Draft, Insight, InsightState, InsightType, Priority, Suggestion
from coach.phrases import Money, Phrase, Thing, counted, names, say
from coach.wording import ENGLISH, plain, words
from coach.writes import CompleteTask
from storage import crm_writes, ending, insights
from storage.crm_writes import StoredWrite
from storage.database import Tx
from storage.insights import NewInsight
from tests.storage.conftest import Store
from tests.world import BEGINNING, CONNECTION, WORKSPACE

SAID = counted(
    "{leads} of {deal} ({value}) waits since {day}.",
    "{leads} of {deal} ({value}) wait since {day}.",
    "count",
    leads=names([Thing("Ann & <Co>", "https://crm.example/1"), Thing("{0}"), Thing("“%s”")], 2),
    deal="\u2028 {deal}",
    value=Money(Decimal("12000.50"), "EUR"),
    day=date(2026, 11, 23),
    count=3,
)


async def made(tx: Tx, store: Store, message: Phrase = SAID) -> Insight:
    draft = Draft(
        store.ana.id, "deal:native:D-1", "once", Priority.HIGH, message, say("You won."),
        Suggestion("create_task"), BEGINNING + timedelta(hours=1),
    )  # fmt: skip
    new = NewInsight("rule", InsightType.ACTION, draft)
    ((print_, _),) = await insights.add(tx, WORKSPACE, [new], BEGINNING)
    return await again(tx, print_)


async def again(tx: Tx, fingerprint: str) -> Insight:
    found = await insights.get(tx, WORKSPACE, fingerprint)
    assert found is not None
    return found


async def test_an_insights_phrases_come_back_as_they_were_said(store: Store) -> None:
    async with store.database.write() as tx:
        insight = await made(tx, store)
        assert (insight.message, insight.reason, insight.outcome) == (SAID, say("You won."), None)
        await ending.end(
            tx, WORKSPACE, insight.fingerprint, InsightState.TAKEN, BEGINNING, outcome=SAID
        )
        assert (await again(tx, insight.fingerprint)).outcome == SAID


async def test_an_insight_kept_as_a_finished_sentence_is_shown_as_it_was(store: Store) -> None:
    pieces: list[list[Any]] = [["Ask ", None], ["{Ann}", "https://crm.example/1"], [" now.", None]]
    async with store.database.write() as tx:
        fingerprint = (await made(tx, store)).fingerprint
        await tx.execute(
            text("UPDATE insights SET message = :message, reason = :reason, outcome = :outcome"),
            {"message": json.dumps(pieces), "reason": json.dumps(pieces[:1]), "outcome": "[]"},
        )
        old = await again(tx, fingerprint)
    assert [(span.text, span.url) for span in words(old.message, ENGLISH)] == [
        ("Ask ", None),
        ("{Ann}", "https://crm.example/1"),
        (" now.", None),
    ]
    assert plain(old.reason) == "Ask "
    assert old.outcome is None


@pytest.mark.parametrize("before", ["Completed “{Call} Bo”", ""])
async def test_a_change_keeps_its_phrase_and_an_older_one_its_words(
    store: Store, before: str
) -> None:
    write = StoredWrite(WORKSPACE, "k1", "f1", SAID, CompleteTask(CONNECTION, "T-1"))
    async with store.database.write() as tx:
        await crm_writes.add(tx, write, BEGINNING)
        (kept,) = await crm_writes.of_insight(tx, WORKSPACE, "f1")
        assert kept.words == SAID
        await tx.execute(text("UPDATE crm_writes SET words = :words"), {"words": before})
        (old,) = await crm_writes.of_insight(tx, WORKSPACE, "f1")
    assert plain(old.words) == before
