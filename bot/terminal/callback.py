"""Which callback addresses are safe to post to."""

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit

from coach.errors import CoachError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class CallbackError(CoachError):
    """The callback URL cannot be used."""


async def checked_callback(url: str) -> str:
    """The address itself, or an empty one for none. Raises `CallbackError` saying what is wrong.

    Changes hold a customer's data, so they travel by https; and an address inside our own network
    would let whoever sets it reach machines that only we can reach.
    """
    url = url.strip()
    if not url:
        return url
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise CallbackError(f"“{url}” is not an address; write https://host/path.") from error
    host = parts.hostname
    if parts.scheme not in {"http", "https"} or not host:
        raise CallbackError(f"“{url}” is not an address; write https://host/path.")
    if parts.username or parts.password:
        raise CallbackError(
            "The callback URL must not hold a user name or password; requests are signed instead."
        )
    addresses = await _addresses(host, port)
    loopback = bool(addresses) and all(address.is_loopback for address in addresses)
    if parts.scheme == "http" and not loopback:
        raise CallbackError("The callback URL must begin with https:// (http is for this machine).")
    if not loopback and any(not address.is_global for address in addresses):
        raise CallbackError(
            f"{host} is inside a private network; the callback must be reachable in public "
            "or be on this machine."
        )
    return url


async def _addresses(host: str, port: int | None) -> list[Address]:
    if host == "localhost":
        return [ipaddress.IPv4Address("127.0.0.1")]
    try:
        return [_plain(ipaddress.ip_address(host))]
    except ValueError:
        pass
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port or 443, type=socket.SOCK_STREAM
        )
    except (socket.gaierror, UnicodeError):
        # Not known from here, perhaps not yet; what cannot be reached is retried and told.
        return []
    return [_plain(ipaddress.ip_address(each[4][0])) for each in found]


def _plain(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
