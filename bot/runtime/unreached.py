"""Why somebody could not be reached over the network, in words for people."""

import errno
import socket

import aiohttp


def unreached(error: BaseException) -> str:
    """The reason, in a few words; never the whole text, which may hold an address with a token."""
    match error:
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            return "its name is not known"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "its certificate is not accepted"
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return "the proxy does not let us through"
        case TimeoutError():
            return "no answer in time"
        case aiohttp.InvalidURL():
            return "that is no address"
        case aiohttp.WSServerHandshakeError():
            return f"it answered with HTTP status {error.status}"
        case aiohttp.ClientConnectorError():
            return _of_system(error.os_error)
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            return "the connection broke off"
        case OSError():
            return _of_system(error)
        case _:
            return "what it answered cannot be read"


def _of_system(error: OSError) -> str:
    match error.errno:
        case errno.ECONNREFUSED:
            return "nothing listens there"
        case errno.EHOSTUNREACH | errno.ENETUNREACH:
            return "no way leads there"
        case errno.ETIMEDOUT:
            return "no answer in time"
        case _:
            return "the connection broke off"
