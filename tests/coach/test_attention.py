"""Attention decides for one person at a time what may reach them now, each with its reason."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from coach.attention import APART, Decision, aged, decide, still_wanted
from coach.chain import admits
from coach.history import Mute, Past, Said, looked_back
from coach.models import (
    Enrolment,
    InsightState,
    Level,
    MessageState,
    Person,
    Priority,
)
from coach.verdicts import Decided, Reason, Verdict
from coach.waiting import Waiting
from coach.wording import plain
from tests.bot.slack.blocks.values import insight
from tests.coach.values import ANA, NOW, setting

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
TURN = Decided(Verdict.NOW, Reason.TURN)
SAID = Decided(Verdict.NOW, Reason.SAID)

#: When the next day begins where Ana is.
MIDNIGHT = datetime(2026, 11, 24, tzinfo=ZoneInfo("Europe/Madrid"))


def waiting(
    name: str = "one",
    *,
    priority: Priority = Priority.HIGH,
    ago: timedelta = timedelta(),
    left: timedelta = HOUR,
    message: MessageState | None = None,
    sent: timedelta | None = None,
    not_before: datetime | None = None,
) -> Waiting:
    """Something open, made so long ago, with so much time left."""
    sent_at = None if sent is None else NOW - sent
    return Waiting(name, priority, NOW - ago, NOW + left, message, sent_at, not_before)


def alone(person: Person = ANA, **given: object) -> Decided:
    """The verdict on one thing by itself."""
    return decide(person, [waiting(**given)], NOW).insights["one"]  # type: ignore[arg-type]


def turns(*given: Waiting, person: Person = ANA) -> list[str]:
    """What is said, one after the other, when each is answered at once."""
    left, said = list(given), []
    while left:
        decision = decide(person, left, NOW).insights
        (now,) = [print_ for print_, decided in decision.items() if decided == TURN]
        said.append(now)
        left = [each for each in left if each.fingerprint != now]
    return said


@pytest.mark.parametrize(
    ("level", "admitted"),
    [
        (Level.MINIMAL, {Priority.HIGH}),
        (Level.BALANCED, {Priority.HIGH, Priority.MEDIUM}),
        (Level.ACTIVE, {Priority.HIGH, Priority.MEDIUM, Priority.LOW}),
    ],
)
def test_a_level_admits_its_priorities_and_the_rest_is_for_the_digest(
    level: Level, admitted: set[Priority]
) -> None:
    assert {priority for priority in Priority if admits(level, priority)} == admitted
    for priority in Priority:
        found = alone(setting(level=level), priority=priority)
        digest = Decided(Verdict.DIGEST, Reason.BELOW_LEVEL)
        assert found == (TURN if priority in admitted else digest)


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (replace(ANA, slack_user_id=None), Reason.UNMATCHED),
        (replace(ANA, enrolment=Enrolment.NEW), Reason.CONSENT),
        (replace(ANA, enrolment=Enrolment.INVITING), Reason.CONSENT),
        (replace(ANA, enrolment=Enrolment.INVITED), Reason.CONSENT),
        (replace(ANA, enrolment=Enrolment.DECLINED), Reason.DECLINED),
        (setting(enabled=False), Reason.OFF),
    ],
)
def test_without_consent_and_a_listening_person_everything_is_held(
    person: Person, reason: Reason
) -> None:
    assert alone(person) == Decided(Verdict.HOLD, reason)
    assert alone(person, message=MessageState.DUE) == Decided(Verdict.HOLD, reason)
    assert not still_wanted(person, insight(expires_at=NOW + HOUR), NOW)


def test_only_who_was_never_asked_and_can_be_reached_is_asked_for_something_worth_it() -> None:
    new = replace(ANA, enrolment=Enrolment.NEW)
    assert decide(new, [waiting()], NOW).ask
    assert not decide(new, [waiting(priority=Priority.LOW)], NOW).ask
    assert not decide(new, [waiting(left=-SECOND)], NOW).ask
    assert not decide(new, [], NOW).ask
    for other in (
        replace(new, slack_user_id=None),
        replace(ANA, enrolment=Enrolment.INVITED),
        replace(ANA, enrolment=Enrolment.DECLINED),
        ANA,
    ):
        assert not decide(other, [waiting()], NOW).ask


def test_the_most_important_goes_first_and_of_equals_the_newest() -> None:
    active = setting(level=Level.ACTIVE)
    given = [
        waiting("low", priority=Priority.LOW),
        waiting("older", ago=2 * SECOND),
        waiting("newer", ago=SECOND),
        waiting("medium", priority=Priority.MEDIUM),
    ]
    assert turns(*given, person=active) == ["newer", "older", "medium", "low"]


def test_the_others_wait_until_the_first_was_sent_and_a_minute_more_while_it_is_unanswered() -> (
    None
):
    held = Decided(Verdict.HOLD, Reason.PACE)
    due = waiting("first", message=MessageState.DUE)
    other = waiting("other", ago=SECOND)
    assert decide(ANA, [due, other], NOW) == Decision({"first": TURN, "other": held}, MIDNIGHT)
    sending = replace(due, message=MessageState.SENDING)
    assert decide(ANA, [sending, other], NOW) == Decision({"first": TURN, "other": held}, MIDNIGHT)
    sent = waiting("first", message=MessageState.SENT, sent=APART - SECOND)
    soon = NOW + SECOND
    assert decide(ANA, [sent, other], NOW) == Decision(
        {"first": SAID, "other": replace(held, until=soon)}, soon
    )
    assert decide(ANA, [sent, other], soon).insights == {"first": SAID, "other": TURN}
    # Answered, the first is no longer among what is open.
    assert decide(ANA, [other], NOW).insights == {"other": TURN}


def test_an_unanswered_card_whose_time_is_up_stands_in_nobodys_way() -> None:
    late = waiting("late", left=timedelta(), message=MessageState.SENT, sent=SECOND)
    found = decide(ANA, [late, waiting()], NOW).insights
    assert found == {"late": Decided(Verdict.DROP, Reason.EXPIRED), "one": TURN}


def test_something_more_important_takes_the_place_of_what_is_due_but_not_yet_claimed() -> None:
    due = waiting("due", priority=Priority.MEDIUM, message=MessageState.DUE)
    found = decide(ANA, [due, waiting()], NOW).insights
    assert found == {"one": TURN, "due": Decided(Verdict.HOLD, Reason.PACE)}


def test_what_slack_did_not_take_just_now_lets_the_next_go_first() -> None:
    later = NOW + HOUR / 2
    failing = waiting("failing", message=MessageState.DUE, not_before=later)
    held = Decided(Verdict.HOLD, Reason.TROUBLE, later)
    assert decide(ANA, [failing, waiting(ago=HOUR)], NOW) == Decision(
        {"failing": held, "one": TURN}, later
    )
    assert decide(ANA, [failing], later).insights == {"failing": TURN}


def test_what_slack_refused_for_good_is_not_tried_again_by_itself() -> None:
    assert alone(message=MessageState.FAILED) == Decided(Verdict.HOLD, Reason.REFUSED)


def test_what_has_expired_is_dropped() -> None:
    assert alone(left=timedelta()) == Decided(Verdict.DROP, Reason.EXPIRED)
    assert alone(left=SECOND) == TURN


def test_at_its_turn_a_message_is_still_wanted_only_while_it_is_open_and_in_time() -> None:
    open_ = insight(expires_at=NOW + SECOND)
    assert still_wanted(ANA, open_, NOW)
    assert not still_wanted(ANA, open_, NOW + SECOND)
    assert not still_wanted(ANA, replace(open_, state=InsightState.DISMISSED), NOW)


def test_every_reason_has_a_sentence_for_people() -> None:
    sentences = {plain(reason.sentence) for reason in Reason}
    assert len(sentences) == len(Reason)
    assert all(each.endswith(".") and each[0].isupper() for each in sentences)


def test_what_was_put_off_or_muted_waits_whatever_its_level_and_counts_as_answered() -> None:
    until = NOW + HOUR
    for priority in Priority:
        put_off = replace(waiting(priority=priority), snoozed_until=until)
        found = decide(setting(level=Level.MINIMAL), [put_off], NOW)
        assert found.insights["one"] == Decided(Verdict.HOLD, Reason.SNOOZED, until)
        assert found.again_at == until
    muted = replace(waiting(priority=Priority.LOW), rule="tips")
    past = Past(mutes=[Mute("rule:tips", until)])
    found = decide(ANA, [muted], NOW, past)
    assert found.insights["one"] == Decided(Verdict.HOLD, Reason.MUTED, until)
    assert not still_wanted(ANA, insight(expires_at=until, snoozed_until=until), NOW)
    assert still_wanted(ANA, insight(expires_at=until, snoozed_until=NOW), NOW)


def test_put_off_is_neither_unanswered_nor_sent_away() -> None:
    said = [
        Said(
            "tips",
            "deal:c1:D-1",
            NOW - timedelta(days=day),
            "card",
            InsightState.OPEN,
            answered=put_off,
        )
        for day, put_off in ((1, True), (2, False), (3, False))
    ]
    past = looked_back(ANA, said, (), NOW)
    assert past.unanswered == {("tips", "deal:c1:D-1"): 2}
    # It is an answer: what went unanswered before it does not count towards stepping back.
    often = [replace(said[1], said_at=NOW - timedelta(days=day)) for day in range(2, 9)]
    assert looked_back(ANA, often, (), NOW).stepped_back == {"tips"}
    assert looked_back(ANA, [said[0], *often], (), NOW).stepped_back == frozenset()


def test_a_backlog_that_nobody_works_off_steps_back_from_nothing() -> None:
    said = [
        Said("tips", "deal:c1:D-1", NOW - timedelta(days=day), "backlog", InsightState.OPEN)
        for day in range(1, 7)
    ]
    past = looked_back(ANA, said, [], NOW)
    # But it was said: it is not said twice more in that week.
    assert (past.stepped_back, past.unanswered) == (frozenset(), {("tips", "deal:c1:D-1"): 6})


# Days that pass


def test_what_stands_since_an_earlier_day_is_asked_about_once_a_day() -> None:
    stands = replace(waiting(message=MessageState.SENT, sent=HOUR), expires_at=NOW + 9 * DAY)
    assert aged(ANA, [stands], NOW) == []
    assert decide(ANA, [stands], NOW).again_at == MIDNIGHT
    assert aged(ANA, [stands], MIDNIGHT - SECOND) == []
    assert aged(ANA, [stands], MIDNIGHT) == ["one"]
    asked = replace(stands, as_of=MIDNIGHT)
    assert aged(ANA, [asked], MIDNIGHT + HOUR) == []
    assert aged(ANA, [asked], MIDNIGHT + DAY) == ["one"]
    # What is unsaid is asked about before it is sent, and what is over says nothing.
    assert aged(ANA, [replace(stands, message=MessageState.DUE)], MIDNIGHT) == []
    assert aged(ANA, [stands], stands.expires_at) == []
