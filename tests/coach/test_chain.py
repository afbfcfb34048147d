"""The right moment: each step of attention's chain by itself, and the brief and digest it makes."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.attention import Decision, decide, may_come
from coach.backlogs import QUIET
from coach.bulk import BULK
from coach.calendar import is_at_work, next_work
from coach.chain import FRESH
from coach.history import Mute, Past
from coach.models import (
    Enrolment,
    Insight,
    InsightState,
    InsightType,
    Level,
    MessageState,
    Often,
    Person,
    Priority,
    Suggestion,
)
from coach.phrases import say
from coach.timetable import brief_on, digest_on
from coach.verdicts import IN_SUMMARY, SAID, TURN, Decided, Reason, Verdict
from coach.waiting import Waiting
from tests.coach.values import ANA, setting

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

#: Madrid, in November an hour ahead of UTC: a Wednesday.
NINE = datetime(2026, 11, 25, 8, tzinfo=UTC)
NOON = NINE + 3 * HOUR
NIGHT = NINE + 14 * HOUR
SATURDAY = NINE + 3 * DAY
FRIDAY_FIVE = NINE + 2 * DAY + 8 * HOUR
#: Until when what is in it can be answered: two working days.
TUESDAY_FIVE = FRIDAY_FIVE + 4 * DAY


def coached(**more: object) -> Person:
    """Ana, who has been coached for long and had her brief of today."""
    known: dict[str, object] = {"brief_made_at": NINE, "digest_made_at": NINE - 5 * DAY}
    return replace(ANA, **(known | more))  # type: ignore[arg-type]


def act(name: str = "act", *, at: datetime, own: bool = True, **more: object) -> Waiting:
    """An insight that answers something done at that time."""
    known: dict[str, object] = {
        "rule": "referral_ask", "subject": f"deal:c1:{name}", "own_act": own,
    }  # fmt: skip
    return Waiting(name, Priority.HIGH, at, at + 9 * DAY, **(known | more))  # type: ignore[arg-type]


def ripe(
    name: str = "ripe", *, at: datetime, priority: Priority = Priority.MEDIUM, **more: object
) -> Waiting:
    """An insight that time has brought."""
    known: dict[str, object] = {
        "rule": "stuck_deals", "subject": f"deal:c1:{name}", "type": InsightType.TIME,
    }  # fmt: skip
    return Waiting(name, priority, at, at + 9 * DAY, **(known | more))  # type: ignore[arg-type]


def kept(at: datetime) -> Insight:
    """An insight made at that time, as the sender has it."""
    nothing = say("Well done.")
    return Insight(
        "w1", "f", "p1", "referral_ask", InsightType.ACTION, Priority.HIGH, "s", nothing, nothing,
        Suggestion("view_deal", {}), InsightState.OPEN, at, at + 9 * DAY,
    )  # fmt: skip


def one(decision: Decision) -> Decided:
    """The verdict where there is only one."""
    (decided,) = decision.insights.values()
    return decided


# Hours


@pytest.mark.parametrize("now", [NOON, NIGHT, SATURDAY])
def test_an_answer_to_what_somebody_has_just_done_comes_at_any_hour(now: datetime) -> None:
    assert one(decide(coached(), [act(at=now)], now)).verdict is Verdict.NOW


@pytest.mark.parametrize(
    ("now", "waits_until"),
    [
        (NIGHT, NINE + DAY),
        (NINE - MINUTE, NINE),
        (SATURDAY, NINE + 5 * DAY),
        (FRIDAY_FIVE + HOUR, NINE + 5 * DAY),
    ],
)
def test_an_answer_to_an_automation_waits_for_work(now: datetime, waits_until: datetime) -> None:
    decided = one(decide(coached(), [act(at=now, own=False)], now))
    assert decided == Decided(Verdict.HOLD, Reason.HOURS, waits_until)


def test_what_was_done_a_while_ago_waits_for_work_too() -> None:
    told = act(at=NIGHT - FRESH)
    assert one(decide(coached(), [told], NIGHT)).reason is Reason.HOURS
    assert one(decide(coached(), [told], NIGHT - MINUTE)).verdict is Verdict.NOW


def test_a_public_holiday_is_no_working_day() -> None:
    # The sixth of January; the seventh is a Thursday.
    holiday = datetime(2027, 1, 6, 10, tzinfo=UTC)
    at_work = setting(holidays=None)
    off = setting(holidays="ES")
    assert is_at_work(holiday, at_work)
    assert next_work(holiday, off) == datetime(2027, 1, 7, 8, tzinfo=UTC)
    assert brief_on(holiday.date(), off) is None


def test_work_begins_by_the_clock_on_the_wall_when_clocks_change() -> None:
    # In Madrid clocks go back on 25 October and forward on 28 March.
    begins_at = ((2026, 10, 23, 7), (2026, 10, 26, 8), (2027, 3, 26, 8), (2027, 3, 29, 7))
    for begins in (datetime(*parts, tzinfo=UTC) for parts in begins_at):
        assert not is_at_work(begins - MINUTE, ANA)
        assert is_at_work(begins, ANA)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["Europe/Madrid", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
    st.sampled_from([None, "DE-BY", "US"]),
)
def test_the_next_work_is_at_work_and_nothing_before_it_is(
    moment: datetime, zone: str, country: str | None
) -> None:
    person = replace(setting(holidays=country), time_zone=zone)
    begins = next_work(moment, person)
    assert begins >= moment
    assert is_at_work(begins, person)
    if begins > moment:
        assert not is_at_work(moment, person)
        assert not is_at_work(begins - MINUTE, person)


# Silence that a person asked for


def test_a_pause_and_do_not_disturb_hold_even_what_somebody_has_just_done() -> None:
    until = NOON + HOUR
    paused = one(decide(coached(paused_until=until), [act(at=NOON)], NOON))
    assert paused == Decided(Verdict.HOLD, Reason.PAUSED, until)
    disturbed = one(decide(coached(dnd_until=until), [act(at=NOON)], NOON))
    assert disturbed == Decided(Verdict.HOLD, Reason.DISTURBED, until)
    over = coached(paused_until=NOON, dnd_until=NOON)
    assert one(decide(over, [act(at=NOON)], NOON)).verdict is Verdict.NOW


@pytest.mark.parametrize("what", ["rule:referral_ask", "deal:c1:act", "contact:c1:C-1"])
def test_what_is_muted_is_held_until_it_is_not(what: str) -> None:
    told = act(at=NOON, about=frozenset({"deal:c1:act", "contact:c1:C-1"}))
    for until in (None, NOON + DAY):
        past = Past(mutes=[Mute(what, until)])
        decided = one(decide(coached(), [told], NOON, past))
        assert decided == Decided(Verdict.HOLD, Reason.MUTED, until)
    assert one(decide(coached(), [told], NOON, Past(mutes=[Mute(what, NOON)]))).reason is (
        Reason.TURN
    )


def test_a_list_is_not_muted_by_one_of_its_things() -> None:
    leads = ripe(at=NOON, about=frozenset({"contact:c1:C-1", "contact:c1:C-2"}))
    person = coached(settings=replace(ANA.settings, level=Level.ACTIVE))
    past = Past(mutes=[Mute("contact:c1:C-1")])
    assert one(decide(person, [leads], NOON, past)).verdict is Verdict.NOW


def test_what_was_put_off_comes_by_itself_when_its_time_has_come() -> None:
    until = NOON + HOUR
    put_off = replace(
        ripe(at=NINE), message=MessageState.SENT, sent_at=NINE, snoozed_until=until,
        shown_by="brief",
    )  # fmt: skip
    assert one(decide(coached(), [put_off], NOON)) == Decided(Verdict.HOLD, Reason.SNOOZED, until)
    assert one(decide(coached(), [put_off], until)).reason is Reason.TURN


# Volume


def test_above_the_daily_cap_the_rest_waits_for_the_next_brief() -> None:
    told = act(at=NOON)
    assert one(decide(coached(), [told], NOON, Past(today=5))).verdict is Verdict.NOW
    full = Past(today=6)
    assert one(decide(coached(), [told], NOON, full)) == Decided(Verdict.DIGEST, Reason.CAP)
    tomorrow = decide(coached(), [told], NINE + DAY, Past())
    assert one(tomorrow).verdict is Verdict.NOW
    own = coached(settings=replace(ANA.settings, daily_cap=5))
    assert one(decide(own, [told], NOON, Past(today=5))).reason is Reason.CAP


def test_what_is_too_much_for_a_day_has_its_turn_on_the_next() -> None:
    none = coached(settings=replace(ANA.settings, digest=Often.OFF))
    assert decide(none, [act(at=NOON)], NOON, Past(today=6)).again_at == NINE + DAY
    # At nine, on the day itself: it is the next that counts.
    assert decide(none, [act(at=NINE)], NINE, Past(today=6)).again_at == NINE + DAY


def test_the_same_is_not_said_three_times_a_week_to_somebody_who_does_not_answer() -> None:
    told = act(at=NOON)
    key = ("referral_ask", "deal:c1:act")
    assert one(decide(coached(), [told], NOON, Past(unanswered={key: 1}))).verdict is Verdict.NOW
    twice = one(decide(coached(), [told], NOON, Past(unanswered={key: 2})))
    assert twice == Decided(Verdict.HOLD, Reason.REPEATED)
    # Nor does the digest say it a third time, whatever leads there.
    back = Past(unanswered={key: 2}, stepped_back=frozenset({"referral_ask"}))
    for priority in Priority:
        waits = replace(told, priority=priority)
        person = coached(settings=replace(ANA.settings, level=Level.MINIMAL))
        decision = decide(person, [waits], FRIDAY_FIVE, back)
        assert one(decision) == Decided(Verdict.HOLD, Reason.REPEATED)
        assert decision.digest == ()


def test_many_of_a_kind_at_once_are_no_acts() -> None:
    many = [act(f"d{n}", at=NOON + n * timedelta(seconds=1)) for n in range(BULK)]
    decided = decide(coached(), many, NOON + MINUTE).insights
    assert {each.reason for each in decided.values()} == {Reason.BULK}
    decided = decide(coached(), many[1:], NOON + MINUTE).insights
    assert Reason.BULK not in {each.reason for each in decided.values()}
    slowly = [act(f"d{n}", at=NOON + n * MINUTE) for n in range(BULK)]
    decided = decide(coached(), slowly, NOON + 9 * MINUTE).insights
    assert Reason.BULK not in {each.reason for each in decided.values()}


def test_what_came_in_bulk_is_told_of_once_in_the_digest() -> None:
    before = coached(brief_made_at=NINE - DAY)
    many = [act(f"d{n}", at=NINE - HOUR) for n in range(BULK)]
    assert decide(before, many, NINE).brief == ()
    assert len(decide(coached(), many, FRIDAY_FIVE).digest) == BULK


def test_what_came_in_bulk_lasts_until_the_digest_it_waits_for() -> None:
    many = [replace(act(f"d{n}", at=NOON), expires_at=NOON + DAY) for n in range(BULK)]
    decision = decide(coached(), many, NOON)
    assert decision.lasts == {f"d{n}": TUESDAY_FIVE for n in range(BULK)}
    daily = coached(settings=replace(ANA.settings, digest=Often.DAILY))
    assert set(
        decide(daily, [replace(each, expires_at=NOON) for each in many], NINE).lasts.values()
    ) == {NINE + 32 * HOUR}
    # Over the weekend too, and not only until it comes.
    longer = [replace(each, expires_at=FRIDAY_FIVE + HOUR) for each in many]
    assert decide(coached(), longer, NOON).lasts == decision.lasts
    longer = [replace(each, expires_at=TUESDAY_FIVE) for each in many]
    assert decide(coached(), longer, NOON).lasts == {}
    none = coached(settings=replace(ANA.settings, digest=Often.OFF))
    assert decide(none, many, NOON).lasts == {}
    assert decide(coached(), many[1:], NOON).lasts == {}


def test_a_bulk_that_comes_in_two_pieces_is_one() -> None:
    """The first was said before anybody could know; the rest never comes as a card."""
    first = [act("d0", at=NOON), act("d1", at=NOON)]
    decided = decide(coached(), first, NOON).insights
    assert {each.reason for each in decided.values()} == {Reason.TURN, Reason.PACE}
    said = replace(first[0], message=MessageState.SENT, sent_at=NOON)
    rest = [act(f"d{n}", at=NOON + timedelta(seconds=9)) for n in range(2, 40)]
    decided = decide(coached(), [said, first[1], *rest], NOON + 9 * MINUTE).insights
    assert decided.pop("d0").reason is Reason.SAID
    assert {each.reason for each in decided.values()} == {Reason.BULK}


def test_what_was_told_in_one_go_is_a_bulk_however_late_it_was_worked_on() -> None:
    many = [act(f"d{n}", at=NOON + n * MINUTE, told_at=NOON) for n in range(BULK)]
    decided = decide(coached(), many, NOON + 9 * MINUTE).insights
    assert {each.reason for each in decided.values()} == {Reason.BULK}


def test_one_answer_to_many_changes_is_no_answer_to_an_act() -> None:
    one_of_many = act("d0", at=NOON, in_bulk=True)
    beside = act("d1", at=NOON + timedelta(seconds=5))
    later = act("d2", at=NOON + MINUTE)
    decided = decide(coached(), [one_of_many, beside, later], NOON + MINUTE).insights
    assert decided["d0"] == decided["d1"] == Decided(Verdict.DIGEST, Reason.BULK)
    assert decided["d2"].reason is Reason.TURN


# All messages of a day together


def test_nobody_gets_more_than_their_cap_in_all() -> None:
    """A brief and a digest count as one message each, also while they are on their way."""
    one_a_day = coached(
        brief_made_at=NINE - DAY,
        settings=replace(ANA.settings, daily_cap=1, digest=Often.DAILY, digest_at=time(9)),
    )
    small = ripe("small", at=NINE, priority=Priority.LOW)
    everything = [ripe(at=NINE), small, act(at=NINE)]
    decision = decide(one_a_day, everything, NINE)
    # The brief is the first of the day.
    assert (decision.brief, decision.digest) == (("ripe",), ())
    assert decision.insights["act"] == Decided(Verdict.DIGEST, Reason.CAP)
    made = replace(one_a_day, brief_made_at=NINE)
    due = replace(everything[0], message=MessageState.DUE, shown_by="brief")
    decision = decide(made, [due, small, act(at=NINE)], NINE + MINUTE)
    assert (decision.digest, decision.insights["act"].reason) == ((), Reason.CAP)
    sent = replace(due, message=MessageState.SENT, sent_at=NINE)
    decision = decide(made, [sent, small, act(at=NINE)], NINE + MINUTE, Past(today=1))
    assert (decision.digest, decision.insights["act"].reason) == ((), Reason.CAP)
    # What is put into a brief that was just made is no message more.
    more = decide(made, [sent, ripe("more", at=NINE)], NINE + MINUTE, Past(today=1))
    assert more.brief == ("more",)
    # No brief either, where it is not the first.
    assert decide(one_a_day, everything, NINE, Past(today=1)).brief == ()
    two = replace(one_a_day, settings=replace(one_a_day.settings, daily_cap=2))
    decision = decide(two, everything, NINE)
    assert (decision.brief, decision.digest) == (("ripe",), ("act", "small"))


def test_one_message_of_the_day_is_kept_for_its_digest() -> None:
    small = ripe("small", at=NINE, priority=Priority.LOW)
    friday_noon = NOON + 2 * DAY
    told = act(at=friday_noon)
    assert decide(coached(), [told, small], friday_noon, Past(today=4)).insights["act"] == TURN
    decision = decide(coached(), [told, small], friday_noon, Past(today=5))
    assert decision.insights["act"].reason is Reason.CAP
    # Also when nothing waits for it yet: what is too much for the day must find it.
    assert decide(coached(), [told], friday_noon, Past(today=5)).insights["act"].reason is (
        Reason.CAP
    )
    made = coached(digest_made_at=friday_noon + 5 * HOUR)
    evening = friday_noon + 5.5 * HOUR
    late = act(at=evening)
    assert decide(made, [late, small], evening, Past(today=5)).insights["act"] == TURN
    # And so it comes.
    assert decide(coached(), [small], FRIDAY_FIVE, Past(today=5)).digest == ("small",)
    assert decide(coached(), [small], FRIDAY_FIVE, Past(today=6)).digest == ()


def test_a_digest_on_its_way_stays_there_while_it_is_tried_again() -> None:
    """Whatever it is for which its lines were put there."""
    person = coached(digest_made_at=FRIDAY_FIVE)
    now = FRIDAY_FIVE + MINUTE
    due: dict[str, Any] = {"message": MessageState.DUE, "shown_by": "digest"}
    low = ripe("low", at=NINE, priority=Priority.LOW, **due)
    many = [act(f"act{n}", at=NINE, **due) for n in range(6)]
    past = Past(not_relevant={"stuck_deals": 3}, stepped_back=frozenset({"referral_ask"}))
    for its in (Past(), past):
        decided = decide(person, [low, *many], now, its).insights
        assert set(decided.values()) == {TURN}
    # But not to somebody who has turned the coach off meanwhile.
    off = replace(person, settings=replace(person.settings, enabled=False))
    assert TURN not in decide(off, [low, *many], now).insights.values()


def test_what_was_long_on_its_way_comes_at_work_or_not_at_all_today() -> None:
    told, night = kept(NINE), NINE + 13 * HOUR
    assert may_come(coached(), [told], NOON, alone=False)
    assert not may_come(coached(), [told], night, alone=False)
    assert not may_come(coached(), [told], night, alone=True)
    # What they have just done, or wanted to hear of now, finds them at it.
    fresh = kept(night - MINUTE)
    assert may_come(coached(), [fresh], night, alone=True)
    assert not may_come(coached(), [fresh], night, alone=False)
    wanted = replace(told, snoozed_until=night - MINUTE)
    assert may_come(coached(), [wanted], night, alone=True)
    assert may_come(coached(began_at=night - MINUTE), [told], night, alone=False)


def test_a_card_that_nobody_can_stop_counts() -> None:
    going = replace(act("going", at=NOON), message=MessageState.SENDING)
    person = coached(settings=replace(ANA.settings, daily_cap=1))
    decided = decide(person, [going, act(at=NOON)], NOON).insights
    assert decided["act"] == Decided(Verdict.DIGEST, Reason.CAP)


# What was so before


def old(name: str = "old", *, at: datetime = NINE, **more: object) -> Waiting:
    """Something that was so before the coach knew of it."""
    return ripe(name, at=at, backlog=True, **more)  # type: ignore[arg-type]


def test_a_backlog_comes_in_one_summary_and_neither_in_brief_nor_digest_nor_as_a_card() -> None:
    waits = coached(brief_made_at=NINE - DAY, backlog_at=NINE - HOUR)
    news = ripe(at=NINE)
    decision = decide(waits, [old(), news], NINE)
    assert (decision.backlog, decision.brief) == (("old",), ("ripe",))
    told = coached(backlog_made_at=NINE, brief_made_at=NINE - DAY)
    for level in Level:
        person = replace(told, settings=replace(ANA.settings, level=level))
        for now in (NINE, NOON, FRIDAY_FIVE):
            decision = decide(person, [old(), old("small", priority=Priority.LOW)], now)
            assert set(decision.insights.values()) == {IN_SUMMARY}
            assert (decision.backlog, decision.brief, decision.digest) == ((), (), ())


def test_what_was_said_twice_this_week_is_no_reason_to_leave_a_backlog_out() -> None:
    each = old()
    said_twice = Past(unanswered={(each.rule, each.subject): 2})
    assert decide(coached(backlog_at=NINE - HOUR), [each], NINE, said_twice).backlog == ("old",)


def test_a_summary_waits_for_work_but_right_after_start() -> None:
    for now, next_ in ((NIGHT, NINE + DAY), (SATURDAY, NINE + 5 * DAY)):
        imported = coached(backlog_at=now - HOUR)
        decision = decide(imported, [old()], now)
        assert (decision.backlog, decision.again_at) == ((), next_)
        began = coached(backlog_at=now, began_at=now)
        assert decide(began, [old()], now).backlog == ("old",)
    quiet = coached(backlog_at=NINE, dnd_until=NOON + HOUR)
    decision = decide(quiet, [old()], NOON)
    assert (decision.backlog, decision.again_at) == ((), NOON + HOUR)


def test_an_import_is_told_of_when_it_is_there() -> None:
    imported = coached(backlog_at=NOON)
    decision = decide(imported, [old()], NOON)
    assert (decision.backlog, decision.again_at) == ((), NOON + QUIET)
    assert decide(imported, [old()], NOON + QUIET).backlog == ("old",)


def test_a_summary_counts_among_the_messages_of_a_day_and_there_is_one() -> None:
    waits = coached(backlog_at=NINE)
    assert decide(waits, [old()], NOON, Past(today=6)).backlog == ()
    full = replace(waits, settings=replace(ANA.settings, daily_cap=1))
    assert decide(full, [old(), act(at=NOON)], NOON).insights["act"].reason is Reason.CAP
    # A second one in a day goes into the first, and is no message more.
    twice = replace(waits, backlog_made_at=NINE)
    assert decide(twice, [old()], NOON, Past(today=6)).backlog == ("old",)


def test_a_summary_on_its_way_waits_for_the_end_of_do_not_disturb() -> None:
    due = old(message=MessageState.DUE, shown_by="backlog")
    assert one(decide(coached(backlog_made_at=NOON), [due], NOON)) == TURN
    quiet = coached(backlog_made_at=NOON, dnd_until=NOON + HOUR)
    assert one(decide(quiet, [due], NOON)).reason is Reason.DISTURBED


def test_what_was_put_off_out_of_a_summary_comes_by_itself() -> None:
    put_off = old(snoozed_until=NOON)
    assert one(decide(coached(), [put_off], NOON)).reason is Reason.TURN


# The brief


def test_what_time_brings_comes_in_the_morning_most_important_first() -> None:
    late, small = ripe("late", at=NINE - DAY, priority=Priority.HIGH), ripe("small", at=NINE)
    before = coached(brief_made_at=NINE - DAY)
    decision = decide(before, [small, late], NINE - MINUTE)
    assert decision.brief == ()
    assert decision.again_at == NINE
    decision = decide(before, [small, late], NINE)
    assert decision.brief == ("late", "small")
    assert {each.reason for each in decision.insights.values()} == {Reason.TURN}


def test_there_is_one_brief_a_day_and_what_comes_up_later_waits_for_the_next() -> None:
    decision = decide(coached(), [ripe(at=NOON)], NOON)
    assert (decision.brief, decision.again_at) == ((), NINE + DAY)
    assert one(decision) == Decided(Verdict.HOLD, Reason.BRIEF)


def test_what_comes_up_a_moment_after_the_brief_was_made_is_added_to_it() -> None:
    later = NINE + 5 * MINUTE
    assert decide(coached(), [ripe(at=later)], later).brief == ("ripe",)


@pytest.mark.parametrize("now", [NOON + MINUTE, NIGHT, SATURDAY])
def test_a_brief_that_was_missed_is_made_up_for_in_the_morning_only(now: datetime) -> None:
    before = coached(brief_made_at=NINE - 5 * DAY)
    assert decide(before, [ripe(at=NINE - DAY)], now).brief == ()
    assert decide(before, [ripe(at=NINE - DAY)], NOON - MINUTE).brief == ("ripe",)


def test_the_brief_comes_at_the_hour_that_was_chosen() -> None:
    settings = replace(ANA.settings, brief_at=time(11))
    before = coached(brief_made_at=NINE - DAY, settings=settings)
    assert decide(before, [ripe(at=NINE)], NINE + 2 * HOUR - MINUTE).brief == ()
    assert decide(before, [ripe(at=NINE)], NINE + 2 * HOUR).brief == ("ripe",)


@pytest.mark.parametrize("now", [NOON, NIGHT, SATURDAY])
def test_who_has_just_started_gets_their_brief_at_once(now: datetime) -> None:
    began = coached(brief_made_at=NINE - 9 * DAY, began_at=now)
    assert decide(began, [ripe(at=now)], now).brief == ("ripe",)
    # And not once more.
    assert decide(replace(began, brief_made_at=now), [ripe(at=now)], now + FRESH).brief == ()


def test_what_stands_unanswered_in_the_brief_of_yesterday_is_in_the_one_of_today() -> None:
    stood = replace(
        ripe(at=NINE - DAY), message=MessageState.SENT, sent_at=NINE - DAY, shown_by="brief"
    )
    before = coached(brief_made_at=NINE - DAY)
    assert decide(before, [stood], NINE).brief == ("ripe",)
    said = Past(unanswered={("stuck_deals", "deal:c1:ripe"): 2})
    assert decide(before, [stood], NINE, said).brief == ()


def test_a_pattern_that_stands_in_the_brief_of_yesterday_is_not_told_once_more() -> None:
    stood = replace(
        ripe(at=NINE - DAY), message=MessageState.SENT, sent_at=NINE - DAY, shown_by="brief"
    )
    known, new = replace(stood, type=InsightType.PATTERN), replace(ripe(at=NINE), fingerprint="new")
    before = coached(brief_made_at=NINE - DAY)
    assert decide(before, [known], NINE).brief == ()
    assert decide(before, [known, new], NINE).brief == ("new",)


@pytest.mark.parametrize(
    ("level", "priority", "verdict"),
    [
        (Level.MINIMAL, Priority.HIGH, Verdict.NOW),
        (Level.MINIMAL, Priority.MEDIUM, Verdict.DIGEST),
        (Level.BALANCED, Priority.MEDIUM, Verdict.NOW),
        (Level.BALANCED, Priority.LOW, Verdict.DIGEST),
        (Level.ACTIVE, Priority.LOW, Verdict.NOW),
    ],
)
def test_the_level_says_what_is_worth_the_brief(
    level: Level, priority: Priority, verdict: Verdict
) -> None:
    settings = replace(ANA.settings, level=level)
    person = coached(brief_made_at=NINE - DAY, settings=settings)
    assert one(decide(person, [ripe(at=NINE, priority=priority)], NINE)).verdict is verdict


def test_at_the_active_level_what_comes_up_during_the_day_comes_as_it_does() -> None:
    person = coached(settings=replace(ANA.settings, level=Level.ACTIVE))
    assert one(decide(person, [ripe(at=NOON)], NOON)).reason is Reason.TURN
    assert decide(person, [ripe(at=NOON)], NOON).brief == ()
    assert one(decide(person, [ripe(at=NIGHT)], NIGHT)).reason is Reason.HOURS


def test_who_wants_no_brief_finds_it_in_the_digest() -> None:
    person = coached(settings=replace(ANA.settings, brief=False))
    assert one(decide(person, [ripe(at=NINE)], NOON)) == Decided(Verdict.DIGEST, Reason.NO_BRIEF)


def test_a_brief_that_slack_did_not_take_is_still_due_until_work_ends() -> None:
    due = replace(ripe(at=NINE), message=MessageState.DUE, shown_by="brief")
    assert one(decide(coached(), [due], NOON)).reason is Reason.TURN
    assert one(decide(coached(), [due], NIGHT)) == Decided(Verdict.HOLD, Reason.HOURS, NINE + DAY)


# The digest


def test_what_is_too_small_comes_once_a_week_at_the_end_of_it() -> None:
    small = ripe("small", at=NINE, priority=Priority.LOW)
    assert decide(coached(), [small], FRIDAY_FIVE - MINUTE).digest == ()
    assert decide(coached(), [small], FRIDAY_FIVE - MINUTE).again_at == FRIDAY_FIVE
    decision = decide(coached(), [small], FRIDAY_FIVE)
    assert decision.digest == ("small",)
    made = coached(digest_made_at=FRIDAY_FIVE)
    assert decide(made, [small], FRIDAY_FIVE + MINUTE).digest == ()


def test_a_digest_is_daily_or_never_for_whoever_wants_it_so() -> None:
    small = ripe("small", at=NINE, priority=Priority.LOW)
    five = NINE + 8 * HOUR
    for often, there in ((Often.DAILY, True), (Often.WEEKLY, False), (Often.OFF, False)):
        person = coached(settings=replace(ANA.settings, digest=often))
        assert bool(decide(person, [small], five).digest) is there
    early = replace(ANA.settings, digest=Often.DAILY, digest_at=time(14, 30))
    assert digest_on(NINE.date(), coached(settings=early)) == NINE + 5.5 * HOUR


def test_a_kind_that_goes_unanswered_steps_back_into_the_digest_and_is_then_asked_about() -> None:
    told = ripe(at=NINE)
    back = Past(stepped_back=frozenset({"stuck_deals"}))
    assert one(decide(coached(), [told], NOON, back)) == Decided(Verdict.DIGEST, Reason.UNANSWERED)
    assert decide(coached(), [told], FRIDAY_FIVE, back).digest == ("ripe",)
    tired = replace(back, tired=frozenset({"stuck_deals"}))
    decision = decide(coached(), [told], FRIDAY_FIVE, tired)
    assert (decision.digest, decision.ask_about) == ((), ("stuck_deals",))
    muted = replace(tired, mutes=[Mute("rule:stuck_deals")])
    assert decide(coached(), [told], FRIDAY_FIVE, muted).ask_about == ()
    assert decide(coached(), [told], NOON, tired).ask_about == ()


# What would be missed by a hair


def test_a_brief_is_not_made_twice_in_a_morning() -> None:
    assert decide(coached(), [ripe(at=NINE)], NINE + HOUR).brief == ()


def test_neither_brief_nor_digest_is_made_after_work_or_in_do_not_disturb() -> None:
    evening = NINE + 8.5 * HOUR
    settings = replace(
        ANA.settings, brief_at=time(17), digest=Often.DAILY, digest_at=time(17),
        work_until=time(17, 15),
    )  # fmt: skip
    person = coached(settings=settings, brief_made_at=NINE - DAY)
    small = ripe("small", at=NINE, priority=Priority.LOW)
    for now, dnd_until, there in (
        (NINE + 8 * HOUR, None, True),
        (evening, None, False),
        (NINE + 8 * HOUR, evening, False),
    ):
        known = replace(person, dnd_until=dnd_until)
        decision = decide(known, [ripe(at=NINE), small], now)
        made = (("ripe",), ("small",)) if there else ((), ())
        assert (decision.brief, decision.digest) == made
        if dnd_until is not None:
            assert decision.again_at == dnd_until


def test_a_brief_on_its_way_waits_for_the_end_of_do_not_disturb() -> None:
    due = replace(ripe(at=NINE), message=MessageState.DUE, shown_by="brief")
    decided = one(decide(coached(dnd_until=NOON + HOUR), [due], NOON))
    assert decided == Decided(Verdict.HOLD, Reason.DISTURBED, NOON + HOUR)


def test_what_slack_has_just_refused_to_take_is_in_no_brief_yet() -> None:
    refused = replace(ripe(at=NINE - DAY), not_before=NINE + HOUR)
    before = coached(brief_made_at=NINE - DAY)
    assert decide(before, [refused, ripe("other", at=NINE - DAY)], NINE).brief == ("other",)


def test_a_kind_called_not_relevant_comes_in_the_digest() -> None:
    past = Past(not_relevant={"referral_ask": 3})
    decided = one(decide(coached(), [act(at=NOON)], NOON, past))
    assert decided == Decided(Verdict.DIGEST, Reason.NOT_RELEVANT)
    twice = Past(not_relevant={"referral_ask": 2})
    assert one(decide(coached(), [act(at=NOON)], NOON, twice)).verdict is Verdict.NOW


def test_what_was_put_off_until_after_work_comes_then() -> None:
    evening = NINE + 10 * HOUR
    put_off = ripe(at=NINE, snoozed_until=evening)
    assert one(decide(coached(), [put_off], evening)).reason is Reason.TURN
    assert one(decide(coached(), [put_off], evening + FRESH)).reason is Reason.HOURS


@pytest.mark.parametrize(
    ("now", "own", "asked"), [(NOON, False, True), (NIGHT, False, False), (NIGHT, True, True)]
)
def test_somebody_new_is_asked_at_work_or_when_they_are_at_it(
    now: datetime, own: bool, asked: bool
) -> None:
    new = coached(enrolment=Enrolment.NEW)
    decision = decide(new, [act(at=now, own=own)], now)
    assert decision.ask is asked
    if not asked:
        assert decision.again_at == NINE + DAY


# What was said before, and what they asked for


def test_what_stood_in_two_briefs_is_left_out_of_the_third() -> None:
    before = coached(brief_made_at=NINE - DAY)
    old = replace(
        ripe("old", at=NINE - 3 * DAY), message=MessageState.SENT, sent_at=NINE - DAY,
        shown_by="brief",
    )  # fmt: skip
    new = ripe("new", at=NINE)
    key = (old.rule, old.subject)
    assert set(decide(before, [old, new], NINE, Past(unanswered={key: 1})).brief) == {"old", "new"}
    decision = decide(before, [old, new], NINE, Past(unanswered={key: 2}))
    assert decision.brief == ("new",)
    assert decision.insights["old"] == Decided(Verdict.HOLD, Reason.REPEATED)
    # Where no other brief comes, it stands in the one before, and is in no digest besides.
    alone = decide(before, [old], NINE, Past(unanswered={key: 2}))
    assert (one(alone), alone.brief) == (SAID, ())
    over = replace(old, expires_at=NINE)
    assert one(decide(before, [over], NINE)) == Decided(Verdict.DROP, Reason.EXPIRED)
    daily = replace(
        before, settings=replace(ANA.settings, digest=Often.DAILY, digest_at=time(9))
    )  # fmt: skip
    back = Past(stepped_back=frozenset({old.rule}))
    decision = decide(daily, [old], NINE, back)
    assert (one(decision), decision.digest) == (SAID, ())


def test_an_answer_that_is_below_the_level_lasts_until_the_digest_it_waits_for() -> None:
    minimal = coached(settings=replace(ANA.settings, level=Level.MINIMAL))
    told = replace(act(at=NOON), priority=Priority.LOW, expires_at=NOON + DAY)
    decision = decide(minimal, [told], NOON)
    assert one(decision) == Decided(Verdict.DIGEST, Reason.BELOW_LEVEL)
    assert decision.lasts == {"act": TUESDAY_FIVE}
    lasts = replace(told, expires_at=TUESDAY_FIVE, fresh_until=NOON + DAY)
    assert decide(minimal, [lasts], FRIDAY_FIVE).digest == ("act",)
    # It is in no second one, however that came.
    assert decide(minimal, [lasts], FRIDAY_FIVE + DAY).lasts == {}
    # What is of use for hours alone, and a list that is counted anew each day, is not kept for it.
    assert decide(minimal, [replace(told, expires_at=NOON + 4 * HOUR)], NOON).lasts == {}
    small = replace(ripe(at=NOON, priority=Priority.LOW), expires_at=NOON + DAY)
    assert decide(minimal, [small], NOON).lasts == {"ripe": TUESDAY_FIVE}
    assert decide(minimal, [replace(small, subject="person:p1")], NOON).lasts == {}


def test_whatever_is_in_a_digest_lasts_as_long_as_the_rest_of_it() -> None:
    minimal = coached(settings=replace(ANA.settings, level=Level.MINIMAL))
    at = FRIDAY_FIVE - HOUR
    listed = replace(
        ripe("list", at=at, priority=Priority.LOW), expires_at=at + DAY, subject="person:p1"
    )
    brief = replace(act("tip", at=at), priority=Priority.LOW, expires_at=at + 4 * HOUR)
    decision = decide(minimal, [listed, brief], FRIDAY_FIVE)
    assert set(decision.digest) == {"list", "tip"}
    assert decision.lasts == {"list": TUESDAY_FIVE, "tip": TUESDAY_FIVE}
    # Where holidays follow, longer; and not beyond the digest that comes next.
    may = datetime(2026, 4, 30, 15, tzinfo=UTC)
    german = replace(
        minimal, settings=replace(minimal.settings, holidays="DE"), digest_made_at=None
    )
    thursday = replace(listed, created_at=may - HOUR, expires_at=may + DAY)
    assert decide(german, [thursday], may).lasts == {"list": may + 5 * DAY}
    daily = replace(minimal, settings=replace(minimal.settings, digest=Often.DAILY))
    assert decide(daily, [listed], FRIDAY_FIVE).lasts == {"list": FRIDAY_FIVE + 3 * DAY}


def test_what_lasts_for_the_digest_interrupts_nobody_when_its_moment_has_passed() -> None:
    lasts = act(at=NOON, fresh_until=NOON + DAY, own=False)
    assert one(decide(coached(), [lasts], NOON + DAY - MINUTE)) == TURN
    late = one(decide(coached(), [lasts], NOON + DAY))
    assert late == Decided(Verdict.DIGEST, Reason.LATE)


def asked_for(until: datetime, **more: Any) -> Waiting:
    """Something that was said two days ago and put off since."""
    known: dict[str, Any] = {
        "message": MessageState.SENT, "sent_at": until - 2 * DAY, "snoozed_until": until,
    }  # fmt: skip
    return ripe("wanted", at=until - 2 * DAY, **(known | more))


def test_what_was_put_off_until_the_morning_comes_then_whatever_would_have_kept_it_away() -> None:
    wanted = asked_for(NINE)
    past = Past(
        unanswered={(wanted.rule, wanted.subject): 2}, stepped_back=frozenset({wanted.rule})
    )
    assert one(decide(coached(), [wanted], NINE - MINUTE, past)).reason is Reason.SNOOZED
    assert one(decide(coached(), [wanted], NINE, past)) == TURN
    # With the brief of that morning, in one message.
    before = coached(brief_made_at=NINE - DAY)
    other = replace(ripe("other", at=NINE - HOUR), rule="stale_leads")
    decision = decide(before, [other, wanted], NINE, past)
    assert (decision.brief, decision.insights["wanted"]) == (("other", "wanted"), TURN)
    # A moment later it is put into it, and by itself it comes in one as well.
    made = coached(brief_made_at=NINE)
    assert decide(made, [wanted], NINE + MINUTE, past).brief == ("wanted",)
    assert decide(before, [wanted], NINE, past).brief == ("wanted",)
    # Behind the button it would not have come: it need not be among the most important.
    others = [
        replace(ripe(f"other {n}", at=NINE - HOUR), rule="stale_leads", subject=f"person:{n}")
        for n in range(3)
    ]
    decision = decide(before, [*others, wanted], NINE, past)
    assert "wanted" not in decision.brief
    assert (len(decision.brief), decision.insights["wanted"]) == (3, TURN)
    there = [
        replace(each, message=MessageState.SENT, sent_at=NINE, shown_by="brief") for each in others
    ]
    decision = decide(made, [*there, wanted], NINE + MINUTE, past)
    assert decision.brief == ()
    # Who has asked for ten, or wants no brief, has it then and by itself.
    ten = asked_for(NINE + HOUR)
    for person, at, each in (
        (made, NINE + HOUR, ten),
        (coached(settings=replace(ANA.settings, brief=False)), NINE, wanted),
    ):
        decision = decide(person, [each], at, past)
        assert (one(decision), decision.brief) == (TURN, ())
    # Said again and left standing, it counts like everything else.
    stands = replace(wanted, sent_at=NINE, shown_by="brief")
    held = one(decide(coached(), [stands], NINE + DAY, past))
    assert held == SAID


def test_what_was_put_off_comes_to_nobody_who_wants_silence() -> None:
    until = NOON + HOUR
    wanted = asked_for(NOON)
    minimal = coached(settings=replace(ANA.settings, level=Level.MINIMAL))
    assert one(decide(minimal, [wanted], NOON)).reason is Reason.BELOW_LEVEL
    paused = one(decide(coached(paused_until=until), [wanted], NOON))
    assert paused == Decided(Verdict.HOLD, Reason.PAUSED, until)
    disturbed = coached(dnd_until=until, brief_made_at=NINE - DAY)
    assert one(decide(disturbed, [wanted], NOON)).reason is Reason.DISTURBED
    refused = replace(wanted, message=MessageState.FAILED)
    assert one(decide(coached(), [refused], NOON)).reason is Reason.REFUSED
    due = replace(wanted, message=MessageState.DUE, shown_by="brief")
    assert one(decide(coached(), [due], NIGHT)).reason is Reason.HOURS
