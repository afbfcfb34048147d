"""What every call to Close has in common."""

import base64
from collections.abc import Mapping
from typing import Any

from bot.crm.calls import Account, Answer, Call, json_call
from bot.crm.things import answered, words

#: Where the API is, for every account.
API = "https://api.close.com/api/v1"


def request(
    account: Account,
    method: str,
    path: str,
    content: Mapping[str, Any] | None = None,
    *,
    repeatable: bool = True,
) -> Call:
    """A call to a path of the API; the key is the user, and there is no password."""
    user = base64.b64encode(f"{account.access.get('api_key', '')}:".encode()).decode()
    headers = {"accept": "application/json", "authorization": f"Basic {user}"}
    url = f"{account.address or API}{path}"
    return json_call(method, url, content, headers=headers, repeatable=repeatable)


def why_not(answer: Answer) -> str:
    """Close's own words for why it did not do something."""
    told = answered(answer)
    if (error := words(told.get("error"))) or (error := words(told.get("errors"))):
        return error
    fields = told.get("field-errors") or told.get("field_errors")
    if isinstance(fields, dict):
        return words("; ".join(f"{name}: {why}" for name, why in fields.items()))
    return ""
