"""Statements that are made all the time: written down once, and told to SQLite without a detour.

What SQLAlchemy does anew for each execution (a context, a cursor, a result, a change into a
greenlet) takes longer than SQLite needs for a short statement, and a webhook on its way to a
message makes some fifty of these. On SQLite a prepared statement goes to the driver as it was
compiled the first time, with the same values and errors. PostgreSQL, where the way to the server
is what takes the time, gets it through SQLAlchemy; and so does SQLite while somebody listens to
SQLAlchemy's events, so that they hear of every statement.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, Delete, Dialect, Insert, Select, Update
from sqlalchemy.sql.compiler import SQLCompiler

from storage.database import Tx, past_sqlalchemy

_NOTHING: Mapping[str, Any] = {}

#: What can be prepared.
Statement = Select[Any] | CompoundSelect[Any] | Insert | Update | Delete

_Process = Callable[[Any], Any]


class _Parameter(NamedTuple):
    """One place of a statement that takes a value."""

    name: str
    process: _Process | None
    #: Whether whoever makes the statement has to say it; otherwise it is always `value`.
    asked: bool
    value: Any


class _Form(NamedTuple):
    """A statement as SQLite's driver takes it, and how its rows are read."""

    sql: str
    parameters: Sequence[_Parameter]
    row: Callable[[Any], Any]
    processes: Sequence[tuple[int, _Process]]

    def values(self, asked: Mapping[str, Any]) -> list[Any]:
        """What stands in the places of the statement; raises `KeyError` for what is missing."""
        found: list[Any] = []
        for name, process, is_asked, value in self.parameters:
            if is_asked:
                value = asked[name] if process is None else process(asked[name])
            found.append(value)
        return found

    def read(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Rows as SQLAlchemy gives them: by place and by name."""
        if not self.processes:
            return [self.row(row) for row in rows]
        found = []
        for row in rows:
            values = list(row)
            for place, process in self.processes:
                values[place] = process(values[place])
            found.append(self.row(values))
        return found


class Prepared:
    """A statement whose every value is a constant or a named parameter (`bindparam`).

    It is kept for as long as the process runs: one for each place in the code that makes it, not
    for each time. Lists of any length come as one parameter (`storage.among`).
    """

    __slots__ = ("_form", "statement")

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self._form: _Form | None = None

    async def rows(self, tx: Tx, asked: Mapping[str, Any] = _NOTHING) -> Sequence[Any]:
        """Make it, and read what it gives back."""
        if (driver := past_sqlalchemy(tx)) is None:
            return (await tx.execute(self.statement, asked)).all()
        form = self._form or self._prepare(tx.dialect)
        return form.read(await driver.fetch(form.sql, form.values(asked)))

    async def first(self, tx: Tx, asked: Mapping[str, Any] = _NOTHING) -> Any | None:
        """The same; the first row, if there is any."""
        rows = await self.rows(tx, asked)
        return rows[0] if rows else None

    async def column(self, tx: Tx, asked: Mapping[str, Any] = _NOTHING) -> list[Any]:
        """The same; the first value of each row."""
        return [row[0] for row in await self.rows(tx, asked)]

    async def do(self, tx: Tx, asked: Mapping[str, Any]) -> None:
        """Make one that gives nothing back."""
        await self.do_each(tx, [asked])

    async def do_each(self, tx: Tx, asked: Sequence[Mapping[str, Any]]) -> None:
        """The same for each of these values, in their order."""
        if not asked:
            return
        if (driver := past_sqlalchemy(tx)) is None:
            await tx.execute(self.statement, asked)
        else:
            form = self._form or self._prepare(tx.dialect)
            await driver.do(form.sql, [form.values(each) for each in asked])

    def _prepare(self, dialect: Dialect) -> _Form:
        made = self.statement.compile(dialect=dialect)
        if not isinstance(made, SQLCompiler):
            raise TypeError(f"{self.statement!r} cannot be prepared")
        asked = {name: None for name, bound in made.binds.items() if bound.required}
        # Lists of constants are written out in it.
        whole = made.construct_expanded_state(asked)
        processors = {
            name: bound.type.dialect_impl(dialect).bind_processor(dialect)
            for name, bound in made.binds.items()
        }
        processors |= whole.processors
        parameters = []
        for name in whole.positiontup or ():
            process, value = processors.get(name), whole.parameters[name]
            if name not in asked and process is not None:
                value = process(value)
            parameters.append(_Parameter(name, process, name in asked, value))
        columns = self.statement.exported_columns
        row = namedtuple("Row", map(str, columns.keys()), rename=True)  # type: ignore[misc]
        found = [
            (place, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for place, column in enumerate(columns)
        ]
        processes = [(place, process) for place, process in found if process is not None]
        self._form = _Form(whole.statement, parameters, row._make, processes)
        return self._form
