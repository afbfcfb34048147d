"""Identities in one word: of a subject in its workspace, and of an insight."""

import hashlib
import json
from collections.abc import Mapping

from coach.models import About, Contact, Deal, Draft, Subject, SubjectKind, Task

_KINDS: Mapping[type[Subject], SubjectKind] = {
    Deal: SubjectKind.DEAL,
    Contact: SubjectKind.CONTACT,
    Task: SubjectKind.TASK,
}

#: The mark of a task that an insight speaks of as done, and not as what is to be done.
FINISHED = "finished"


def kind_of(subject: Subject) -> SubjectKind:
    """Which kind of thing it is."""
    return _KINDS[type(subject)]


def subject_key(subject: Subject) -> str:
    """One word for a subject, unique in its workspace: `deal:c1:D-17`."""
    return f"{kind_of(subject)}:{subject.connection_id}:{subject.id}"


def key_of(thing: About) -> str:
    """The `subject_key` of a thing that an insight is about."""
    return f"{thing.kind}:{thing.connection_id}:{thing.id}"


def belongs_to(subject: Subject, kind: SubjectKind) -> str | None:
    """The id of the deal or contact that a thing belongs to, if it does."""
    if kind is SubjectKind.DEAL:
        return subject.deal_id if isinstance(subject, Task) else None
    if kind is SubjectKind.CONTACT:
        return None if isinstance(subject, Contact) else subject.contact_id
    return None


def about(subject: Subject, mark: object = "") -> About:
    """That an insight is about this thing, in the state that `mark` tells."""
    return About(kind_of(subject), subject.connection_id, subject.id, str(mark))


def fingerprint(workspace_id: str, rule: str, draft: Draft) -> str:
    """The identity of an insight: rule, person, subject and occasion; 32 hexadecimal digits."""
    parts = (workspace_id, rule, draft.person_id, draft.subject, draft.occasion)
    # JSON keeps the parts apart whatever is in them: ids are a stranger's text.
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
