"""Which opportunity a link to a page of Salesforce's shows."""

import re

from bot.crm.calls import Account
from bot.crm.pages import page
from bot.crm.providers.salesforce.calling import host_of
from bot.crm.providers.salesforce.things import id_of

#: Where an organization's own domain is: its API and old pages, and those of Lightning.
_API, _LIGHTNING = ".my.salesforce.com", ".lightning.force.com"

#: Ids of opportunities begin so in every organization.
_OPPORTUNITY = re.compile(r"006[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?")


def deal_of_link(account: Account, url: str) -> str | None:
    """The opportunity of a page of this organization's, in Lightning or as it was before.

    `https://<domain>.lightning.force.com/lightning/r/Opportunity/<id>/view`, or
    `https://<domain>.my.salesforce.com/<id>`.
    """
    found, host = page(url), host_of(account).lower()
    if found is None or not host.endswith(_API):
        return None
    if found.host not in {host, host.removesuffix(_API) + _LIGHTNING}:
        return None
    match found.path:
        case ("lightning", "r", "Opportunity", id, *_) | (id,) if _OPPORTUNITY.fullmatch(id):
            return id_of(id)
    return None
