"""The ports of the playground: the same one each time, so that an open page finds it again."""

import socket

from bot.runtime.ports import PortError, refusal

HOST = "127.0.0.1"

#: Where the page is unless told otherwise. Any free one will do where it is taken.
USUAL = 8470


def listen(port: int) -> socket.socket:
    """Listen on this port of loopback; 0 is any free one. Raises `PortError`."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
        made.listen(128)
    except OSError as error:
        made.close()
        raise refusal(port, error) or PortError(
            f"Port {port} cannot be used ({error.strerror}); choose another with --port."
        ) from error
    return made


def listen_as_usual(usual: int = USUAL) -> tuple[socket.socket, str | None]:
    """Listen on the usual port, or where it is taken on another, with a sentence that says so."""
    try:
        return listen(usual), None
    except PortError:
        made = listen(0)
        port = made.getsockname()[1]
        return made, f"Port {usual} is in use by another program, so the page is at {port} today."


def address(of: socket.socket) -> str:
    """The address of what listens there."""
    return f"http://{HOST}:{of.getsockname()[1]}"
