"""Pipedrive: webhooks of the second version with HTTP Basic, and its REST API."""

from datetime import timedelta

from bot.crm.calls import Pace
from bot.crm.provider import Provider
from bot.crm.providers.pipedrive.calling import rest
from bot.crm.providers.pipedrive.changes import WRITING
from bot.crm.providers.pipedrive.linking import SETUP
from bot.crm.providers.pipedrive.lookups import FETCHING, HISTORIES
from bot.crm.providers.pipedrive.things import deal_of_link
from bot.crm.providers.pipedrive.webhooks import new_secret, parse, verify

PROVIDER = Provider(
    summary="Pipedrive, by an API token.",
    unproven=(
        (
            "How many calls a day the plan allows: Pipedrive says when none is left, and "
            "the coach rests."
        ),
        (
            "Whether Pipedrive tells that the app was removed to the address that was entered "
            "there: if it does not, it says so within the hour, when access is renewed."
        ),
    ),
    verify=verify,
    parse=parse,
    new_secret=new_secret,
    writing=WRITING,
    fetching=FETCHING,
    histories=HISTORIES,
    setup=SETUP,
    # The smallest plan: twenty calls within two seconds with an API token.
    pace=Pace(together=4, calls=20, within=timedelta(seconds=2)),
    rest=rest,
    deal_of_link=deal_of_link,
    domains=("pipedrive.com",),
)
