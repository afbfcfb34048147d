"""What an error of Slack's Web API means for whoever wanted to send.

Codes as in https://docs.slack.dev/reference/methods/chat.postMessage and its neighbours.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.runtime.backoff import retry_after
from bot.runtime.unreached import unreached

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


#: What a call of Slack's may raise; `fault` says what it means.
CALL_FAILED = (
    SlackClientError,
    aiohttp.ClientError,
    TimeoutError,
    OSError,
    AttributeError,
    UnicodeDecodeError,
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


def internal(error: Exception) -> Fault:
    """One of our own: what cannot be put into words must not come back for ever."""
    return Fault(Means.NEVER, f"internal: {type(error).__name__}")


def _answered(response: Any) -> tuple[int, str]:
    """Status and Slack's word; the body may be no JSON, and the response then not Slack's own."""
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0) or 0)
    data = getattr(response, "data", None)
    code = data.get("error") if isinstance(data, dict) else None
    return status, str(code or f"http_{status}")


def _header(response: Any) -> str | None:
    found = response.headers.get("Retry-After")
    return None if found is None else str(found)


def fault(error: Exception) -> Fault:
    """What `error` means; re-raises what is not a failed call."""
    match error:
        case SlackApiError():
            status, code = _answered(error.response)
            if status == 429 or status >= 500 or code in PASSING:
                return Fault(Means.AGAIN, code, retry_after(_header(error.response)))
            if code.startswith("http_"):
                # No answer of Slack's: something on the way spoke for it.
                return Fault(Means.AGAIN, code)
            if code in WORKSPACE:
                return Fault(Means.WORKSPACE, code)
            return Fault(Means.NEVER, code)
        case aiohttp.ClientError() | TimeoutError() | OSError() | SlackClientError():
            return Fault(Means.AGAIN, unreached(error))
        case AttributeError() if "has no attribute 'get'" in str(error):
            # slack_sdk stumbles over an answer with status 200 that is no JSON.
            return Fault(Means.AGAIN, "http_200")
        case UnicodeDecodeError():
            # Something on the way spoke for Slack, and in another alphabet.
            return Fault(Means.AGAIN, "http_unreadable")
        case _:
            raise error
