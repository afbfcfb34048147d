"""Column types that mean the same on SQLite and on PostgreSQL."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from coach.phrases import Phrase, from_json, to_json

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    # In its own zone an instant equals the one an hour before, in the hour that comes twice.
    return _micros(moment.astimezone(UTC))


# In a batch few instants stand in many places.
@lru_cache(maxsize=4096)
def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=4096)
def from_micros(count: int) -> datetime:
    """The aware UTC instant so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=count)


def read_micros(count: int | None) -> datetime | None:
    """An instant as SQLite has kept it."""
    return None if count is None else from_micros(count)


def stored_micros(moment: datetime | None) -> int | None:
    """An instant as SQLite keeps it; raises `ValueError` for one without a time zone."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return to_micros(moment)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant in UTC: `timestamptz`, or on SQLite whole microseconds since 1970.

    SQLite has no type for instants and forgets the time zone of `DateTime`; numbers sort rightly.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type in the database."""
        return dialect.type_descriptor(
            BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True)
        )

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """What is stored; raises `ValueError` for an instant without a time zone."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """What is read."""
        return None if value is None else value.astimezone(UTC)

    # On SQLite they are in every row, many times, and the ways above lead through three functions.

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """What makes of an instant what is stored."""
        return stored_micros if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """What makes an instant of what is read."""
        if dialect.name == "sqlite":
            return read_micros
        return super().result_processor(dialect, coltype)


class Money(TypeDecorator[Decimal]):
    """An exact amount: `numeric`, or on SQLite its digits, because SQLite would make it a float."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type in the database."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """What is stored."""
        if value is None:
            return None
        return format(value, "f") if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """What is read."""
        return None if value is None else Decimal(value)


#: JSON values; on PostgreSQL in the binary form.
Json = JSON().with_variant(JSONB(), "postgresql")


def kept_phrase(phrase: Phrase | None) -> Any:
    """A phrase in JSON values, or that nothing is said."""
    return [] if phrase is None else to_json(phrase)


class Said(TypeDecorator[Phrase]):
    """A phrase as JSON, or nothing said; also reads what was kept before there were phrases."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type in the database."""
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else JSON())

    def process_bind_param(self, value: Phrase | None, dialect: Dialect) -> Any:
        """What is stored."""
        return kept_phrase(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Phrase | None:
        """What is read."""
        return from_json(value) if value else None


class SaidText(TypeDecorator[Phrase]):
    """A phrase in a column of text: its JSON, or words as they were before there were phrases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Phrase | None, dialect: Dialect) -> Any:
        """What is stored."""
        return None if value is None else json.dumps(to_json(value), ensure_ascii=False)

    def process_result_value(self, value: Any, dialect: Dialect) -> Phrase | None:
        """What is read."""
        if value is None:
            return None
        # No sentence of ours ever began with a brace.
        return from_json(json.loads(value) if value.startswith("{") else value)
