"""The one place where what went wrong becomes words for whoever asked."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
from slack_sdk.errors import SlackClientError

from bot.runtime.parts import Parts
from bot.slack.faults import CALL_FAILED, Means, fault
from coach.errors import CoachError
from coach.phrases import Phrase, say
from coach.wording import plain
from storage.database import is_databases

log = logging.getLogger(__name__)

BUSY = say("The coach is busy at the moment. Please try again in a minute.")

#: How often something is tried that the database kept from being done.
TIMES = 4

T = TypeVar("T")
Tell = Callable[[Phrase], Awaitable[None]]

_TOO_LATE = {"expired_trigger_id", "exchanged_trigger_id", "trigger_expired"}


async def attempt(parts: Parts, name: str, work: Callable[[], Awaitable[T]]) -> T | Phrase:
    """What `work` returns, or what its person is to be told when it goes wrong.

    The one place where anything that people ask for may go wrong in any way. What the database
    itself kept from being done, as when two are in each other's way, is done anew a few times: a
    use case is one transaction, of which nothing is left then.
    """
    for left in range(TIMES - 1, -1, -1):
        try:
            return await work()
        except Exception as error:
            if not left or not is_databases(error):
                return explained(parts, name, error)
            log.info("%s is tried again: %s", name, type(error).__name__)
    raise AssertionError("the last time is answered or explained")


async def tell_of(name: str, said: Phrase, tell: Tell) -> None:
    """Tell the person what became of what they asked for; where Slack does not take it, the log."""
    try:
        await tell(said)
    except CALL_FAILED as error:
        log.error("%s could not be answered (%s): %s", name, fault(error).code, plain(said))


def explained(parts: Parts, name: str, error: Exception) -> Phrase:
    """The sentence a person gets for an error; what nobody expected is logged under a number."""
    if isinstance(error, CoachError):
        return error.said
    if isinstance(error, SlackClientError | aiohttp.ClientError):
        found = fault(error)
        if found.code in _TOO_LATE:
            return say("That took too long for Slack to open a window. Please press again.")
        log.error("%s: Slack did not do its part: %s", name, found.code)
        if found.means is Means.AGAIN:
            return say("Slack is too busy at the moment. Please try again in a minute.")
        return say("Slack did not accept this ({code}). Please try again.", code=found.code)
    reference = parts.entropy(4).hex()
    log.error("%s failed, reference %s", name, reference, exc_info=error)
    return say(
        "Something went wrong here, and it is not your fault. Please try again; if it stays, "
        "give whoever runs the coach this reference: {reference}.",
        reference=reference,
    )
