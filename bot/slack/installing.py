"""Installing the app in a workspace by a browser: sent to Slack, and taken back from there.

https://docs.slack.dev/authentication/installing-with-oauth. slack_sdk's stores are not used: their
states are taken back more than once in a race, know no browser, and each installing adds a row.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urljoin

from bot.coaching import planning
from bot.runtime.parts import Parts
from bot.slack import scopes
from bot.slack.blocks.pieces import Json
from bot.slack.faults import CALL_FAILED, Means, fault
from bot.slack.installed import Slack
from bot.slack.renewing import OurApp, access, ends_at
from coach.errors import CoachError
from storage import install_states, installations, workspaces
from storage.database import Tx
from storage.installations import Installation

log = logging.getLogger(__name__)

#: How long somebody has at Slack.
LASTS = timedelta(minutes=10)

#: How many may be on their way at once: whoever opens the address makes one.
TOGETHER = 2000

#: How long what a browser brings may be, in characters.
LONGEST = 2000

_AGAIN = "Open /slack/install once more."

#: What Slack says of a code that is good for nothing
#: (https://docs.slack.dev/reference/methods/oauth.v2.access).
_SPENT = frozenset(
    {"invalid_code", "code_already_used", "code_expired", "oauth_authorization_url_mismatch"}
)


class InstallError(CoachError):
    """It was not installed; the words say what to do."""

    def __init__(self, words: str, *, status: int = 400) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True, slots=True)
class Done:
    """Where it was installed."""

    name: str
    #: Whether for all teams of an organisation.
    whole: bool


def redirect_of(parts: Parts) -> str:
    """Where Slack sends the browser back to. Raises `InstallError` where that is not known.

    By the setting alone: what a request says of its host may be anybody's.
    """
    if not parts.public_url:
        raise InstallError(
            "Slack sends the browser back to the coach. Whoever runs the coach sets "
            "COACH_PUBLIC_URL to its https address, and starts it again.",
            status=503,
        )
    return f"{parts.public_url}/slack/oauth_redirect"


def _app(slack: Slack) -> OurApp:
    if slack.app is None:
        raise InstallError(
            "This coach is not installed by a browser. Whoever runs it sets SLACK_CLIENT_ID and "
            "SLACK_CLIENT_SECRET.",
            status=404,
        )
    return slack.app


async def send(slack: Slack, browser: str, *, links: bool = False) -> str:
    """The address at Slack that this browser is sent to. Raises `InstallError`.

    With `links` it is also asked for what it takes to see links to deals.
    """
    parts, app = slack.parts, _app(slack)
    redirect, state = redirect_of(parts), parts.entropy(24).hex()
    now = parts.clock.now()
    async with parts.database.write() as tx:
        await install_states.add(tx, state, browser, now + LASTS, now)
        full = await install_states.how_many(tx) > TOGETHER
        if full:
            await install_states.use(tx, state, browser, now)
    if full:
        raise InstallError("Too many are installing it just now. Try again in an hour.", status=503)
    asked = {
        "client_id": app.client_id,
        "scope": ",".join(sorted({*scopes.ASKED, *(scopes.LINKS if links else ())})),
        "redirect_uri": redirect,
        "state": state,
    }
    # https://slack.com/api/ -> https://slack.com/oauth/v2/authorize
    return f"{urljoin(parts.slack_api_url, '../oauth/v2/authorize')}?{urlencode(asked)}"


async def take_back(slack: Slack, told: Mapping[str, str], browser: str) -> Done:
    """Install it where a browser has allowed it. Raises `InstallError`."""
    parts, app = slack.parts, _app(slack)
    redirect, state, now = redirect_of(parts), told.get("state", ""), parts.clock.now()
    async with parts.database.write() as tx:
        used = bool(browser) and await install_states.use(tx, state, browser, now)
        until = None if used else await install_states.until(tx, state)
    if not used:
        raise InstallError(_strange(until is not None, until is not None and until <= now))
    if error := told.get("error"):
        raise InstallError(_denied(error))
    if not told.get("code"):
        raise InstallError(f"Slack has sent no code, so that nothing was installed. {_AGAIN}")
    try:
        brought = {"code": told["code"], "redirect_uri": redirect}
        answer = await access(slack.nobodys(), app, brought)
    except CALL_FAILED as failed:
        found = fault(failed)
        log.warning("an installation could not be taken from Slack: %s", found.code)
        raise InstallError(
            _refused(found.code, passing=found.means is Means.AGAIN),
            status=503 if found.means is Means.AGAIN else 400,
        ) from failed
    return await _store(slack, answer)


def _strange(known: bool, late: bool) -> str:
    if late:
        minutes = int(LASTS.total_seconds() // 60)
        return f"That took longer than {minutes} minutes, so that nothing was installed. {_AGAIN}"
    if known:
        return (
            "This is not the browser that was sent to Slack, or it keeps no cookies. Nothing was "
            f"installed. {_AGAIN} Come back in one and the same browser."
        )
    return (
        "Slack has sent you back with this before, or the coach has not sent you there. If the "
        f"page before said that it is installed, it is. Otherwise: {_AGAIN}"
    )


def _denied(error: str) -> str:
    if error == "access_denied":
        return (
            "You did not allow it at Slack, so that nothing was installed. If that was a mistake: "
            f"{_AGAIN} If you may not install apps, ask whoever administers your workspace."
        )
    return f"Slack did not do it ({error[:100]}), so that nothing was installed. {_AGAIN}"


def _refused(code: str, *, passing: bool) -> str:
    if passing:
        return f"Slack cannot be reached just now ({code}). {_AGAIN}"
    if code in _SPENT:
        return f"What Slack has sent along has run out or was used. Nothing was installed. {_AGAIN}"
    if code in {"bad_client_secret", "invalid_client_id"}:
        return (
            f"Slack does not know the coach by its secret ({code}). Whoever runs the coach copies "
            "Client ID and Client Secret of the app's page “Basic Information” into "
            "SLACK_CLIENT_ID and SLACK_CLIENT_SECRET."
        )
    if code == "bad_redirect_uri":
        return (
            "Slack does not know the address it is to send you back to. Whoever runs the coach "
            "enters it on the app's page “OAuth & Permissions”: COACH_PUBLIC_URL with "
            "/slack/oauth_redirect behind it."
        )
    return f"Slack did not do it ({code}), so that nothing was installed. {_AGAIN}"


async def _store(slack: Slack, answer: Json) -> Done:
    parts, now = slack.parts, slack.parts.clock.now()
    team, organisation = answer.get("team") or {}, answer.get("enterprise") or {}
    whole = bool(answer.get("is_enterprise_install"))
    id = str((organisation if whole else team).get("id") or "")
    token = str(answer.get("access_token") or "")
    if not id or not token or answer.get("token_type", "bot") != "bot":
        log.error("Slack has answered without a team or a bot's token")
        raise InstallError(f"Slack has not said where it is installed. {_AGAIN}")
    installation = Installation(
        id=id,
        bot_token=token,
        enterprise_id=str(organisation["id"]) if organisation.get("id") else None,
        team_id=None if whole else id,
        is_enterprise_install=whole,
        bot_user_id=str(answer.get("bot_user_id") or "") or None,
        scopes=tuple(each for each in str(answer.get("scope") or "").split(",") if each),
        expires_at=ends_at(answer, now),
        refresh_token=str(answer.get("refresh_token") or "") or None,
        installed_by=str((answer.get("authed_user") or {}).get("id") or "") or None,
    )
    name = str((organisation if whole else team).get("name") or id)
    async with parts.database.write() as tx:
        await installations.replace(tx, parts.seal, installation, now)
        if whole:
            await workspaces.let_in(tx, await workspaces.of_organisation(tx, id))
        else:
            await _settle(parts, tx, installation, name)
    slack.forget()
    parts.wake.ring_all()
    log.info("installed in %s (%s)", name, id)
    return Done(name, whole)


async def _settle(parts: Parts, tx: Tx, installation: Installation, name: str) -> None:
    """The team's workspace: its own, made now or come back, never one that was there for others."""
    made = await workspaces.settle(
        tx,
        installation.team_id or "",
        name,
        installation.enterprise_id,
        parts.new_id(),
        parts.clock.now(),
    )
    known = await workspaces.get(tx, made)
    if known is not None and known.administrator is None and made != workspaces.DEFAULT:
        await workspaces.change(tx, made, administrator=installation.installed_by)
    await planning.announce(parts, tx)
