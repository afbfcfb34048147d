"""An import from file to mirror: understand every row first, then apply them in batches."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path

from bot.coaching.owning import identify
from bot.coaching.recording import apply
from bot.importing.amounts import decimal_sign, in_percent
from bot.importing.columns import Columns, recognise, with_stages
from bot.importing.constants import constants, replaced
from bot.importing.dates import DateReader, fitting, misfit, readers
from bot.importing.events import first_told, told_again
from bot.importing.faults import FileError, RowError
from bot.importing.reading import Row, Sheet, read
from bot.importing.rows import KINDS, Interpreter, Record, cell, id_of
from bot.importing.stage_dates import stage_dates
from bot.importing.things import Thing
from bot.runtime.parts import Parts
from coach.events import Event
from storage import activities, mirror, workspaces
from storage.database import Tx, chunks

#: Rows in one write transaction.
BATCH = 1_000

#: The fields of deals that tell which are won or lost.
_STATUS = frozenset(
    {"status", "stage", "is_won", "is_lost", "is_closed", "won_at", "lost_at", "lost_reason"}
)

DATES = (
    "created_at", "won_at", "lost_at", "closed_at", "last_contacted_at", "due_date", "completed_at",
    "expected_close_date", "stage_entered_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be used, and why."""

    row: Row
    reason: str


@dataclass(frozen=True, slots=True)
class Understood:
    """A whole file in the domain's terms; nothing has been stored yet."""

    thing: Thing
    sheet: Sheet
    columns: Columns
    records: Sequence[Record]
    rejected: Sequence[Rejected]
    #: What every row says though no column does.
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Result:
    """What became of the rows."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    owners: set[str] = field(default_factory=set)
    #: Names that several owners bear, so that nobody could be told by them.
    unsure: list[str] = field(default_factory=list)


def understand(
    thing: Thing,
    path: Path,
    *,
    told_columns: Sequence[str] = (),
    told_constants: Sequence[str] = (),
    date_format: str | None = None,
    decimal: str | None = None,
) -> Understood:
    """Read a file. Raises `FileError` when it as a whole cannot be used, or `OSError`."""
    sheet = read(path)
    same = constants(thing, told_constants)
    columns = recognise(thing, sheet.header, told_columns, replaced(same))
    if "closed_at" in _fields(told_columns) and not _tells_status(columns, same):
        raise FileError(
            "--map closed_at tells when these deals were closed, but nothing tells which were won "
            "or lost. Say it of all with --set status=won, or name the column: --map status=COLUMN."
        )
    values = partial(_values, sheet, columns)
    if thing is Thing.DEALS:
        taken = set(columns.places.values())
        stages = stage_dates(
            sheet.header, lambda place: place not in taken, dict.fromkeys(values("stage"))
        )
        columns = with_stages(columns, sheet.header, stages)
    dated = [name for name in DATES if name in columns.places]
    places = {columns.places[name] for name in dated} | {place for _, place in columns.stages}
    by_header = {sheet.header[place]: _in_column(sheet, place) for place in sorted(places)}
    reading = readers(by_header, date_format)
    if date_format is not None:
        _check_dates(sheet, places, reading, date_format)
    interpreter = Interpreter(
        thing,
        columns.places,
        {name: reading[sheet.header[columns.places[name]]] for name in dated},
        decimal_sign(values("value"), decimal),
        columns.other,
        in_percent(values("probability")),
        same,
        [(stage, place, reading[sheet.header[place]]) for stage, place in columns.stages],
    )
    read_: list[tuple[Row, Record]] = []
    rejected: list[Rejected] = []
    for row in sheet.rows:
        try:
            if any(extra.strip() for extra in row.cells[len(sheet.header) :]):
                raise RowError(f"it has more cells than the header's {len(sheet.header)}")
            read_.append((row, interpreter.record(row.line, row.cells)))
        except RowError as error:
            rejected.append(Rejected(row, str(error)))
    records: list[Record] = []
    seen: dict[str, int] = {}
    alike = Counter(record.id for _, record in read_)
    for row, record in read_:
        if alike[record.id] > 1 and record.apart is not None:
            # Of one title and day, but not the same: whose it is and how much tells.
            record = replace(record, id=id_of(record.id, *record.apart))
        if record.id in seen:
            reason = f"it is the same {thing.one} as line {seen[record.id]}"
            rejected.append(Rejected(row, reason))
            continue
        seen[record.id] = row.line
        records.append(record)
    rejected.sort(key=lambda each: each.row.line)
    return Understood(thing, sheet, columns, records, rejected, same)


def _check_dates(
    sheet: Sheet, places: Iterable[int], reading: Mapping[str, DateReader], told: str
) -> None:
    """Raise `FileError` for the first date that is not written as was told: all may be misread."""
    columns = {place: _in_column(sheet, place) for place in sorted(places)}
    for place, values in columns.items():
        value = misfit(reading[sheet.header[place]], values)
        if value is None:
            continue
        row = next(
            row for row in sheet.rows if place < len(row.cells) and cell(row.cells[place]) == value
        )
        other = fitting(columns.values())
        raise FileError(
            f"Line {row.line} has “{value}” in “{sheet.header[place]}”, which --date-format "
            f"{told} does not fit. Nothing was imported; "
            + (
                f"--date-format {other} fits every date of the file."
                if other
                else "correct the date, or export the file again with all dates written alike."
            )
        )


def _fields(told_columns: Sequence[str]) -> set[str]:
    return {pair.partition("=")[0].strip().lower().replace("-", "_") for pair in told_columns}


def _tells_status(columns: Columns, same: Mapping[str, str]) -> bool:
    return bool({*columns.places, *same} & _STATUS)


def _values(sheet: Sheet, columns: Columns, name: str) -> list[str]:
    place = columns.places.get(name)
    return [] if place is None else _in_column(sheet, place)


def _in_column(sheet: Sheet, place: int) -> list[str]:
    found = (cell(row.cells[place]) for row in sheet.rows if place < len(row.cells))
    return [value for value in found if value]


def end_of_day(day: date, now: datetime) -> datetime:
    """The instant a file of that day tells of: its end, in UTC, but never later than now."""
    return min(datetime.combine(day, time(23, 59, 59), UTC), now)


async def store(
    parts: Parts,
    understood: Understood,
    connection_id: str,
    as_of: datetime,
    progress: Callable[[int], None],
    *,
    watched_from: datetime | None = None,
) -> Result:
    """Bring the mirror to what the file says; `progress` is told how many rows each step did.

    Where nobody has watched deals since the time of the file, `watched_from` says since when
    somebody does.
    """
    result = Result()
    await _identify_all(parts, understood.records, connection_id, result)
    for piece in chunks(understood.records, BATCH):
        async with parts.database.write() as tx:
            await workspaces.lock(tx, parts.database, parts.workspace_id)
            events = await _events(
                parts, tx, understood.thing, piece, connection_id, as_of, watched_from, result
            )
            if events:
                await apply(parts, tx, parts.workspace_id, connection_id, events)
        progress(len(piece))
    return result


async def _identify_all(
    parts: Parts, records: Sequence[Record], connection_id: str, result: Result
) -> None:
    """Who is who in the whole file: what ties two names of one owner may stand in its last row."""
    named = {record.owner for record in records if record.owner is not None}
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, parts.workspace_id)
        found = await identify(parts, tx, parts.workspace_id, connection_id, named)
    result.owners = set(found.people.values())
    result.unsure = sorted(str(owner) for owner in found.bearers)


async def _events(
    parts: Parts,
    tx: Tx,
    thing: Thing,
    records: Sequence[Record],
    connection_id: str,
    as_of: datetime,
    watched_from: datetime | None,
    result: Result,
) -> list[Event]:
    known = await mirror.load(
        tx,
        KINDS[thing],
        parts.workspace_id,
        connection_id,
        [record.id for record in records],
    )
    # Whose a thing is matters here only where it was known and may have been another's.
    named = {record.owner for record in records if record.owner and record.id in known}
    person_of = await identify(parts, tx, parts.workspace_id, connection_id, named)
    events: list[Event] = []
    again: list[Event] = []
    for record in records:
        before = known.get(record.id)
        if before is None:
            events += first_told(record, as_of, watched_from)
            result.new += 1
        elif event := told_again(record, before, as_of, person_of, watched_from):
            again.append(event)
        else:
            result.unchanged += 1
    # What the same file has said before and newer words have overruled is no news.
    keys = [event.dedupe_key for event in again]
    fresh = await activities.unknown(tx, parts.workspace_id, connection_id, keys)
    result.changed += len(fresh)
    result.unchanged += len(again) - len(fresh)
    return events + [event for event in again if event.dedupe_key in fresh]


def newest(understood: Understood) -> datetime | None:
    """The last time of which a file tells that something happened."""
    return max(
        (
            at
            for record in understood.records
            for at in (
                record.created_at,
                record.ended_at,
                record.stage_since,
                record.facts.get("last_contacted_at"),
            )
            if at is not None
        ),
        default=None,
    )


def ages_unknown(understood: Understood) -> tuple[int, int]:
    """Of how many open deals it is unknown since when they are in their stage, and of how many."""
    if understood.thing is not Thing.DEALS:
        return 0, 0
    there = [each for each in understood.records if not (each.ended or each.facts.get("deleted"))]
    return sum(record.stage_age_unknown for record in there), len(there)


def reasons(rejected: Sequence[Rejected]) -> list[tuple[str, int]]:
    """Why rows were rejected, most frequent first; what differs from row to row is left out."""
    return Counter(_kind(each.reason) for each in rejected).most_common()


def _kind(reason: str) -> str:
    before, quoted, _ = reason.partition("“")
    if quoted:
        return (before + reason.rpartition("”")[2]).strip()
    return reason.partition(" as line ")[0]


def rejected_path(path: Path) -> Path:
    """Where rows that cannot be used are written."""
    return path.with_name(path.name + ".rejected.csv")


def write_rejected(path: Path, understood: Understood) -> Path | None:
    """Write the rejected rows with their reasons, or remove the file of an earlier import.

    Returns where they are; raises `FileError` when they cannot be written there.
    """
    target = rejected_path(path)
    if not understood.rejected:
        # A folder that may not be written to holds no file of ours either.
        if target.exists():
            target.unlink()
        return None
    try:
        with target.open("w", encoding="utf-8-sig", newline="") as opened:
            writer = csv.writer(opened, delimiter=understood.sheet.delimiter)
            writer.writerow([*understood.sheet.header, "line", "reason"])
            width = len(understood.sheet.header)
            for each in understood.rejected:
                cells = [*each.row.cells, *[""] * (width - len(each.row.cells))]
                # Cells beyond the header would push the reason out of its column.
                cells[width - 1 :] = [" | ".join(cells[width - 1 :])]
                writer.writerow([*cells, each.row.line, each.reason])
    except OSError as error:
        raise FileError(
            f"The good rows were imported, but the rejected ones could not be written to {target} "
            f"({error.strerror}); copy the file to a folder of your own and import it again."
        ) from error
    return target
