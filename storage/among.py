"""`column IN (…)` for any number of texts, as one parameter of the statement.

SQLAlchemy makes a parameter of each value and writes the statement anew for each number of them;
half of what a short query costs here went into that. Both databases can take all the values as one:
PostgreSQL as an array, SQLite as JSON (https://sqlite.org/json1.html#jeach).
"""

from collections.abc import Iterable
from typing import Any

from pydantic_core import to_json
from sqlalchemy import ARRAY, BindParameter, ColumnElement, Dialect, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import Boolean, TypeDecorator, TypeEngine


class _Texts(TypeDecorator[list[str]]):
    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(Text()))

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> Any:
        return to_json(value).decode() if dialect.name == "sqlite" else value


_TEXTS = _Texts()


class _Among(ColumnElement[bool]):
    inherit_cache = True
    type = Boolean()
    #: What makes two of these the same statement.
    _traverse_internals = [  # noqa: RUF012 (SQLAlchemy reads it, and changes it never)
        ("column", InternalTraversal.dp_clauseelement),
        ("values", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: ColumnElement[str], values: BindParameter[list[str]]) -> None:
        self.column = column
        self.values = values

    def self_group(self, against: object = None) -> "_Among":
        """As it is: on SQLite a condition is compared with 1 else, and no index is used."""
        return self

    def sides(self, compiler: SQLCompiler, options: dict[str, Any]) -> tuple[str, str]:
        """The column and the parameter, as a statement calls them."""
        return compiler.process(self.column, **options), compiler.process(self.values, **options)


@compiles(_Among, "sqlite")
def _sqlite(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.sides(compiler, options)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 (no values in it)


@compiles(_Among, "postgresql")
def _postgresql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.sides(compiler, options)
    return f"{column} = ANY({values})"


def texts(name: str) -> BindParameter[list[str]]:
    """A parameter for a list of texts, for a statement that is made once and filled in often."""
    return bindparam(name, type_=_TEXTS)


def among(
    column: ColumnElement[str], values: Iterable[str] | BindParameter[list[str]]
) -> ColumnElement[bool]:
    """The condition that a column of text holds one of these values."""
    if not isinstance(values, BindParameter):
        values = bindparam(None, list(values), type_=_TEXTS, unique=True)
    return _Among(column, values)
