"""Why nothing can listen on a port, and what to do about it."""

import errno

from coach.errors import CoachError


class PortError(CoachError):
    """Nothing can listen on that port."""


def refusal(port: int, error: OSError) -> PortError | None:
    """The system's reason in a sentence; `None` for one that is not about the port."""
    if error.errno == errno.EADDRINUSE:
        return PortError(f"Port {port} is in use by another program; choose another with --port.")
    if error.errno in {errno.EACCES, errno.EPERM}:
        return PortError(
            f"Port {port} is reserved for the system; choose one above 1023 with --port."
        )
    return None
