"""Access that is granted in a browser (OAuth 2.0, RFC 6749): where to send it, what comes of it.

Pure, and the same for every vendor. With `--api-url` all of it goes there, for stand-ins.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import quote, urlencode, urlsplit

from bot.crm.calls import Account, Answer, Call
from bot.crm.setup import Credential, OAuth, RefusedError, Renewing, Talk
from bot.crm.things import answered, moment, words

#: The entry of `Account.access` that tells since when what was granted is taken back.
WITHDRAWN = "withdrawn"

#: The entries that are the app's, and those that a grant has brought.
CLIENT = ("client_id", "client_secret")
BROUGHT = ("access_token", "refresh_token", "expires_at", "api_domain", WITHDRAWN)

#: So long before its end access is renewed; and how long it lasts where the vendor does not say.
EARLY, LASTS = timedelta(minutes=2), timedelta(minutes=30)

#: The longest token that is kept, in characters.
_LONGEST = 5000


def anew(provider: str, id: str) -> str:
    """How whoever may link a CRM gets a new link, for the connection of this id."""
    if id != provider:
        return f"`coach connect {provider} --id {id} --oauth`"
    return f"`/coach connect` in Slack, or `coach connect {provider} --oauth`"


def credentials(oauth: OAuth) -> Sequence[Credential]:
    """What a person gives of the app they have made."""
    return (
        Credential("client_id", "Client ID", oauth.where, secret=False),
        Credential("client_secret", "Client secret", f"beside the client ID: {oauth.where}"),
    )


def challenge(verifier: str) -> str:
    """What the vendor is shown at first of a secret that it is told in the end (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def address(oauth: OAuth, account: Account, state: str, verifier: str, redirect: str) -> str:
    """Where the browser is sent."""
    asked = {
        "response_type": "code",
        "client_id": _ours(account, "client_id"),
        "redirect_uri": redirect,
        "state": state,
    }
    if oauth.asks:
        asked["scope"] = " ".join(oauth.scopes)
    if oauth.pkce:
        asked |= {"code_challenge": challenge(verifier), "code_challenge_method": "S256"}
    return f"{_at(oauth, oauth.authorize_url, account)}?{urlencode(asked, quote_via=quote)}"


def exchange(
    oauth: OAuth, account: Account, code: str, verifier: str, redirect: str, now: datetime
) -> Talk[tuple[Mapping[str, str], Sequence[str]]]:
    """Tokens for the code with which the browser came back, and what the grant is lacking."""
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect}
    if oauth.pkce:
        asked["code_verifier"] = verifier
    answer = yield _call(oauth, account, asked)
    if not answer.ok:
        raise RefusedError(_refused(oauth, answer, redirect))
    brought = _brought(oauth, account, answer, now)
    if not brought.get("refresh_token"):
        raise RefusedError(f"{oauth.called} gave no access that lasts. Open the link once more.")
    return brought, _lacking(oauth, answer)


def renewing(oauth: OAuth) -> Renewing:
    """How what was granted is renewed; what a person has copied does not end."""
    return Renewing(due, partial(_refresh, oauth), granted)


def withdrawn(access: Mapping[str, str]) -> bool:
    """Whether what was granted was taken back at the vendor."""
    return bool(access.get(WITHDRAWN))


def is_app(account: Account, authorization: str) -> bool:
    """Whether a request is of who knows the app's id and its secret (HTTP Basic)."""
    id, secret = _ours(account, "client_id"), _ours(account, "client_secret")
    pair = base64.b64encode(f"{id}:{secret}".encode())
    scheme, _, given = authorization.partition(" ")
    same = hmac.compare_digest(given.strip().encode(), pair)
    return same and scheme.lower() == "basic" and bool(id) and bool(secret)


def granted(account: Account) -> bool:
    """Whether its access was granted in a browser."""
    return bool(account.access.get("refresh_token"))


def due(account: Account, now: datetime) -> bool:
    """Whether access has ended, or is about to."""
    ends = moment(account.access.get("expires_at"))
    return ends is None or now >= ends - EARLY


def _refresh(oauth: OAuth, account: Account, now: datetime) -> Talk[Mapping[str, str]]:
    asked = {
        "grant_type": "refresh_token",
        "refresh_token": account.access.get("refresh_token", ""),
    }
    answer = yield _call(oauth, account, asked)
    if not answer.ok:
        raise RefusedError(
            f"{oauth.called} does not renew the coach’s access any more ({_why(answer)}): it was "
            "taken away there, or has ended."
        )
    return _brought(oauth, account, answer, now)


def _call(oauth: OAuth, account: Account, asked: Mapping[str, str]) -> Call:
    headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
    id, secret = _ours(account, "client_id"), _ours(account, "client_secret")
    if oauth.basic:
        pair = base64.b64encode(f"{id}:{secret}".encode()).decode()
        headers["authorization"] = f"Basic {pair}"
    else:
        asked = {**asked, "client_id": id, "client_secret": secret}
    return Call("POST", _at(oauth, oauth.token_url, account), headers, urlencode(asked).encode())


def _ours(account: Account, name: str) -> str:
    return account.access.get(name) or account.app.get(name, "")


def _at(oauth: OAuth, url: str, account: Account) -> str:
    given = account.address if account.address != oauth.api_url else None
    return f"{given.rstrip('/')}{urlsplit(url).path}" if given else url


def _brought(oauth: OAuth, account: Account, answer: Answer, now: datetime) -> Mapping[str, str]:
    told = answered(answer)
    token = words(told.get("access_token"), _LONGEST)
    if not token:
        raise RefusedError(f"{oauth.called} gave no access, and did not say why. Try again later.")
    seconds = told.get("expires_in")
    lasts = (
        timedelta(seconds=seconds) if isinstance(seconds, int) and 0 < seconds < 10**8 else LASTS
    )
    brought = {"access_token": token, "expires_at": (now + lasts).isoformat()}
    # Where it is not told anew, the old one stays good.
    if refresh := words(told.get("refresh_token"), _LONGEST):
        brought["refresh_token"] = refresh
    return {**brought, **oauth.further(told)}


def _lacking(oauth: OAuth, answer: Answer) -> Sequence[str]:
    """What is not possible by this grant, as far as the vendor has told what it holds."""
    told = answered(answer)
    listed = told.get("scopes") if "scopes" in told else told.get("scope")
    if isinstance(listed, str):
        listed = listed.replace(",", " ").split()
    if not isinstance(listed, list) or not listed:
        return ()
    return [
        f"{without[:1].upper()}{without[1:]}: allow the app {scope} at {oauth.called}, then link "
        "it once more."
        for scope, without in oauth.scopes.items()
        if scope not in listed
    ]


def _why(answer: Answer) -> str:
    """The vendor's own words, or as much as the status says."""
    told = answered(answer)
    for name in ("error_description", "message", "error", "status"):
        if said := words(told.get(name)).rstrip("."):
            return said
    return f"HTTP {answer.status}"


def _refused(oauth: OAuth, answer: Answer, redirect: str) -> str:
    told = answered(answer)
    why = _why(answer)
    kinds = " ".join(words(told.get(name)).lower() for name in ("error", "status", "message"))
    about = f"{kinds} {why.lower()}"
    if "redirect" in about:
        return (
            f"{oauth.called} says that the redirect address is not that of the app ({why}). Enter "
            f"exactly {redirect} there ({oauth.redirects})."
        )
    if answer.status == 401 or "client" in about:
        return (
            f"{oauth.called} does not know the app ({why}). Copy its client ID and client secret "
            f"anew ({oauth.where}), and get a new link."
        )
    return (
        f"{oauth.called} did not take back what it had sent your browser with ({why}). That is "
        "good for a few minutes and once: open the link once more."
    )
