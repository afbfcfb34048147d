"""What an error of Slack's Web API means for whoever wanted to send.

Codes as in https://docs.slack.dev/reference/methods/chat.postMessage and its neighbours.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

#: The token or the workspace is the trouble: nothing can be sent until somebody mends it.
WORKSPACE = frozenset(
    {
        "account_inactive",
        "token_revoked",
        "token_expired",
        "invalid_auth",
        "not_authed",
        "missing_scope",
        "no_permission",
        "org_login_required",
        "ekm_access_denied",
        "team_access_not_granted",
        "messages_tab_disabled",
        "access_denied",
        "not_allowed_token_type",
    }
)

#: Slack is busy or unwell: the same request may go through later.
PASSING = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
    }
)


class Means(Enum):
    """What to do about a fault."""

    #: Try again later.
    AGAIN = auto()
    #: Stop sending to the workspace until it is mended.
    WORKSPACE = auto()
    #: This message will never get through.
    NEVER = auto()


@dataclass(frozen=True, slots=True)
class Fault:
    """A failed call to Slack."""

    means: Means
    #: Slack's own word, or what happened on the way.
    code: str
    #: How long Slack asked to be left alone.
    retry_after: timedelta | None = None


def fault(error: Exception) -> Fault:
    """What `error` means; re-raises what is not a failed call."""
    match error:
        case SlackApiError():
            code = str(error.response.get("error") or f"http_{error.response.status_code}")
            status = int(error.response.status_code or 0)
            after = str(error.response.headers.get("Retry-After", ""))
            wait = timedelta(seconds=int(after)) if after.isdigit() else None
            if status == 429 or status >= 500 or code in PASSING:
                return Fault(Means.AGAIN, code, wait)
            if code in WORKSPACE:
                return Fault(Means.WORKSPACE, code)
            return Fault(Means.NEVER, code)
        case aiohttp.ClientError() | TimeoutError() | OSError() | SlackClientError():
            return Fault(Means.AGAIN, type(error).__name__)
        case _:
            raise error
