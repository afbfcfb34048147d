"""Words on their way into Slack: text from a CRM stays text, whatever is written in it."""

import re
from urllib.parse import urlsplit

from coach.models import Message, Span, plain

#: Line breaks and control characters.
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
#: Marks that turn the direction of all text after them.
_TURNS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
#: Halves of a character that a JSON escape can smuggle in; no encoding knows them.
_BROKEN = re.compile("[\ud800-\udfff]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
#: These format a mrkdwn text and cannot be escaped; a zero-width space after them ends their power.
_FORMATTING = frozenset("*_~`")
_NOT_IN_LINKS = re.compile(r"[\s<>|\"\\^`{}\x00-\x1f\x7f-\x9f]")

#: Longest link that is worth a place in a message; Slack takes 3,000 characters.
LONGEST_URL = 1000


def units(text: str) -> int:
    """The length as Slack may count it: characters beyond the basic plane are two."""
    return len(text) + sum(character > "\uffff" for character in text)


def one_line(text: str) -> str:
    """The text without line breaks, control characters and marks that change its direction."""
    return _BROKEN.sub("\ufffd", _BREAKS.sub(" ", _TURNS.sub("", text)))


def shortened(text: str, most: int) -> str:
    """The text in at most `most` characters; what was cut is marked by an ellipsis."""
    if units(text) <= most:
        return text
    kept, used = [], 1
    for character in text:
        used += units(character)
        if used > most:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def escaped(text: str, most: int = 3000) -> str:
    """The text for a mrkdwn string: no mention, link or formatting can be made of it.

    At most `most` characters after escaping; an entity is never cut.
    https://docs.slack.dev/messaging/formatting-message-text
    """
    kept: list[str] = []
    used = 0
    for character in one_line(text):
        piece = _ENTITIES.get(character, character)
        if character in _FORMATTING:
            piece += "\u200b"
        used += units(piece)
        if used > most:
            while kept and used + 1 - units(piece) > most:
                used -= units(kept.pop())
            return "".join(kept).rstrip() + "…"
        kept.append(piece)
    return "".join(kept)


def safe_url(url: str | None) -> str | None:
    """The link if it may be shown: https, with a host, without a password, nothing odd in it."""
    if not url or len(url) > LONGEST_URL or _NOT_IN_LINKS.search(url):
        return None
    if _BROKEN.search(url):
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme.lower() != "https" or not host or "@" in parts.netloc:
        return None
    return url


def shorter(message: Message, most: int, *, each: int = 200) -> Message:
    """The message in at most `most` characters, each run of it in at most `each`."""
    kept: list[Span] = []
    left = most
    for span in message:
        text = shortened(one_line(span.text), each)
        if units(text) > left:
            if left > 1:
                kept.append(Span(shortened(text, left), span.url))
            break
        left -= units(text)
        kept.append(Span(text, span.url))
    return tuple(kept)


def rich(message: Message, *, links: bool = True, bold: bool = False) -> list[dict[str, object]]:
    """The message as elements of a rich_text section, in which no markup is ever read."""
    found: list[dict[str, object]] = []
    for span in message:
        text = one_line(span.text)
        if not text:
            continue
        url = safe_url(span.url) if links else None
        element: dict[str, object] = (
            {"type": "link", "url": url, "text": text} if url else {"type": "text", "text": text}
        )
        if bold:
            element["style"] = {"bold": True}
        found.append(element)
    return found


def words(message: Message) -> str:
    """The message as one line of bare words."""
    return one_line(plain(message)).strip()
