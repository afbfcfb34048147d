"""Linking an account at a vendor: whose it is, and having its webhooks sent to us."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from bot.crm.caller import Caller, Impossible, Later
from bot.crm.calls import Account
from bot.crm.parts import CrmParts
from bot.crm.setup import Identity, RefusedError, Setup, T, Talk
from storage import connections, workspaces
from storage.connections import Connection

#: How often a vendor is asked how its webhooks stand.
DAILY = timedelta(days=1)

#: How often a vendor is asked that does not answer, and how long is waited at most, in seconds.
TRIES, PATIENCE = 4, 15.0


async def insist(
    crm: CrmParts,
    caller: Caller,
    connection: Connection,
    begin: Callable[[Account], Talk[T]],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    *,
    kept: bool = True,
) -> T:
    """What comes of a talk while somebody waits for it. Raises `RefusedError`."""
    why = "no answer"
    for attempt in range(1, TRIES + 1):
        outcome = await caller.talk(connection, begin, attempt, kept=kept)
        if isinstance(outcome, Impossible):
            raise RefusedError(outcome.why)
        if not isinstance(outcome, Later):
            return outcome
        why = outcome.why
        wait = (outcome.at - crm.shared.clock.now()).total_seconds()
        if wait > PATIENCE:
            break
        if attempt < TRIES:
            await sleep(max(wait, 0.0))
    raise RefusedError(f"The CRM cannot be asked now ({why}). Try again later.")


def setup_of(crm: CrmParts, connection: Connection) -> Setup:
    """How an account of this vendor is linked."""
    setup = crm.providers[connection.provider].setup
    assert setup is not None  # noqa: S101 – who asks has seen that there is one
    return setup


async def identify(
    crm: CrmParts, caller: Caller, connection: Connection, *, kept: bool = False
) -> tuple[Connection, Identity]:
    """Try the credentials; the connection with whose account it is. Raises `RefusedError`.

    `kept`: whether they are those that are stored, and are not only being tried.
    """
    probe = setup_of(crm, connection).probe
    found = await insist(crm, caller, connection, probe, kept=kept)
    if connection.account_id not in {None, found.id}:
        raise RefusedError(
            f"These credentials are of another account ({found.id}) than the connection’s "
            f"({connection.account_id}). Give this one a name of its own with --id."
        )
    # What was renewed on the way must not be overwritten with what it was before.
    account = await caller.account(connection, kept=kept)
    renewed = account.access if isinstance(account, Account) else connection.access
    access = {**renewed, **found.access}
    known = replace(connection, account_id=found.id, name=found.name or None, access=access)
    return known, found


async def subscribe(crm: CrmParts, caller: Caller, connection: Connection, url: str) -> Connection:
    """Have the vendor send its webhooks to this address, from now on or still.

    Raises `RefusedError`; then nothing of the connection has changed here.
    """
    subscribing = setup_of(crm, connection).subscribing
    assert subscribing is not None  # noqa: S101 – who asks has seen that there is one
    agreed = await insist(
        crm, caller, connection, lambda account: subscribing.subscribe(account, url)
    )
    secrets = connection.secrets if agreed.secret is None else (agreed.secret,)
    parts, place = crm.shared, (connection.workspace_id, connection.id)
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, connection.workspace_id)
        await connections.subscribed(tx, parts.seal, *place, agreed.ids, secrets)
        after = await connections.one(tx, parts.seal, *place)
    return after or replace(connection, subscription=agreed.ids, secrets=secrets)


async def unsubscribe(crm: CrmParts, caller: Caller, connection: Connection, url: str) -> bool:
    """Have the vendor send nothing more; says whether it could be told. Raises `RefusedError`."""
    provider = crm.providers.get(connection.provider)
    subscribing = provider.setup.subscribing if provider and provider.setup else None
    if subscribing is None or not connection.subscription:
        return False
    end = subscribing.unsubscribe
    await insist(crm, caller, connection, lambda account: end(account, url))
    return True
