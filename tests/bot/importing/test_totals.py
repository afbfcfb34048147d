"""One owner named in several ways counts once, and has an address if any row says it."""

import pytest

from bot.importing.rows import Record
from bot.importing.totals import owners
from coach.events import Owner
from coach.models import SubjectKind


def rows(*named: Owner | None) -> list[Record]:
    return [Record(line, SubjectKind.TASK, str(line), {}, who) for line, who in enumerate(named)]


ANA = Owner("ana@x.example", "77", "Ana Ruiz")


@pytest.mark.parametrize(
    ("named", "count", "without"),
    [
        ([ANA, Owner(id="77"), Owner(name="ana  RUIZ"), Owner("ana@x.example")], 1, 0),
        ([Owner(id="78", name="Ben"), Owner(name="Ben"), Owner(id="78")], 1, 1),
        ([ANA, Owner(name="Ben"), Owner(id="79")], 3, 2),
        ([], 0, 0),
    ],
)
def test_owners_are_counted_once(named: list[Owner], count: int, without: int) -> None:
    found = owners(rows(*named, None))
    assert (found.count, found.without_address, found.rows_without) == (count, without, 1)
    assert (found.example is None) == (without == 0)
