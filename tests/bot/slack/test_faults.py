"""What a failed call to Slack means."""

import pytest

from bot.slack.faults import CALL_FAILED, Means, fault


def test_an_answer_in_another_alphabet_is_not_slacks_and_may_be_better_next_time() -> None:
    with pytest.raises(CALL_FAILED) as caught:
        b"\xff\xfe{".decode()
    assert fault(caught.value).means is Means.AGAIN


def test_what_is_no_failed_call_is_raised_again() -> None:
    with pytest.raises(ZeroDivisionError):
        fault(ZeroDivisionError())
