"""Keeps the playground away from real workspaces and from proxies before anything starts."""

import re
from collections.abc import Mapping, MutableMapping

from coach.errors import CoachError

_REAL_TOKEN = re.compile(r"^(xox[a-z]|xapp|xoxe)[-.]", re.IGNORECASE)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class RealTokenError(CoachError):
    """A Slack token is in the environment; take it out to run the playground."""


def refuse_real_tokens(environment: Mapping[str, str]) -> None:
    """Stop when a variable holds what looks like a Slack token, so no real team hears of a demo.

    Raises:
        RealTokenError: names the variables, never their values.
    """
    found = sorted(name for name, value in environment.items() if _REAL_TOKEN.match(value.strip()))
    if found:
        names = ", ".join(found)
        raise RealTokenError(
            f"The environment holds a Slack token in {names}. The playground stays away from real "
            f"workspaces: run it again with `env {' '.join(f'-u {name}' for name in found)}` in "
            "front of the command."
        )


def drop_proxies(environment: MutableMapping[str, str]) -> list[str]:
    """Take proxy variables out, since calls on loopback would go to the proxy; answers which.

    slack_sdk's async client uses a proxy of the environment even for loopback and ignores
    ``NO_PROXY``.
    """
    gone = [name for name in list(environment) if name.upper() in _PROXIES]
    for name in gone:
        del environment[name]
    return gone
