"""Why a file, or one row of it, cannot be imported."""

from coach.errors import CoachError


class FileError(CoachError):
    """The file cannot be imported as it is."""


class RowError(CoachError):
    """One row cannot be used; the rest of the file can."""
