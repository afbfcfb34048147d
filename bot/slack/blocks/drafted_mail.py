"""A mail to copy: bare text in which no markup is read, and a link that opens it to be sent."""

import re
from urllib.parse import quote, urlencode

from bot.slack.blocks.pieces import Json
from bot.slack.blocks.text import flat, one_line, rich, shorter, units
from coach.phrases import say
from coach.screens import DraftedMail
from coach.wording import Voice, plain, words

#: Longest link: mail programs take about so much, Slack 3,000 characters.
MOST_LINK = 2000

#: Addresses in which no mail program sees a second one, or a field of its own (RFC 6068).
_ADDRESS = re.compile(r"[^\s@<>(),:;\\\"\[\]%?&#=]{1,64}@[^\s@<>(),:;\\\"\[\]%?&#=]{1,189}")


def mail_block(mail: DraftedMail, voice: Voice, share: float = 1.0) -> Json:
    """Its subject and text, each to be marked and copied by itself."""
    most = int(120 * share) + 20
    subject = flat(shorter(words(mail.subject, voice), most))
    body = "\n\n".join(
        "\n".join(flat(shorter(words(each, voice), most)) for each in paragraph)
        for paragraph in mail.body
    )
    to = _address(mail.to)
    heading = rich(words(say("A mail to copy"), voice), bold=True)
    if to is not None:
        said = words(say("To {email}, with the subject:", email=to), voice)
    else:
        said = words(say("Its subject:"), voice)
    parts = [
        _section([*heading, {"type": "text", "text": "\n"}, *rich(said)]),
        _preformatted(subject),
        _section(rich(words(say("Its text:"), voice))),
        _preformatted(body),
    ]
    if to is not None:
        label = plain(say("Open it in your mail program"), voice)
        parts.append(_section([{"type": "link", "url": mailto(to, subject, body), "text": label}]))
    return {"type": "rich_text", "elements": parts}


def mailto(to: str, subject: str, body: str) -> str:
    """A link to a mail with this subject and text; without the text where that is too long.

    https://www.rfc-editor.org/rfc/rfc6068
    """
    address = "mailto:" + quote(to, safe="@")
    for fields in ({"subject": subject, "body": body.replace("\n", "\r\n")}, {"subject": subject}):
        # Mail programs take a plus for a plus.
        link = f"{address}?{urlencode(fields, quote_via=quote, safe='')}"
        if len(link) <= MOST_LINK:
            return link
    return address


def _address(given: str | None) -> str | None:
    """The address, if it is one and nothing else."""
    if given is None or one_line(given) != given or units(given) > 254:
        return None
    return given if _ADDRESS.fullmatch(given) else None


def _section(elements: list[Json]) -> Json:
    return {"type": "rich_text_section", "elements": elements}


def _preformatted(text: str) -> Json:
    return {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
