"""What a vendor refuses while an account is linked is said in words for people."""

import pytest

from bot.crm.calls import Answer
from bot.crm.setup import RefusedError, granted


def test_an_answer_that_is_well_passes() -> None:
    assert granted(Answer(201, body=b"{}"), "see whose account it is").body == b"{}"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "It does not know the credentials"),
        (403, "lack a permission"),
        (404, "nothing at that address"),
        (418, "Try again later."),
    ],
)
def test_a_refusal_names_what_was_asked_and_what_to_do(status: int, said: str) -> None:
    with pytest.raises(RefusedError) as refused:
        granted(Answer(status), "see whose account it is")
    words = str(refused.value)
    assert words.startswith("The CRM did not let the coach see whose account it is (HTTP ")
    assert str(status) in words
    assert said in words
