"""Whatever a file holds, it is imported or refused in a sentence; nothing crashes."""

import csv
import io
import itertools
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from bot.importing import run
from bot.importing.columns import NAMES
from bot.importing.faults import FileError
from bot.importing.things import Thing
from tests.bot.importing.conftest import AS_OF, Desk

numbers = itertools.count()

THINGS = st.sampled_from(list(Thing))
ODD = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["1,234", "1.234,5", "٣", "²", "1e999", "NaN", "inf", "-", "1/2/3", "2/13/2017",
         "13/2/2017", "99999-01-01", "2017-W01-1", "24:00", "12/31/9999 23:59:59 -1200", "0",
         "-0", "(", "€", "$", "1" * 400, "@", "a@b.c", "<!channel>", "=cmd()", "\u202e",
         "\x00", "won", "true"]
    ),
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes().map(str),
    st.dates().map(str),
)  # fmt: skip


#: Cells of columns that hold no text, such that their row is not rejected.
DAYS = st.sampled_from(["", "2026-01-05", "2026-11-19 10:00", "2030-01-01", "1971-01-01"])
AMOUNTS = st.sampled_from(["", "0", "12.5", "-3", "1000000000000000"])


def plausible(thing: Thing) -> st.SearchStrategy[list[str]]:
    """A row whose texts are odd, and whose dates and amounts can be read."""
    kinds = {**dict.fromkeys(run.DATES, DAYS), "value": AMOUNTS}
    return st.tuples(*(kinds.get(name, ODD) for name in NAMES[thing])).map(list)


def understood(thing: Thing, raw: bytes) -> run.Understood | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        path.write_bytes(raw)
        with suppress(FileError):
            return run.understand(thing, path)
    return None


def sheet(thing: Thing, rows: list[list[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows([list(NAMES[thing]), *rows])
    return written.getvalue().encode("utf-8", "surrogatepass")


@settings(max_examples=200, deadline=None)
@given(THINGS, st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(thing: Thing, raw: bytes) -> None:
    understood(thing, raw)


@settings(max_examples=200, deadline=None)
@given(THINGS, st.data())
def test_any_cells_are_understood_or_rejected_row_by_row(thing: Thing, data: st.DataObject) -> None:
    width = len(NAMES[thing])
    rows = data.draw(st.lists(st.lists(ODD, min_size=1, max_size=width + 1), max_size=4))
    found = understood(thing, sheet(thing, rows))
    if found is not None:
        assert len(found.records) + len(found.rejected) == len(found.sheet.rows)
        assert all(each.reason for each in found.rejected)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(thing=THINGS, data=st.data())
async def test_whatever_was_understood_can_be_stored_and_stays_the_same(
    desk: Desk, thing: Thing, data: st.DataObject
) -> None:
    rows = data.draw(st.lists(plausible(thing), min_size=1, max_size=3))
    found = understood(thing, sheet(thing, rows))
    assert found is not None
    event(f"{len(found.records)} rows stored")
    # A CRM of its own, so that no example depends on those before it.
    crm = f"crm-{next(numbers)}"
    await run.store(desk.parts, found, crm, AS_OF, lambda rows: None)
    before = await desk.dump()
    again = await run.store(desk.parts, found, crm, AS_OF, lambda rows: None)
    assert await desk.dump() == before
    assert again.unchanged == len(found.records)
