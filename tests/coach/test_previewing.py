"""What today looks like, told as it will be: by their week, their hours and what they have set."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from coach.attention import decide
from coach.calendar import is_at_work, next_work
from coach.models import Enrolment, InsightType, Often, Person, Priority
from coach.previewing import digest_after, today
from coach.verdicts import Reason, Verdict
from coach.waiting import Waiting
from coach.wording import Voice, plain
from tests.coach.values import ANA, NOW, setting

VOICE = Voice(time_zone="Europe/Madrid")
ASIDE = " What answers something you have just done comes at once, at any hour."


def told(person: Person, now: datetime = NOW) -> str:
    return plain(today(person, now), VOICE)


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """An instant by the clock in Madrid, an hour before UTC's in winter."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=1)


def test_a_day_with_the_defaults() -> None:
    assert told(ANA) == (
        "Today: brief at 09:00, next digest on Fri 27 Nov, 17:00, at most 6 messages, nothing "
        "after 18:00." + ASIDE
    )


def test_a_day_with_everything_set() -> None:
    ana = setting(
        work_from=time(8),
        work_until=time(16, 30),
        brief_at=time(8, 30),
        digest=Often.DAILY,
        digest_at=time(15),
        daily_cap=1,
    )
    assert told(ana) == (
        "Today: brief at 08:30, digest at 15:00, at most 1 message, nothing after 16:30." + ASIDE
    )


def test_what_is_off_is_not_promised() -> None:
    ana = setting(brief=False, digest=Often.OFF)
    assert told(ana).startswith("Today: no brief, no digest, at most 6 messages,")


@pytest.mark.parametrize(
    ("now", "sentence"),
    [
        (at(21, 11), "Today is a day off: nothing comes before Mon 23 Nov, 09:00."),
        (at(23, 18), "Work is over for today: nothing comes before Tue 24 Nov, 09:00."),
        (at(23, 17, 59), "Today: brief at 09:00"),
        (at(23, 3), "Today: brief at 09:00"),
        (
            at(25, 11, month=12),
            "Today is a holiday (Christmas Day): nothing comes before Mon 28 Dec, 09:00.",
        ),
    ],
)
def test_a_day_on_which_nothing_comes(now: datetime, sentence: str) -> None:
    assert told(setting(holidays="DE"), now).startswith(sentence)


def test_who_is_not_coached_now_is_told_so() -> None:
    assert told(setting(enabled=False)) == (
        "The coach is off: nothing comes before you turn it on."
    )
    started = replace(ANA, enrolment=Enrolment.NEW)
    assert told(started) == "The coach has not started: nothing comes before you turn it on."
    paused = replace(ANA, paused_until=at(23, 14))
    assert told(paused) == "You have paused the coach: nothing comes before Mon 23 Nov, 14:00."
    assert told(replace(ANA, paused_until=at(23, 9))) == told(ANA)


def test_not_to_be_disturbed_is_told_with_its_end() -> None:
    quiet = replace(ANA, dnd_until=at(23, 14))
    assert told(quiet).endswith(
        " Slack says that you are not to be disturbed: nothing comes before Mon 23 Nov, 14:00."
    )
    # Not even what answers their own act.
    assert ASIDE not in told(quiet)
    assert told(replace(ANA, dnd_until=at(23, 9))) == told(ANA)


def test_attention_keeps_what_was_promised() -> None:
    """Whatever hour it is, nothing is said outside the hours that the sentence names."""
    ana = setting(holidays="DE-BY", level=3)
    moment = at(24, 0, month=12)
    while moment < at(29, 0, month=12):
        each = Waiting(
            "f", Priority.HIGH, moment - timedelta(hours=1), moment + timedelta(days=9),
            rule="r", type=InsightType.ACTION,
        )  # fmt: skip
        verdict = decide(ana, [each], moment).insights["f"]
        if is_at_work(moment, ana):
            assert verdict.verdict is Verdict.NOW
            assert told(ana, moment).startswith("Today: ")
        else:
            assert (verdict.reason, verdict.until) == (Reason.HOURS, next_work(moment, ana))
        moment += timedelta(hours=1)


def test_the_digest_that_is_about_to_be_made_is_the_next_one() -> None:
    five = at(27, 17)
    at_work = setting(work_until=time(18))
    assert digest_after(at_work, five + timedelta(minutes=1)) == five
    made = replace(at_work, digest_made_at=five)
    assert digest_after(made, five + timedelta(minutes=1)) == five + timedelta(days=7)
