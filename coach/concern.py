"""Of which things alone some rules ever speak."""

from typing import TypeGuard

from coach.models import Contact, Deal, DealStatus, Subject


def is_open_deal(subject: Subject) -> TypeGuard[Deal]:
    """A deal that is in play."""
    if not isinstance(subject, Deal) or subject.deleted:
        return False
    return subject.status is DealStatus.OPEN


def is_lead(subject: Subject) -> TypeGuard[Contact]:
    """A contact who has not bought yet."""
    return isinstance(subject, Contact) and subject.is_lead and not subject.deleted
