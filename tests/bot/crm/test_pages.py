"""A link is a deal's page of the account that is linked, or it is nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.crm.calls import Account
from bot.crm.pages import page
from bot.crm.provider import load_providers

PROVIDERS = load_providers()

ACCOUNTS = {
    "hubspot": Account(id="123", access={"ui_domain": "app-eu1.hubspot.com"}),
    "pipedrive": Account(access={"company_domain": "northwind"}),
    "salesforce": Account(access={"instance_url": "https://northwind.my.salesforce.com"}),
    "attio": Account(),
}

DEALS = {
    "hubspot": (
        "https://app-eu1.hubspot.com/contacts/123/record/0-3/987",
        "https://app.hubspot.com/contacts/123/record/0-3/987/view/1?eschref=%2F",
        "https://APP.hubspot.com/contacts/123/deal/987/",
    ),
    "pipedrive": (
        "https://northwind.pipedrive.com/deal/987",
        "https://northwind.pipedrive.com/deal/987/#activity",
    ),
    "salesforce": (
        "https://northwind.lightning.force.com/lightning/r/Opportunity/006Hs00001ABCDEIA5/view",
        "https://northwind.my.salesforce.com/006Hs00001ABCDEIA5",
        "https://northwind.my.salesforce.com/006Hs00001ABCDE",
    ),
    "attio": (
        "https://app.attio.com/northwind/deals/record/987",
        "https://app.attio.com/northwind/deals/record/987/overview",
    ),
}

OTHERS = {
    "hubspot": (
        "https://app.hubspot.com/contacts/124/record/0-3/987",
        "https://app.hubspot.com/contacts/123/record/0-1/987",
        "https://app.hubspot.com/contacts/123/record/0-3/98x7",
        "https://app-na2.hubspot.com/contacts/123/record/0-3/987",
        "https://app.hubspot.com.evil.example/contacts/123/record/0-3/987",
        "https://evil.example/app.hubspot.com/contacts/123/record/0-3/987",
        "https://app.hubspot.com@evil.example/contacts/123/record/0-3/987",
        "https://evilapp.hubspot.com/contacts/123/record/0-3/987",
        "http://app.hubspot.com/contacts/123/record/0-3/987",
        "https://app.hubspot.com:8443/contacts/123/record/0-3/987",
        "https://app.hubspot.com/contacts/123",
    ),
    "pipedrive": (
        "https://southwind.pipedrive.com/deal/987",
        "https://northwind.pipedrive.com.evil.example/deal/987",
        "https://northwind.pipedrive.com/person/987",
        "https://northwind.pipedrive.com/deal/",
        "https://northwind.pipedrive.com/deal/98x7",
    ),
    "salesforce": (
        "https://southwind.lightning.force.com/lightning/r/Opportunity/006Hs00001ABCDEIA5/view",
        "https://northwind.lightning.force.com/lightning/r/Contact/003Hs00001ABCDEIA5/view",
        "https://northwind.my.salesforce.com/003Hs00001ABCDEIA5",
        "https://northwind.my.salesforce.com/006",
        "https://northwind.force.com/lightning/r/Opportunity/006Hs00001ABCDEIA5/view",
    ),
    "attio": (
        "https://attio.com/northwind/deals/record/987",
        "https://app.attio.com/northwind/deals/987",
        "https://app.attio.com/northwind/deals/record/%00/overview",
        "https://app.attio.com/northwind/deals/record/9%1F7",
        "https://app.attio.com/northwind/deals/record/\ud800",
    ),
}


@pytest.mark.parametrize(
    ("name", "url"), [(name, url) for name, urls in DEALS.items() for url in urls]
)
def test_a_page_of_a_deal_is_known(name: str, url: str) -> None:
    read = PROVIDERS[name].deal_of_link
    assert read is not None
    assert read(ACCOUNTS[name], url) in {"987", "006Hs00001ABCDEIA5"}


@pytest.mark.parametrize(
    ("name", "url"), [(name, url) for name, urls in OTHERS.items() for url in urls]
)
def test_any_other_link_is_nothing(name: str, url: str) -> None:
    read = PROVIDERS[name].deal_of_link
    assert read is not None
    assert read(ACCOUNTS[name], url) is None


@pytest.mark.parametrize("name", sorted(ACCOUNTS))
def test_of_an_account_of_which_nothing_is_known_no_page_is(name: str) -> None:
    read = PROVIDERS[name].deal_of_link
    assert read is not None
    if name != "attio":
        assert [read(Account(), url) for url in DEALS[name]] == [None] * len(DEALS[name])


@given(st.text() | st.builds("https://{}".format, st.text()) | st.sampled_from(DEALS["hubspot"]))
def test_whatever_is_pasted_is_read_without_a_fault(url: str) -> None:
    page(url)
    for name, account in ACCOUNTS.items():
        read = PROVIDERS[name].deal_of_link
        assert read is not None
        read(account, url)


def test_an_address_of_absurd_length_is_none() -> None:
    assert page("https://app.hubspot.com/" + "x" * 2000) is None
