"""Which addresses are this machine, however they are written."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: IPv4 addresses in IPv6's clothes, for networks that have IPv6 only (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def plain(address: Address) -> Address:
    """The address that is really meant: IPv4 addresses are written in several ways as IPv6."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def is_loopback_name(host: str) -> bool:
    """Whether a host is this machine by its very name, whatever anybody's name server says."""
    try:
        return plain(ipaddress.ip_address(host)).is_loopback
    except ValueError:
        return host.lower() == "localhost"
