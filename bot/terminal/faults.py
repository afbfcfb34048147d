"""Foreseeable faults as one clear sentence each: what is wrong and what to do about it."""

import errno

from coach.errors import CoachError


class PortTakenError(CoachError):
    """Another program listens on this port already; choose another with --port."""


def explain(error: BaseException) -> str | None:
    """The sentence for a fault that can be foreseen; `None` for one that needs its traceback."""
    if isinstance(error, CoachError):
        return " ".join(str(error).split())
    if isinstance(error, OSError):
        return _system(error)
    return _database(error)


def _system(error: OSError) -> str | None:
    name = error.filename
    if error.errno == errno.EADDRINUSE:
        return str(PortTakenError())
    if isinstance(error, PermissionError):
        if name is None:
            return "The system does not permit this port; choose one above 1023 with --port."
        return f"{name} may not be read or written by this user; change its permissions."
    if isinstance(error, FileNotFoundError) and name is not None:
        return f"{name} does not exist; check the path."
    if isinstance(error, IsADirectoryError) and name is not None:
        return f"{name} is a folder; give the path of a file."
    if error.errno == errno.ENOSPC:
        return "The disk is full; make room and try again."
    return None


def _database(error: BaseException) -> str | None:
    # Imported here: `coach --help` must not wait for the database's libraries.
    from alembic.util import CommandError
    from sqlalchemy import exc

    if isinstance(error, CommandError) and "locate revision" in str(error):
        return (
            "The database was made by a newer version of the coach; "
            "install that version, or set DATABASE_URL to another database."
        )
    if isinstance(error, exc.ArgumentError):
        return "DATABASE_URL is not an address; compare it with the examples in the README."
    if isinstance(error, exc.OperationalError | exc.InterfaceError):
        return (
            f"The database cannot be used: {reason(error)}. "
            "Check DATABASE_URL, that the server runs, and that the file may be written."
        )
    if isinstance(error, exc.DatabaseError) and "not a database" in str(error):
        return "The file that DATABASE_URL names is not a SQLite database; choose another."
    return None


def reason(error: BaseException) -> str:
    """The driver's own words, in one line; never the statement, which may hold data."""
    words = str(getattr(error, "orig", None) or error)
    line = next((line.strip() for line in words.splitlines() if line.strip()), "no reason given")
    return line.rstrip(".")
