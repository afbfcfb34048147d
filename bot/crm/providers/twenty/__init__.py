"""Twenty: signed webhooks that tell a record whole, and its REST API."""

from datetime import timedelta

from bot.crm.calls import Pace
from bot.crm.provider import Provider
from bot.crm.providers.twenty.changes import WRITING
from bot.crm.providers.twenty.linking import SETUP
from bot.crm.providers.twenty.lookups import FETCHING, HISTORIES
from bot.crm.providers.twenty.webhooks import new_secret, parse, verify

PROVIDER = Provider(
    summary="Twenty, by an API key.",
    unproven=(
        (
            "What the version of the instance sends: what cannot be read is kept, and is "
            "shown here as a fault."
        ),
    ),
    verify=verify,
    parse=parse,
    new_secret=new_secret,
    writing=WRITING,
    fetching=FETCHING,
    histories=HISTORIES,
    setup=SETUP,
    # A hundred calls a minute; some are left to others.
    pace=Pace(together=2, calls=80, within=timedelta(minutes=1)),
)
