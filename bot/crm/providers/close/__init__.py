"""Close: signed webhooks with the whole thing and what was before, and its REST API."""

from datetime import timedelta

from bot.crm.calls import Pace
from bot.crm.provider import Provider
from bot.crm.providers.close.changes import WRITING
from bot.crm.providers.close.linking import SETUP
from bot.crm.providers.close.lookups import FETCHING, HISTORIES
from bot.crm.providers.close.webhooks import parse, verify

PROVIDER = Provider(
    summary="Close, by an API key.",
    unproven=(
        (
            "Whether a webhook that is sent again is signed anew: one that was signed more "
            "than five minutes ago is refused, and the night finds what it told of."
        ),
        "How many calls are allowed: each answer says what is left.",
    ),
    verify=verify,
    parse=parse,
    writing=WRITING,
    fetching=FETCHING,
    histories=HISTORIES,
    setup=SETUP,
    # Limits are by endpoint and told in each answer; this is below the lowest of them.
    pace=Pace(together=4, calls=20, within=timedelta(seconds=1)),
    domains=("close.com",),
)
