"""What every call to Twenty has in common."""

from collections.abc import Mapping
from typing import Any

from bot.crm.calls import Account, Call, json_call

#: Where the API is, for every workspace that is not on a server of its own.
API = "https://api.twenty.com"


def request(
    account: Account,
    method: str,
    path: str,
    told: Mapping[str, Any] | None = None,
    *,
    repeatable: bool = True,
) -> Call:
    """A call to a path of the REST API."""
    headers = {"authorization": f"Bearer {account.access.get('api_key', '')}"}
    address = (account.address or API).rstrip("/")
    url = f"{address}/rest/{path}"
    return json_call(method, url, told, headers=headers, repeatable=repeatable)
