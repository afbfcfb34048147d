"""Of which things alone some rules ever speak."""

from datetime import timedelta
from typing import TypeGuard

from coach.knowledge import Dealings
from coach.models import Contact, Deal, DealStatus, Subject


def is_open_deal(subject: Subject) -> TypeGuard[Deal]:
    """A deal that is in play."""
    if not isinstance(subject, Deal) or subject.deleted:
        return False
    return subject.status is DealStatus.OPEN


def is_lead(subject: Subject) -> TypeGuard[Contact]:
    """A contact who has not bought yet."""
    return isinstance(subject, Contact) and subject.is_lead and not subject.deleted


#: Who is spoken to so soon after a deal was lost is mostly asked why.
LAST_WORD = timedelta(days=14)


def is_hoped_for(lead: Contact, dealings: Dealings | None) -> bool:
    """Whether a lead may still buy, by the deals there are with them.

    With whom a deal was won is a client. Who has said no is let go, until they have a deal again or
    somebody takes up the conversation.
    """
    if dealings is None:
        return True
    if dealings.won or not dealings.lost:
        return not dealings.won
    spoken, lost = lead.last_contacted_at, dealings.lost_at
    return spoken is not None and lost is not None and spoken > lost + LAST_WORD
