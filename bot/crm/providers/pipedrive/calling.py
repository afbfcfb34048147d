"""What every call to Pipedrive has in common."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.crm.calls import Account, Answer, Call, json_call, rest_by_headers
from bot.crm.things import answered, inner

#: Where the API is, for every account.
API = "https://api.pipedrive.com"

_DOMAIN = re.compile(r"https://[a-z0-9-]{1,60}\.pipedrive\.com")

#: So long a connection rests whose share of the day is used up, or whom Pipedrive's own gate keeps
#: out for going on in spite of being told to wait.
LONG = timedelta(minutes=30)


def request(
    account: Account,
    method: str,
    path: str,
    content: Mapping[str, Any] | None = None,
    *,
    repeatable: bool = True,
) -> Call:
    """A call to a path of the API."""
    headers = {"accept": "application/json"}
    if token := account.access.get("access_token"):
        headers["authorization"] = f"Bearer {token}"
    else:
        headers["x-api-token"] = account.access.get("api_token", "")
    url = f"{_address(account)}{path}"
    return json_call(method, url, content, headers=headers, repeatable=repeatable)


def _address(account: Account) -> str:
    given = account.address or API
    # What is granted in a browser is good at the company's own address.
    return account.access.get("api_domain") or given if given == API else given


def domain(told: Mapping[str, object]) -> Mapping[str, str]:
    """The company's own address, if it is one of Pipedrive's: what lets us in goes nowhere else."""
    given = told.get("api_domain")
    is_theirs = isinstance(given, str) and _DOMAIN.fullmatch(given)
    return {"api_domain": str(given)} if is_theirs else {}


def is_gate(answer: Answer) -> bool:
    """Whether it was not Pipedrive that answered, but what stands before it."""
    return answer.status == 403 and not answered(answer)


def why_not(answer: Answer) -> object:
    """Pipedrive's own words for why it did not do something."""
    return inner(answered(answer), "error")


def rest(answer: Answer, now: datetime) -> timedelta | None:
    """How long to leave Pipedrive alone: two seconds when called too fast, else longer."""
    spent = answer.headers.get("x-daily-ratelimit-token-remaining", "").strip()
    if is_gate(answer) or (answer.status == 429 and spent == "0"):
        return LONG
    return rest_by_headers(answer, now)
