"""What is known of a deal that somebody goes by: its worth, and when they spoke to whom.

What is not known is not said.
"""

from collections.abc import Mapping
from datetime import datetime

from coach.calendar import days_between
from coach.models import Contact, Deal, Person
from coach.phrases import Money, Phrase, Value, counted, facts, say


def of_deal(
    deal: Deal, contact: Contact | None, person: Person, now: datetime, *, worth: bool = True
) -> Phrase | None:
    """One sentence of facts; `None` where nothing is known. `worth`: whether to say the amount."""
    known: list[Value] = []
    if deal.account and deal.account.casefold() not in deal.title.casefold():
        known.append(deal.account)
    if worth and deal.value is not None:
        known.append(Money(deal.value, deal.currency))
    # A bare id is nobody one could call.
    if contact is not None and (contact.name_given or contact.email):
        known.append(_contacted(contact, person, now))
    return say("{facts}.", facts=facts(*known)) if known else None


def in_largest_tenth(deal: Deal, limits: Mapping[str, float | None]) -> Phrase | None:
    """That a deal is in the largest tenth of the person's; `None` where it is not.

    `limits` are the values from which one is, by currency.
    """
    currency = deal.currency or ""
    limit = limits.get(currency)
    if limit is None or deal.value is None or float(deal.value) < limit:
        return None
    value = Money(deal.value, deal.currency)
    if len(limits) > 1 and currency:
        return say(
            "At {value} it is in the largest tenth of your open deals in {currency}.",
            value=value,
            currency=currency,
        )
    return say("At {value} it is in the largest tenth of your open deals.", value=value)


def _contacted(contact: Contact, person: Person, now: datetime) -> Phrase:
    if contact.last_contacted_at is None:
        return say("with {contact}", contact=contact.thing)
    days = days_between(contact.last_contacted_at, now, person)
    if days == 0:
        return say("{contact} last contacted today", contact=contact.thing)
    return counted(
        "{contact} last contacted {days} day ago",
        "{contact} last contacted {days} days ago",
        "days",
        contact=contact.thing,
        days=days,
    )
