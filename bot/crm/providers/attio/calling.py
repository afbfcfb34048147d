"""What every call to Attio has in common, and what is known of a workspace since it was linked."""

from collections.abc import Mapping
from typing import Any

from bot.crm.calls import Account, Answer, Call, json_call
from bot.crm.things import answered, words

#: Where the API is, for every account.
API = "https://api.attio.com"

#: The objects that are mirrored, by the names that every workspace has for them.
DEALS, PEOPLE = "deals", "people"


def request(
    account: Account,
    method: str,
    path: str,
    content: Mapping[str, Any] | None = None,
    *,
    repeatable: bool = True,
) -> Call:
    """A call to a path of the API."""
    token = account.access.get("api_key", "")
    headers = {"accept": "application/json", "authorization": f"Bearer {token}"}
    url = f"{account.address or API}{path}"
    return json_call(method, url, content, headers=headers, repeatable=repeatable)


def why_not(answer: Answer) -> str:
    """Attio's own words for why it did not do something."""
    return words(answered(answer).get("message"))


def slug_of(account: Account, object: object) -> str | None:
    """Which object is meant by its name or by the id it has in this workspace."""
    if object in (DEALS, PEOPLE):
        return str(object)
    for slug in (DEALS, PEOPLE):
        if object is not None and account.access.get(f"object_{slug}") == object:
            return slug
    return None


def list_of(account: Account) -> tuple[str, str] | None:
    """The list that is the pipeline, and which of its attributes is the stage.

    `None` where deals are deals.
    """
    list_id, _, attribute = account.access.get("pipeline", "").partition("/")
    return (list_id, attribute) if list_id and attribute else None
