"""What every call to Salesforce has in common."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from bot.crm.calls import Account, Answer, Call, json_call, rest_by_headers
from bot.crm.things import inner, rows, words
from bot.web.strict_json import JsonError, loads

#: The version of the API that is spoken, in every address of it.
DATA = "/services/data/v62.0"

#: So long a connection rests whose share of the day is used up; Salesforce says no time.
LONG = timedelta(minutes=30)

_SPENT = "REQUEST_LIMIT_EXCEEDED"


def request(
    account: Account,
    method: str,
    path: str,
    content: Mapping[str, Any] | None = None,
    *,
    repeatable: bool = True,
) -> Call:
    """A call to a path of the organization's own address."""
    headers = {
        "accept": "application/json",
        "authorization": f"Bearer {account.access.get('access_token', '')}",
        "sforce-call-options": "client=coach",
    }
    url = f"{address_of(account)}{path}"
    return json_call(method, url, content, headers=headers, repeatable=repeatable)


def address_of(account: Account) -> str:
    """Where the organization's API is."""
    given = (account.address or account.access.get("instance_url", "")).rstrip("/")
    return given if "://" in given or not given else f"https://{given}"


def host_of(account: Account) -> str:
    """Where the organization's pages are."""
    return urlsplit(address_of(account)).netloc


def query(account: Account, soql: str, *, deleted: bool = False) -> Call:
    """A question in SOQL, of what is in the bin as well if so wished."""
    what = "queryAll" if deleted else "query"
    return request(account, "GET", f"{DATA}/{what}?q={quote(soql, safe='')}")


def errors_of(answer: Answer) -> list[dict[str, Any]]:
    """What Salesforce has against a call."""
    try:
        return rows(loads(answer.body))
    except JsonError:
        return []


def why_not(answer: Answer) -> str:
    """Salesforce's own words for why it did not do something."""
    errors = errors_of(answer)
    return words(errors[0].get("message")) if errors else ""


def is_spent(answer: Answer) -> bool:
    """Whether the organization has no calls left for now."""
    return any(inner(each, "errorCode") == _SPENT for each in errors_of(answer))


def rest(answer: Answer, now: datetime) -> timedelta | None:
    """How long to leave Salesforce alone."""
    return LONG if answer.status == 403 and is_spent(answer) else rest_by_headers(answer, now)
