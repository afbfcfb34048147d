"""Which addresses may be called: public ones, and this machine where that was agreed to."""

import ipaddress
import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from bot.runtime.loopback import Address, is_loopback_name, plain

_NO_ADDRESS = "The address is not a whole web address."


class PrivateAddressError(OSError):
    """The name leads into a private network."""


class NoNameError(OSError):
    """No host can have such a name."""


def may_be_called(address: Address, *, loopback: bool = False) -> bool:
    """Whether an address is public; with `loopback` also whether it is this machine."""
    address = plain(address)
    if address.is_loopback:
        return loopback
    return address.is_global and not address.is_multicast


def host_of(url: str) -> str:
    """The host of an address as the HTTP client reads it; empty where there is none."""
    try:
        return URL(url).host or ""
    except ValueError:
        return ""


def refusal(url: str, *, loopback: bool) -> str | None:
    """Why an address is not called, if so, as far as it tells by itself; `Guarded` sees to names.

    With `loopback` this machine may be called, by its own names and addresses.
    """
    try:
        # The client's own reading: another's may find another host in the same signs.
        parts = URL(url)
    except ValueError:
        return _NO_ADDRESS
    host = parts.host or ""
    if parts.scheme not in {"http", "https"} or not host:
        return _NO_ADDRESS
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        # To the client such a host is an address that is not written out: the system would take
        # 10.1 for 10.0.0.1.
        if ":" in host or host.replace(".", "").isdigit():
            return _NO_ADDRESS
    else:
        if not may_be_called(literal, loopback=loopback):
            return f"{host} is inside a private network; it is not called."
    if parts.scheme == "http" and not (loopback and is_loopback_name(host)):
        return "What is not on this machine is called by https only."
    return None


class Guarded(AbstractResolver):
    """Finds addresses by name, and only such as may be called.

    Asked for the very connection that is then made: a name that means something else a moment
    later gains nothing.
    """

    def __init__(self, *, loopback: bool) -> None:
        self._resolver = DefaultResolver()
        self._loopback = loopback

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises `PrivateAddressError` when one may not be called."""
        try:
            found = await self._resolver.resolve(host, port, family)
        except UnicodeError as error:
            raise NoNameError("no name of a host") from error
        if not all(
            may_be_called(ipaddress.ip_address(each["host"]), loopback=self._loopback)
            for each in found
        ):
            raise PrivateAddressError(f"{host} is inside a private network")
        return found

    async def close(self) -> None:
        """Let go of everything."""
        await self._resolver.close()
