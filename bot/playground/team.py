"""The believable small team of the playground: the same people in Slack and in the CRM."""

from bot.playground.crm.seed import ANA, BEN, CHRIS
from bot.playground.slack.channels import Channel
from bot.playground.slack.things import Person

PEOPLE = (
    Person(ANA, "Ana Ruiz", "ana@northwind.example", "Europe/Madrid", "Account executive"),
    Person(BEN, "Ben Okafor", "ben@northwind.example", "Europe/London", "Account executive"),
    Person(
        CHRIS, "Chris Vale", "chris@northwind.example", "America/New_York", "Founder",
        admin=True, owner=True,
    ),
)  # fmt: skip

#: Where the team talks; the coach is in one of the two.
CHANNELS = (Channel("C0SALES", "sales", joined=True), Channel("C0RANDOM", "random"))
