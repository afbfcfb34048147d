"""Which callback addresses can be set: those that will be called."""

from yarl import URL

from bot.crm.addresses import Guarded, PrivateAddressError, host_of, refusal
from bot.runtime.loopback import is_loopback_name
from bot.terminal.harmless import harmless
from coach.errors import CoachError

_HOW = "Write https://host/path, or http://localhost:port/path for a CRM on this machine."

#: What the address is called that is checked, when nothing else is said.
CALLBACK = "callback URL"

#: Of what was typed, so much is said back.
SHOWN = 100


class CallbackError(CoachError):
    """The callback URL cannot be used."""


async def checked_callback(url: str, called: str = CALLBACK) -> str:
    """The address itself, or an empty one for none. Raises `CallbackError` saying what is wrong.

    What the caller would refuse later is refused here. Changes hold a customer's data, so they
    travel by https; and an address inside our own network would let whoever sets it reach machines
    that only we can reach.
    """
    url = url.strip()
    if not url:
        return url
    host = host_of(url)
    loopback = is_loopback_name(host)
    if (why := refusal(url, loopback=loopback)) is not None:
        shown = harmless(url if len(url) <= SHOWN else f"{url[:SHOWN]}…")
        raise CallbackError(f"The {called} “{shown}” cannot be used. {why} {_HOW}")
    if URL(url).raw_user is not None or URL(url).raw_password is not None:
        raise CallbackError(f"The {called} must not hold a user name or password.")
    resolver = Guarded(loopback=loopback)
    try:
        await resolver.resolve(host)
    except PrivateAddressError as error:
        raise CallbackError(f"{error}; it is not called. {_HOW}") from error
    except OSError:
        # Not known from here, perhaps not yet; what cannot be reached is retried and told.
        pass
    finally:
        await resolver.close()
    return url
