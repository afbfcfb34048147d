"""Words on their way into Slack: text from a CRM stays text, whatever is written in it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from coach.wording import Span, Words

#: Line breaks and control characters.
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
#: Marks that turn the direction of all text after them.
_TURNS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
#: Halves of a character that a JSON escape can smuggle in; no encoding knows them.
_BROKEN = re.compile("[\ud800-\udfff]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
#: These format a mrkdwn text and cannot be escaped; a zero-width space after them ends their power.
_FORMATTING = frozenset("*_~`")
_SPECIAL = re.compile(f"[{''.join((*_ENTITIES, *sorted(_FORMATTING)))}]")
_NOT_IN_LINKS = re.compile(r"[\s<>|\"\\^`{}\x00-\x1f\x7f-\x9f]")

#: Longest link that is worth a place in a message; Slack takes 3,000 characters.
LONGEST_URL = 1000

#: No name is cut to fewer characters than this for the sake of the words around it.
SHORTEST = 12


def units(text: str) -> int:
    """The length as Slack may count it: characters beyond the basic plane are two."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def one_line(text: str) -> str:
    """The text without line breaks, control characters and marks that change its direction."""
    if text.isascii() and text.isprintable() and "  " not in text:
        # So is most of what is written, a dozen times a message.
        return text
    return _BROKEN.sub("\ufffd", _BREAKS.sub(" ", _TURNS.sub("", text)))


def unbroken(text: str) -> str:
    """The text without NUL, and with a sign in the place of each half of a character."""
    return _BROKEN.sub("\ufffd", text).replace("\x00", "")


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
    return _to_a_word("".join(kept), character) + "…"


def _to_a_word(kept: str, following: str) -> str:
    """What is kept of a text, without the piece of a word at its end where that is not much."""
    space = -1 if following.isspace() else kept.rfind(" ")
    return (kept[:space] if space > len(kept) * 0.6 else kept).rstrip(" ,;:–·")


def escaped(text: str, most: int = 3000) -> str:
    """The text for a mrkdwn string: no mention, link or formatting can be made of it.

    At most `most` characters after escaping; an entity is never cut.
    https://docs.slack.dev/messaging/formatting-message-text
    """
    line = one_line(text)
    if line.isascii() and len(line) <= most and not _SPECIAL.search(line):
        return line
    kept: list[str] = []
    used = 0
    for character in line:
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


def shorter(words: Words, most: int) -> Words:
    """The words in at most `most` characters.

    What is not the coach's own is shortened first, the longest most of all, so that a name of
    whatever length leaves the sentence around it whole.
    """
    flat = [replace(span, text=one_line(span.text)) for span in words]
    ours = sum(units(span.text) for span in flat if span.ours)
    others = [units(span.text) for span in flat if not span.ours]
    each = _share(others, most - ours)
    if len(flat) > 1:
        each = min(each, most // 2)
    each = max(each, SHORTEST)
    kept: list[Span] = []
    left = most
    for span in flat:
        text = span.text if span.ours else shortened(span.text, each)
        if units(text) > left:
            if left > 1:
                kept.append(replace(span, text=shortened(text, left)))
            break
        left -= units(text)
        kept.append(replace(span, text=text))
    return tuple(kept)


def _share(lengths: Sequence[int], room: int) -> int:
    """How long each may be at most, so that all of them fit the room."""
    for place, length in enumerate(sorted(lengths)):
        each = room // (len(lengths) - place)
        if length > each:
            return each
        room -= length
    return max(lengths, default=0)


def rich(
    words: Iterable[Span], *, links: bool = True, bold: bool = False
) -> list[dict[str, object]]:
    """The words as elements of a rich_text section, in which no markup is ever read."""
    runs: list[Span] = []
    for span in words:
        text, url = one_line(span.text), safe_url(span.url) if links else None
        if runs and url is None and runs[-1].url is None:
            # Side by side they are one text.
            runs[-1] = Span(runs[-1].text + text)
        else:
            runs.append(Span(text, url))
    style = {"style": {"bold": True}} if bold else {}
    return [
        {"type": "link", "url": run.url, "text": run.text, **style}
        if run.url
        else {"type": "text", "text": run.text, **style}
        for run in runs
        if run.text
    ]


def flat(words: Words) -> str:
    """The words as one line, bare."""
    return one_line("".join(span.text for span in words)).strip()
