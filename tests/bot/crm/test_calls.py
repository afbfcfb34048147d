"""How long a vendor wants to be left alone, as its headers say."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.crm.calls import LONGEST_REST, Answer, rest_by_headers

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {}, None),
        (429, {"retry-after": "7"}, 7),
        (503, {"retry-after": "7"}, 7),
        (429, {"retry-after": "Wed, 25 Nov 2026 10:01:00 GMT"}, 60),
        (429, {"retry-after": "Wed, 25 Nov 2026 09:00:00 GMT"}, None),
        (429, {"retry-after": "soon"}, None),
        (429, {"retry-after": "0"}, None),
        (429, {"retry-after": "9" * 30}, None),
        (200, {"retry-after": "7"}, None),
        # Close
        (429, {"ratelimit": "limit=100, remaining=0, reset=5"}, 5),
        (200, {"ratelimit": "limit=100, remaining=0, reset=5"}, 5),
        (200, {"ratelimit": "limit=100, remaining=50, reset=5"}, None),
        # Pipedrive
        (
            200,
            {"x-ratelimit-limit": "80", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2"},
            2,
        ),
        (
            200,
            {"x-ratelimit-limit": "80", "x-ratelimit-remaining": "9", "x-ratelimit-reset": "2"},
            None,
        ),
        (429, {"x-ratelimit-reset": "2"}, 2),
        # Others name a second since 1970.
        (429, {"x-ratelimit-reset": str(int(NOW.timestamp()) + 30)}, 30),
        (429, {"ratelimit-reset": "30", "x-ratelimit-reset": "2"}, 30),
        (200, {}, None),
    ],
)
def test_the_headers_most_vendors_use_are_understood(
    status: int, headers: dict[str, str], seconds: int | None
) -> None:
    rest = rest_by_headers(Answer(status, headers), NOW)
    assert rest == (None if seconds is None else timedelta(seconds=seconds))


def test_no_vendor_makes_a_connection_rest_for_ever() -> None:
    assert rest_by_headers(Answer(429, {"retry-after": "999999"}), NOW) == LONGEST_REST
