"""Why somebody sees something, in words that are true of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from coach.engine import load_rules
from coach.explaining import (
    Outcomes,
    Told,
    how_it_came,
    in_force,
    of_kind,
    so_far,
    thing_now,
    what_comes_next,
)
from coach.knowledge import UNKNOWN, USUAL_STAYS, Known, Place, Usual
from coach.models import (
    DealStatus,
    Dismissed,
    Insight,
    InsightState,
    InsightType,
    Level,
    Often,
    Person,
    Priority,
    Suggestion,
)
from coach.phrases import Phrase, say
from coach.verdicts import Decided, Reason, Verdict
from coach.wording import Voice, plain
from tests.coach.values import ANA, ANN, CALL, NOW, WON, setting

VOICE = Voice(time_zone="Europe/Madrid")

INSIGHT = Insight(
    "w1", "f", "p1", "stuck_deals", InsightType.TIME, Priority.MEDIUM, "deal:c1:D-17",
    say("Stuck."), say("Long."), Suggestion("view_deal"), InsightState.OPEN, NOW,
    NOW + timedelta(days=1),
)  # fmt: skip


def words(phrase: Phrase | None) -> str:
    assert phrase is not None
    return plain(phrase, VOICE)


AT = "Mon 23 Nov, 10:00."
BY_ITSELF = "It came by itself, as the most important thing that waited for you: "
AT_ONCE = "It answered something you had just done, so it came at once: "


@pytest.mark.parametrize(
    ("by", "own_act", "sentence"),
    [
        ("brief", False, f"It came with your morning brief: {AT}"),
        ("digest", False, f"It came with your digest: {AT}"),
        (
            "backlog",
            False,
            f"It was so before your coach knew of it, and came in one summary: {AT}",
        ),
        ("card", True, AT_ONCE + AT),
        ("card", False, BY_ITSELF + AT),
        # A brief that holds what they did an hour before is no answer to it.
        ("brief", True, f"It came with your morning brief: {AT}"),
    ],
)
def test_what_was_said_is_told_with_when_and_as_what(by: str, own_act: bool, sentence: str) -> None:
    said = Told(INSIGHT, Decided(Verdict.NOW, Reason.SAID), own_act, NOW, by)
    assert words(how_it_came(said)) == sentence


def test_what_was_not_said_is_told_with_the_reason_and_until_when() -> None:
    hours = Decided(Verdict.HOLD, Reason.HOURS, NOW + timedelta(hours=1))
    assert words(how_it_came(Told(INSIGHT, hours))) == (
        "You are not at work. It waits until Mon 23 Nov, 11:00."
    )
    low = Decided(Verdict.DIGEST, Reason.BELOW_LEVEL)
    assert words(how_it_came(Told(INSIGHT, low))) == plain(Reason.BELOW_LEVEL.sentence)
    put_off = Told(INSIGHT, replace(hours, reason=Reason.SNOOZED), said_at=NOW, said_by="digest")
    assert words(how_it_came(put_off)).endswith(
        "10:00. You have put it off. It waits until Mon 23 Nov, 11:00."
    )
    assert words(how_it_came(Told(INSIGHT))) == "Nothing was decided about it yet."


def test_the_limit_in_force_is_told_and_whose_it_is() -> None:
    rules = load_rules()

    def told(rule: str, person: Person, known: Known = UNKNOWN) -> list[str]:
        deal = replace(WON, status=DealStatus.OPEN, stage="Proposal")
        return [words(each) for each in in_force(rules[rule], person, deal, known)]

    level, limit, why = told("stuck_deals", ANA)
    assert level == "You hear of this from level 1 on; your level is 2, balanced."
    assert limit == "Your limit is 14 working days, the default."
    assert why.startswith("Of the deals your team has won, fewer than 20 tell how long")
    learned = Known({USUAL_STAYS.name: {Place("c1", "", "Proposal"): Usual(41, 37)}})
    _, limit, _ = told("stuck_deals", ANA, learned)
    assert limit == "9 of 10 deals your team won left Proposal within 41 days (37 deals)."
    _, limit = told("stuck_deals", setting(stuck_deal_days=1), learned)
    assert limit == "Your limit is 1 working day, as you have set it."
    _, limit = told("stale_leads", setting(stale_lead_days=9))
    assert limit == "Your limit is 9 working days, as you have set it."
    (only,) = told("follow_up", setting(level=Level.ACTIVE))
    assert only == (
        "You hear of this from level 3 on, however high its priority; your level is 3, active."
    )


def test_things_are_told_as_they_are_now() -> None:
    assert words(thing_now(WON, ANA, NOW)).startswith("Acme renewal: €12,000, Stage: Closed Won")
    assert "ann@acme.example" in words(thing_now(ANN, ANA, NOW))
    assert "priority" in words(thing_now(CALL, ANA, NOW))
    gone = replace(WON, deleted=True)
    assert words(thing_now(gone, ANA, NOW)) == "Acme renewal: no longer in the CRM"


def test_what_became_of_a_kind_is_told_in_numbers() -> None:
    assert words(so_far(Outcomes())) == "You have got none of this kind yet."
    assert words(so_far(Outcomes(told=1))) == "You have got 1 of this kind: 1 still open."
    many = Outcomes(9, done=4, dismissed=1, resolved=2, expired=2)
    assert words(so_far(many)) == (
        "You have got 9 of this kind: 4 done, 1 dismissed, 2 settled by themselves, "
        "2 left unanswered."
    )
    reasons = {Dismissed.WRONG_DATA: 1, Dismissed.NOT_RELEVANT: 2}
    assert words(so_far(Outcomes(4, dismissed=4, dismissed_as=reasons))) == (
        "You have got 4 of this kind: 4 dismissed (2 × not relevant, 1 × wrong data)."
    )
    # What was muted is no more open than what was done.
    assert words(of_kind(say("Stuck deals"), Outcomes(4, done=1, muted=2))) == (
        "Stuck deals – 4 told: 1 done, 2 muted, 1 still open"
    )


def test_the_next_brief_and_digest_are_told_where_there_are_any() -> None:
    assert words(what_comes_next(ANA, NOW)) == (
        "Next brief: Tue 24 Nov, 09:00. Next digest: Fri 27 Nov, 17:00."
    )
    assert words(what_comes_next(setting(digest=Often.OFF), NOW)) == (
        "Next brief: Tue 24 Nov, 09:00. You get no digest."
    )
    assert words(what_comes_next(setting(brief=False), NOW)) == (
        "Next digest: Fri 27 Nov, 17:00. You get no brief."
    )
    assert what_comes_next(setting(brief=False, digest=Often.OFF), NOW) is None
