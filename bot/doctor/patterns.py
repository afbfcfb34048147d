"""The team's figures: whether they could be looked at for patterns."""

from bot.doctor.findings import Finding, fault
from bot.runtime.redacting import redacted
from coach.phrases import counted
from coach.wording import plain
from storage import patterns
from storage.database import Tx
from storage.workspaces import DEFAULT


async def check_patterns(tx: Tx) -> Finding | None:
    """What the last look at them failed over; nothing where it did not fail."""
    failing = await patterns.failing(tx, DEFAULT)
    if failing is None:
        return None
    times = plain(
        counted("{count} time", "{count} times in a row", "count", count=failing.attempts)
    )
    return fault(
        "patterns",
        f"The team's figures could not be looked at ({times}): nothing new is found in "
        f"them, and nothing taken back. It is tried again at {failing.again_at:%Y-%m-%d %H:%M} "
        "UTC.",
        "Run `coach patterns`: it looks in the same way and tells nobody. If it fails too, mend "
        "what is named here, or report it; if not, nothing has to be done.",
        (redacted(failing.error),),
    )
