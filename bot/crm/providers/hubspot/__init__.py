"""HubSpot, by its CRM API v3 and the webhooks of an app of one's own.

Webhooks name things only, so that everything is looked up: a webhook says that it is time to. What
has changed then follows from what the mirror knew, and our own changes are no news.
"""

from datetime import timedelta

from bot.crm import oauth
from bot.crm.calls import Pace
from bot.crm.provider import Fetching, History, Provider, Want, Writing
from bot.crm.providers.hubspot import calls, changes, events, linking, lists, objects, signature
from bot.crm.setup import Setup
from coach.writes import DeleteTask, MoveDeal, ReopenTask, RescheduleTask

PROVIDER = Provider(
    summary="HubSpot, by an access token.",
    unproven=(
        (
            "Whether a webhook that is sent again is signed anew: one that was signed more "
            "than five minutes ago is refused, and the night finds what it told of."
        ),
        (
            "Which scopes the app has: that is tried when it is linked, and what is lacking "
            "is told then."
        ),
        (
            "Whether HubSpot checks the proof (PKCE) that who comes back from granting access is "
            "who was sent: where it does not, the state that is good once and in one browser "
            "alone sees to it."
        ),
    ),
    verify=signature.verify,
    parse=events.parse,
    split=events.split,
    fetching={
        Want.THING: Fetching(calls.thing_call, objects.read_thing),
        Want.HISTORY: Fetching(calls.history_call, objects.read_history),
        Want.STAGES: Fetching(lists.stages_call, lists.read_stages),
        Want.OWNERS: Fetching(lists.owners_call, lists.read_owners),
    },
    histories=(
        History("deal", "deals", since=True),
        History("contact", "contacts", since=True),
        History("task", "tasks", since=True),
    ),
    writing=Writing(
        changes.call,
        changes.told,
        takes_back=frozenset({MoveDeal, RescheduleTask, ReopenTask, DeleteTask}),
    ),
    setup=Setup(
        api_url=linking.API,
        credentials=linking.CREDENTIALS,
        probe=linking.probe,
        steps=linking.steps,
        renewing=oauth.renewing(linking.OAUTH),
        oauth=linking.OAUTH,
    ),
    # The smallest allowance of any plan is 100 calls in 10 seconds for each app.
    pace=Pace(together=4, calls=90, within=timedelta(seconds=10)),
    rest=linking.rest,
    deal_of_link=objects.deal_of_link,
    domains=("hubspot.com",),
)
