"""Attio: signed webhooks that only name what is not as it was, and its REST API."""

from datetime import timedelta

from bot.crm.calls import Pace
from bot.crm.provider import Provider
from bot.crm.providers.attio.changes import WRITING
from bot.crm.providers.attio.linking import SETUP
from bot.crm.providers.attio.lookups import FETCHING, HISTORIES
from bot.crm.providers.attio.things import deal_of_link
from bot.crm.providers.attio.webhooks import parse, verify

PROVIDER = Provider(
    summary="Attio, by an access token; deals, or a list that is the pipeline.",
    unproven=(
        (
            "How long Attio waits for an answer to its webhooks: they are answered before "
            "they are read."
        ),
    ),
    verify=verify,
    parse=parse,
    writing=WRITING,
    fetching=FETCHING,
    histories=HISTORIES,
    setup=SETUP,
    # A hundred reads and twenty-five writes a second; most calls of the coach's are reads.
    pace=Pace(together=8, calls=25, within=timedelta(seconds=1)),
    deal_of_link=deal_of_link,
    domains=("attio.com",),
)
