"""A deal's page has an address, of which the coach is told before anybody pastes it."""

import pytest

from bot.playground.crm.fields import CrmRefusal
from tests.bot.playground.crm.office import Office


async def test_the_coach_is_told_of_the_page_once(office: Office) -> None:
    deal = office.crm.add_deal({"title": "Acme", "value": "1", "owner": "U01ANA"})
    first, again = office.crm.link(deal["id"]), office.crm.link(deal["id"])
    assert first == again == f"https://crm.northwind.example/deals/{deal['id']}"
    await office.crm.deliveries.settled()
    told = [each["data"]["deal"].get("url") for each in office.bot.webhooks]
    assert told == [None, first]
    with pytest.raises(CrmRefusal):
        office.crm.link("D-none")
