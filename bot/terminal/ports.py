"""Whether a port is free: asked before a server is made, so that the answer is a sentence."""

import errno
import socket

from bot.runtime.ports import refusal
from coach.errors import CoachError


def make_sure_port_is_free(host: str, port: int) -> None:
    """Raises `CoachError` when nothing could listen there."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise CoachError(f"{host} is not an address of this machine; check --host.") from error
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            if (why := refusal(port, error)) is not None:
                raise why from error
            if error.errno == errno.EADDRNOTAVAIL:
                raise CoachError(
                    f"{host} is not an address of this machine; check --host."
                ) from error
            raise
