"""Outbound messages: SOAP as Salesforce sends it, read with care, and answered as it wants."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from bot.crm.provider import PayloadError, Reply

#: No honest message is deeper, or has more elements: a hundred records with all of their fields.
DEPTH, ELEMENTS = 16, 50_000

_OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
_BODY = "{http://schemas.xmlsoap.org/soap/envelope/}Body"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"

# No step of these is ever taken twice, whatever the body.
_SESSION = re.compile(rb"<((?:[\w.-]{1,40}:)?SessionId)\b[^<>]*>[^<]*</\1\s*>")
_OPEN_SESSION = re.compile(rb"[<:]SessionId\b[^<>]*(?<!/)>")

#: Anything else, and Salesforce sends all of it again, for a day.
ACKNOWLEDGED = Reply(
    200,
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    b'<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack>'
    b"</notificationsResponse></soapenv:Body></soapenv:Envelope>",
    {"content-type": "text/xml; charset=utf-8"},
)


@dataclass(frozen=True, slots=True)
class Notification:
    """One record in a message, as it was when the message was sent."""

    id: str
    #: `Opportunity`, `Task` and so on.
    sobject: str
    fields: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Message:
    """What one request holds."""

    organization: str
    #: Where the organization's pages are, as far as the message tells.
    host: str
    notifications: Sequence[Notification]


class _Bounded(TreeBuilder):
    """Builds what is neither too deep nor too large."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._elements = 0

    def start(self, tag: Any, attrs: Any, /) -> Element:
        self._depth += 1
        self._elements += 1
        if self._depth > DEPTH or self._elements > ELEMENTS:
            raise PayloadError("The message is nested too deep, or has too many elements.")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def is_xml(body: bytes) -> bool:
    """Whether a body is SOAP, and not the JSON of a Flow or of Apex."""
    return body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"


def without_session(body: bytes) -> bytes:
    """The body without the session it may hold, which opens the organization to whoever reads it.

    What could hide one, such as another encoding than UTF-8, is not kept at all.
    """
    if b"\x00" in body:
        return b""
    if not is_xml(body):
        return body
    without = _SESSION.sub(rb"<\1/>", body)
    return b"" if _OPEN_SESSION.search(without) else without


def read(body: bytes) -> Message:
    """The message in a body. Raises `PayloadError`: also for one that defines entities."""
    # Needed by those alone who have linked a Salesforce.
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    parser = DefusedXMLParser(target=_Bounded(), encoding="utf-8", forbid_dtd=True)
    try:
        parser.feed(body)
        root: Element = parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise PayloadError("The body is not XML that may be read.") from error
    within = root.find(_BODY)
    message = within.find(f"{_OUTBOUND}notifications") if within is not None else None
    if message is None:
        raise PayloadError("There are no notifications: this is no outbound message.")
    return Message(
        _text(message, "OrganizationId"),
        urlsplit(_text(message, "EnterpriseUrl").partition("?")[0][:500]).netloc
        if _text(message, "EnterpriseUrl").startswith("https://")
        else "",
        [_notification(each) for each in message.findall(f"{_OUTBOUND}Notification")],
    )


def _text(element: Element, name: str) -> str:
    return (element.findtext(f"{_OUTBOUND}{name}") or "").strip()


def _notification(element: Element) -> Notification:
    record = element.find(f"{_OUTBOUND}sObject")
    if record is None:
        return Notification(_text(element, "Id"), "", {})
    fields = {
        child.tag.rpartition("}")[2]: None if child.get(_NIL) == "true" else child.text
        for child in record
    }
    return Notification(_text(element, "Id"), record.get(_TYPE, "").rpartition(":")[2], fields)
