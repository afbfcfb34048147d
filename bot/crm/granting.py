"""Linking a CRM by access that is granted in a browser: begun, sent to the vendor, and taken back.

Whoever may link a CRM gets a link (`begin`), on the command line or in Slack. The browser that
opens it (`send`) is sent to the vendor with a state, and comes back with that and a code
(`take_back`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.coaching.connecting import Begun, ConnectError, FieldError
from bot.crm import connecting, linking, oauth
from bot.crm.caller import Caller
from bot.crm.connecting import new_token
from bot.crm.parts import CrmParts
from bot.crm.setup import OAuth, RefusedError
from bot.crm.things import words
from coach.errors import CoachError
from coach.phrases import say
from storage import connections, grants, troubles, workspaces
from storage.connections import Connection
from storage.grants import Grant

#: For how long a link is good, and what comes of it.
LASTS = timedelta(minutes=30)

#: How long what a browser brings may be, in characters.
LONGEST = 2000


class GrantError(CoachError):
    """The grant cannot go on so; the words say what to do."""


@dataclass(frozen=True, slots=True)
class Done:
    """An account that was linked in a browser."""

    connection: Connection
    #: What people call it.
    name: str
    #: What came of it, in sentences.
    said: Sequence[str]
    #: What is to be clicked at the vendor.
    steps: Sequence[str]


def redirect_of(crm: CrmParts, provider: str) -> str:
    """Where the vendor sends the browser back to."""
    return f"{crm.public_url}/crm/{provider}/callback"


def oauth_of(crm: CrmParts, provider: str) -> OAuth:
    """How this vendor grants access. Raises `ConnectError` where it does not."""
    known = crm.providers.get(provider)
    if known is None or known.setup is None or known.setup.oauth is None:
        raise ConnectError(f"{provider} is not linked in a browser; see `coach connect --help`.")
    return known.setup.oauth


async def begin(
    crm: CrmParts,
    workspace_id: str,
    name: str,
    id: str,
    given: Mapping[str, str],
    api_url: str | None = None,
) -> Begun:
    """A link for whoever may link a CRM. Raises `ConnectError`.

    What is not `given` of the app is that of the connection there is, or of COACH_CRM_APPS.
    """
    asked = oauth_of(crm, name)
    if not crm.public_url:
        raise ConnectError(
            f"{asked.called} sends the browser back to the coach: set COACH_PUBLIC_URL to its "
            "address, start `coach serve` with it, and try again."
        )
    connection, _ = await connecting.begun(crm, workspace_id, name, id)
    # The secret of an app that was copied may be of another app than the id.
    in_browser = connection.granted or oauth.withdrawn(connection.access)
    before = connection.access if in_browser else {}
    ours = crm.apps.get(name, {})
    client = {each: given.get(each) or before.get(each) or "" for each in oauth.CLIENT}
    for each in oauth.credentials(asked):
        if not client[each.name] and not ours.get(each.name):
            raise FieldError(
                each.name,
                say(
                    "{vendor} needs the {what} of your app; it is {where}.",
                    vendor=asked.called,
                    what=each.label.lower().replace("id", "ID"),
                    where=each.where,
                ),
            )
    parts = crm.shared
    now, link = parts.clock.now(), new_token(parts.entropy)
    grant = Grant(
        workspace_id,
        id,
        name,
        now + LASTS,
        {key: value for key, value in client.items() if value},
        new_token(parts.entropy) + new_token(parts.entropy),
        api_url or connection.callback_url,
    )
    async with parts.database.write() as tx:
        await grants.add(tx, parts.seal, grant, link, now)
    return Begun(
        f"{crm.public_url}/crm/{name}/connect?link={link}",
        link,
        grant.expires_at,
        asked.called,
        redirect_of(crm, name),
        asked.redirects,
    )


async def send(crm: CrmParts, provider: str, link: str, browser: str) -> str:
    """Where the browser that has opened a link is sent. Raises `GrantError`."""
    asked = oauth_of(crm, provider)
    parts = crm.shared
    now, state = parts.clock.now(), new_token(parts.entropy)
    async with parts.database.write() as tx:
        grant = await grants.open_link(
            tx, parts.seal, provider, link, browser=browser, state=state, now=now
        )
        known = grant or await grants.by_link(tx, parts.seal, link)
    if grant is None:
        raise GrantError(_closed(known, provider, now))
    account = crm.account(_asking(grant, Connection("", "", provider, "", (), "")))
    return oauth.address(asked, account, state, grant.verifier, redirect_of(crm, provider))


def _new_link(grant: Grant | None, provider: str) -> str:
    return f"Get a new link: {oauth.anew(provider, grant.connection_id if grant else provider)}."


def _closed(grant: Grant | None, provider: str, now: datetime) -> str:
    if grant is None or grant.provider != provider:
        return f"The coach has not made this link. {_new_link(None, provider)}"
    again = _new_link(grant, provider)
    if grant.linked:
        return f"This link has served: the account is linked. To allow it anew: {again}"
    if grant.expires_at <= now:
        return f"This link has run out. {again}"
    return f"This link was opened in another browser before, and is good there only. {again}"


def _asking(grant: Grant, connection: Connection) -> Connection:
    """The connection as it asks for tokens: with the app's secrets, and with nothing else."""
    return replace(connection, access=dict(grant.client), callback_url=grant.api_url)


async def take_back(crm: CrmParts, provider: str, told: Mapping[str, str], browser: str) -> Done:
    """Link the account that a browser has come back from. Raises `GrantError`."""
    asked = oauth_of(crm, provider)
    parts = crm.shared
    now, state = parts.clock.now(), told.get("state", "")
    async with parts.database.write() as tx:
        grant = await grants.come_back(
            tx, parts.seal, provider, browser=browser, state=state, now=now
        )
        known = grant or await grants.by_state(tx, parts.seal, state)
    if grant is None:
        raise GrantError(_strange(known, asked, provider, now))
    try:
        done = await _link(crm, asked, grant, told)
    except (GrantError, ConnectError, RefusedError) as error:
        await _tell(crm, state, str(error), linked=False)
        raise GrantError(error.said) from error
    await _tell(crm, state, " ".join(done.said), linked=True)
    parts.wake.ring({"fetcher", "watch"})
    return done


async def withdraw(crm: CrmParts, provider: str, authorization: str, body: bytes) -> bool:
    """Drop what was granted and was taken back at the vendor, who tells of it; it is trouble.

    Says whether it is the vendor who tells: it knows the app's secret. Raises `PayloadError`.
    """
    asked = oauth_of(crm, provider)
    told = asked.withdrawal(body) if asked.withdrawal else None
    if told is None:
        return False
    parts = crm.shared
    async with parts.database.read() as tx:
        known = await connections.by_account(tx, parts.seal, provider, told.account)
    mine = [each for each in known if oauth.is_app(crm.account(each), authorization)]
    for each in mine:
        # Somebody else's access to the same account is not what the coach has.
        if each.granted and each.access.get("user_id", told.user) == told.user:
            await _drop(crm, each, asked)
    return bool(mine)


async def _drop(crm: CrmParts, connection: Connection, asked: OAuth) -> None:
    parts, place = crm.shared, (connection.workspace_id, connection.id)
    now = parts.clock.now()
    gone = dict.fromkeys(("access_token", "refresh_token", "expires_at"), "")
    why = (
        f"The app was removed at {asked.called}, which takes the coach’s access away. Grant it "
        f"anew: {oauth.anew(connection.provider, connection.id)}."
    )
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, connection.workspace_id)
        dropped = {**gone, oauth.WITHDRAWN: now.isoformat()}
        await connections.renew(tx, parts.seal, *place, dropped)
        await troubles.found(tx, *place, why, now)
    parts.wake.trouble.set()


async def _tell(crm: CrmParts, state: str, outcome: str, *, linked: bool) -> None:
    async with crm.shared.database.write() as tx:
        await grants.tell(tx, state, outcome, linked=linked)


def _strange(grant: Grant | None, asked: OAuth, provider: str, now: datetime) -> str:
    if grant is None or grant.provider != provider:
        return (
            f"{asked.called} has sent back a state that the coach has not given it, or that a "
            f"later one has replaced. Nothing was linked. {_new_link(None, provider)}"
        )
    if grant.came_back_at is not None:
        under_way = (
            "It is still being worked on. Reload this page in a minute; if it says the same then, "
            "open the link once more."
        )
        return f"{asked.called} has sent you back with this before: {grant.outcome or under_way}"
    again = _new_link(grant, provider)
    if grant.expires_at <= now:
        return f"That took longer than the link is good for. {again}"
    return (
        "This is not the browser that was sent there, or it keeps no cookies. Open the link and "
        f"come back in one and the same browser. {again}"
    )


async def _link(crm: CrmParts, asked: OAuth, grant: Grant, told: Mapping[str, str]) -> Done:
    if error := words(told.get("error")):
        raise GrantError(_denied(asked, error, words(told.get("error_description"))))
    code = told.get("code", "")
    if not code:
        raise GrantError(f"{asked.called} has sent no code. Open the link once more.")
    connection, _ = await connecting.begun(
        crm, grant.workspace_id, grant.provider, grant.connection_id
    )
    redirect, now = redirect_of(crm, grant.provider), crm.shared.clock.now()
    async with Caller(crm) as caller:
        brought, lacking = await linking.insist(
            crm,
            caller,
            _asking(grant, connection),
            lambda account: oauth.exchange(asked, account, code, grant.verifier, redirect, now),
            kept=False,
        )
        setup = linking.setup_of(crm, connection)
        # Of two ways to be let in, one counts.
        dropped = {*oauth.BROUGHT, *oauth.CLIENT, *(each.name for each in setup.credentials)}
        kept = {name: value for name, value in connection.access.items() if name not in dropped}
        account = await connecting.link(
            crm,
            caller,
            replace(
                connection,
                access={**kept, **grant.client, **brought},
                callback_url=grant.api_url,
            ),
        )
    connection = account.connection
    name = connection.name or connection.account_id or grant.provider
    probed = [each for each in account.identity.lacking if not _told(each, asked, lacking)]
    said = [f"{name} is linked as “{connection.id}”.", *lacking, *probed]
    if account.refusal is not None:
        said.append(f"{account.refusal} All else is done; link it once more then.")
    elif connection.subscription:
        said.append("It sends its webhooks to the coach from now on.")
    return Done(connection, name, said, setup.steps(crm.account(connection), account.url))


def _told(sentence: str, asked: OAuth, lacking: Sequence[str]) -> bool:
    """Whether that a scope is lacking is said already."""
    return any(
        scope in sentence and any(scope in each for each in lacking) for scope in asked.scopes
    )


def _denied(asked: OAuth, error: str, description: str) -> str:
    if error in {"access_denied", "user_denied"}:
        return (
            f"You did not allow it at {asked.called}, so that nothing was linked. If that was a "
            "mistake, open the link once more."
        )
    if "scope" in error:
        return (
            f"{asked.called} does not let the app have what the coach asks for. Allow it these "
            f"scopes: {', '.join(asked.scopes)} ({asked.where}). Then open the link once more."
        )
    if "redirect" in f"{error} {description}":
        return (
            f"{asked.called} does not know the redirect address. Enter it there as the coach told "
            f"it ({asked.redirects}), and open the link once more."
        )
    said = description or error
    return f"{asked.called} did not do it ({said}). Open the link once more, or try again later."
