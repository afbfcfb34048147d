"""How often somebody has come lately: kept in mind alone, and bounded itself."""

import ipaddress
from collections import OrderedDict, deque
from datetime import datetime, timedelta


class Visits:
    """Counts who comes, by whatever tells them apart; each may come so often within so long."""

    def __init__(self, most: int, within: timedelta, kept: int = 10_000) -> None:
        self._most = most
        self._within = within
        self._kept = kept
        self._came: OrderedDict[str, deque[datetime]] = OrderedDict()

    def may(self, who: str, now: datetime) -> bool:
        """Whether they may come once more, which counts then."""
        came = self._came.setdefault(who, deque(maxlen=self._most))
        self._came.move_to_end(who)
        if len(self._came) > self._kept:
            self._came.popitem(last=False)
        while came and came[0] <= now - self._within:
            came.popleft()
        if len(came) >= self._most:
            return False
        came.append(now)
        return True


def address_of(host: str | None, bits: int = 64) -> str:
    """An address as one of somebody: whoever has one of IPv6 has a whole network of them.

    A household or a company may have many of 64 bits: all within one of 48 (RFC 6177).
    """
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return host or ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, bits), strict=False))
    return str(address)
