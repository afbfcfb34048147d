"""Tests of identifiers that sort by time."""

import os
import re
from datetime import timedelta

from coach.ids import ordered_id
from tests.coach.values import NOW


def test_ids_sort_by_the_time_they_were_made() -> None:
    later = [ordered_id(NOW + timedelta(milliseconds=n), lambda _: b"\0" * 8) for n in range(99)]
    assert sorted(later) == later
    assert ordered_id(NOW, lambda n: b"\xff" * n) < ordered_id(
        NOW + timedelta(milliseconds=1), lambda n: b"\0" * n
    )


def test_ids_of_one_moment_differ() -> None:
    assert len({ordered_id(NOW, os.urandom) for _ in range(1000)}) == 1000


def test_an_id_has_28_digits() -> None:
    assert re.fullmatch("[0-9a-f]{28}", ordered_id(NOW, os.urandom))
