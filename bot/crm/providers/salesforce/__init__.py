"""Salesforce: outbound messages in SOAP, JSON of a Flow or of Apex, and its REST API."""

from datetime import timedelta

from bot.crm.calls import Pace
from bot.crm.provider import Provider
from bot.crm.providers.salesforce.calling import rest
from bot.crm.providers.salesforce.changes import WRITING
from bot.crm.providers.salesforce.linking import SETUP
from bot.crm.providers.salesforce.lookups import FETCHING, HISTORIES
from bot.crm.providers.salesforce.pages import deal_of_link
from bot.crm.providers.salesforce.soap import without_session
from bot.crm.providers.salesforce.webhooks import new_secret, parse, reply, verify

PROVIDER = Provider(
    summary="Salesforce, by outbound messages or Apex.",
    unproven=("How long a session lasts: it is made anew when it is refused.",),
    verify=verify,
    parse=parse,
    new_secret=new_secret,
    reply=reply,
    kept=without_session,
    # A hundred records with long descriptions.
    largest=5_000_000,
    writing=WRITING,
    fetching=FETCHING,
    histories=HISTORIES,
    setup=SETUP,
    # The limit is that of a day; this leaves most of it to others.
    pace=Pace(together=4, calls=20, within=timedelta(seconds=2)),
    rest=rest,
    deal_of_link=deal_of_link,
    domains=("force.com", "salesforce.com"),
)
