"""Leases: whoever works on a row has it for a while, told by the one clock all processes share."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Interval, func, literal

from storage.columns import UtcDateTime
from storage.database import Tx


def database_now(tx: Tx, now: datetime) -> ColumnElement[Any]:
    """The time by the database's own clock, which is the same for every process.

    SQLite has no clock of its own: it serves one machine, whose time is `now`.
    """
    if tx.dialect.name == "sqlite":
        return literal(now, UtcDateTime())
    # Not the time at which the transaction began: it may have waited for a lock since.
    return func.clock_timestamp(type_=UtcDateTime())


def leased_until(tx: Tx, now: datetime, lease: timedelta) -> ColumnElement[Any]:
    """When a lease that begins now ends."""
    if tx.dialect.name == "sqlite":
        return literal(now + lease, UtcDateTime())
    return func.clock_timestamp() + literal(lease, Interval())
