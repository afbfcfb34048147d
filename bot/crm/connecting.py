"""Linking a CRM, whoever asks for it: on the command line or in Slack."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.coaching.connecting import ConnectError, Health, Linked
from bot.crm import backfill, fetching, linking, oauth
from bot.crm.caller import Caller
from bot.crm.parts import CrmParts
from bot.crm.provider import Provider
from bot.crm.setup import Credential, Identity, RefusedError, Setup
from bot.runtime.parts import Parts
from coach.ids import Entropy
from storage import connections, fetches, takeovers, workspaces
from storage.connections import Connection
from storage.database import Tx

#: Where `coach serve` listens when nothing else is said.
LOCAL_URL = "http://127.0.0.1:3000"

#: The provider whose events anybody can make, and so we.
NATIVE = "native"

#: How whatever posts JSON is told where to, and in which way.
POSTING = (
    (
        "In the CRM, Zapier, n8n or your script: post JSON to the webhook URL, signed as Standard "
        "Webhooks with the signing secret."
    ),
    (
        "A tool that cannot sign sends the bearer token instead; that way has no protection "
        "against a request being recorded and sent again."
    ),
)


def checked(name: str, id: str, providers: Mapping[str, Provider]) -> Provider:
    """The provider that is meant. Raises `ConnectError` for none, or an id that will not do."""
    provider = providers.get(name)
    if provider is None:
        known = ", ".join(sorted(providers))
        raise ConnectError(f"There is no provider “{name}”; choose one of: {known}.")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", id) or id == "slack":
        raise ConnectError(
            f"“{id}” cannot name a connection; use up to 40 small letters, digits, - and _."
        )
    return provider


def address_of(connection: Connection, public_url: str | None) -> str:
    """Where the CRM posts its webhooks."""
    base = (public_url or LOCAL_URL).rstrip("/")
    return f"{base}/webhooks/{connection.provider}/{connection.token}"


def new_token(entropy: Entropy) -> str:
    """An unguessable token."""
    # 192 bits, in signs that need no escaping in an address.
    return urlsafe_b64encode(entropy(24)).decode()


async def plain(
    tx: Tx,
    parts: Parts,
    providers: Mapping[str, Provider],
    workspace_id: str,
    name: str,
    id: str,
) -> tuple[Connection, bool]:
    """The connection to a CRM that takes no credentials, and whether it was made now.

    Raises `ConnectError`.
    """
    provider = checked(name, id, providers)
    await workspaces.lock(tx, parts.database, workspace_id)
    before = await connections.one(tx, parts.seal, workspace_id, id)
    if before is not None:
        return _same(before, name), False
    made = replace(_new(parts, provider, workspace_id, name, id), bearer=new_token(parts.entropy))
    await store_plain(tx, parts, providers, made)
    return made, True


async def store_plain(
    tx: Tx, parts: Parts, providers: Mapping[str, Provider], connection: Connection
) -> None:
    """Keep a connection that takes no credentials as it is now."""
    now = parts.clock.now()
    await connections.save(tx, parts.seal, connection, now)
    await fetching.stand(
        tx, providers, connection.workspace_id, connection.id, connection.provider, now
    )


async def begun(crm: CrmParts, workspace_id: str, name: str, id: str) -> tuple[Connection, bool]:
    """The connection of this id, or one to begin with that is kept nowhere yet; and whether it is.

    Raises `ConnectError`.
    """
    provider, parts = checked(name, id, crm.providers), crm.shared
    async with parts.database.read() as tx:
        before = await connections.one(tx, parts.seal, workspace_id, id)
    if before is not None:
        return _same(before, name), True
    return _new(parts, provider, workspace_id, name, id), False


def _new(parts: Parts, provider: Provider, workspace_id: str, name: str, id: str) -> Connection:
    secrets = (provider.new_secret(parts.entropy),) if provider.new_secret else ()
    return Connection(workspace_id, id, name, new_token(parts.entropy), secrets, "")


def _same(connection: Connection, name: str) -> Connection:
    if connection.provider != name:
        raise ConnectError(
            f"The connection “{connection.id}” is of provider {connection.provider}; "
            "give this one another name with --id."
        )
    return connection


def with_given(connection: Connection, given: Mapping[str, str]) -> Connection:
    """The connection with credentials that were given, in the place of a grant if there was one."""
    access = dict(connection.access)
    # The secret of its app alone may be a new one for the same grant.
    in_browser = connection.granted or oauth.withdrawn(access)
    if in_browser and given.keys() - {"client_secret"}:
        dropped = {*oauth.BROUGHT, *oauth.CLIENT}
        access = {name: value for name, value in access.items() if name not in dropped}
    return replace(connection, access={**access, **given})


def lacking(connection: Connection, setup: Setup, ours: Collection[str]) -> Sequence[Credential]:
    """What must still be given by which it can be linked; nothing, where access was granted."""
    if connection.granted:
        return ()
    there = {*connection.access, *ours}
    return [each for each in setup.credentials if each.needed and each.name not in there]


@dataclass(frozen=True, slots=True)
class Account:
    """An account that was linked, and whose it is."""

    connection: Connection
    identity: Identity
    url: str
    #: Why the vendor did not agree to send its webhooks, if it did not; all else is done.
    refusal: str | None = None
    #: Whether there was none before.
    made: bool = False


async def link(
    crm: CrmParts, caller: Caller, connection: Connection, *, kept: bool = False
) -> Account:
    """Try the credentials, keep the link and have the vendor send its webhooks.

    `kept`: whether the credentials are those that are stored. Raises `RefusedError` for some that
    do not work; then nothing was changed.
    """
    connection, identity = await linking.identify(crm, caller, connection, kept=kept)
    connection, made = await _keep(crm, connection, identity if kept else None)
    url, refusal = address_of(connection, crm.public_url), None
    if linking.setup_of(crm, connection).subscribing is not None and crm.public_url:
        try:
            connection = await linking.subscribe(crm, caller, connection, url)
        except RefusedError as error:
            refusal = str(error)
    return Account(connection, identity, url, refusal, made)


async def _keep(
    crm: CrmParts, connection: Connection, known: Identity | None
) -> tuple[Connection, bool]:
    parts, workspace_id, id = crm.shared, connection.workspace_id, connection.id
    now = parts.clock.now()
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, workspace_id)
        there = await connections.one(tx, parts.seal, workspace_id, id)
        if there is not None:
            # Linked while this was under way: the address that was told there stays.
            connection = replace(
                connection,
                token=there.token,
                secrets=there.secrets,
                subscription=there.subscription,
            )
            if known is not None:
                # Another process may have renewed meanwhile what calls are authorized with.
                access = {**there.access, **known.access}
                connection = replace(connection, access=access)
        await connections.save(tx, parts.seal, connection, now)
        # What was in trouble is looked at now: it may be mended by this.
        soon = there is not None and there.trouble is not None
        await connections.look(tx, workspace_id, id, now if soon else now + linking.DAILY)
        # What was given up for want of a permission may be read by now.
        await fetches.revive(tx, workspace_id, id, now)
        provider = crm.providers[connection.provider]
        await fetching.stand(tx, crm.providers, workspace_id, id, connection.provider, now)
        taken = await backfill.progress(tx, provider, workspace_id, id)
        if not all(each.whole for each in taken):
            await takeovers.begin(tx, workspace_id, id, now)
    return connection, there is None


async def linked(
    parts: Parts, providers: Mapping[str, Provider], workspace_id: str
) -> Sequence[Linked]:
    """Every connection of a workspace with its health, oldest first."""
    now = parts.clock.now()
    async with parts.database.read() as tx:
        every = await connections.of_workspace(tx, parts.seal, workspace_id)
        taken = {
            each.id: await backfill.progress(tx, providers[each.provider], workspace_id, each.id)
            for each in every
            if each.provider in providers
        }
    return [
        Linked(
            each.id,
            each.provider,
            each.account_id,
            each.name,
            _health(each, now),
            each.trouble,
            each.last_delivery_at,
            each.paused_until if each.paused_until and each.paused_until > now else None,
            taken.get(each.id, ()),
            known=each.provider in providers,
            testable=each.provider == NATIVE,
            granted=each.granted,
        )
        for each in every
    ]


def _health(connection: Connection, now: datetime) -> Health:
    if connection.trouble:
        return Health.TROUBLE
    if connection.paused_until is not None and connection.paused_until > now:
        return Health.PAUSED
    return Health.OK if connection.last_delivery_at else Health.SILENT
