"""Mails to copy: drafted from what the CRM says, and from nothing else."""

from collections.abc import Mapping
from typing import Any

from coach.models import Contact
from coach.phrases import Phrase, say
from coach.screens import DraftedMail


def drafted(params: Mapping[str, Any], contact: Contact | None, writer: str) -> DraftedMail | None:
    """The mail that an insight's `params["mail"]` names; `None` where it names none.

    It greets the contact by name where the CRM has told one, and is signed by `writer`.
    """
    made = _KINDS.get(str(params.get("mail") or ""))
    if made is None:
        return None
    subject, body = made
    name = " ".join(contact.name_given.split()) if contact else ""
    greeting = say("Hello {contact},", contact=name) if name else say("Hello,")
    end = [say("Best regards")]
    if writer.strip():
        end.append(say("{name}", name=writer))
    to = contact.email if contact else None
    return DraftedMail(to, subject, ((greeting,), *body, tuple(end)))


Body = tuple[tuple[Phrase, ...], ...]


#: Subject and paragraphs, by the word that a rule names them with.
_KINDS: Mapping[str, tuple[Phrase, Body]] = {
    "referral": (
        say("Whom else could we help?"),
        (
            (say("Thank you for choosing us."),),
            (
                say("Do you know somebody whom we could help as well?"),
                say("If so, would you put us in touch?"),
            ),
        ),
    ),
    "next_step": (
        say("Our next step"),
        (
            (say("I would like to talk with you about our next step."),),
            (say("When would it suit you?"),),
        ),
    ),
}
