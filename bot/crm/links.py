"""What people in Slack may do with CRMs, done: the same steps as on the command line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from starlette.routing import Router
from starlette.types import Message

from bot.coaching.connecting import (
    Asked,
    Begun,
    ConnectError,
    FieldError,
    Linked,
    Outcome,
    Page,
    Vendor,
)
from bot.crm import connecting, granting, oauth
from bot.crm.caller import Caller
from bot.crm.connecting import NATIVE
from bot.crm.intake import Intake
from bot.crm.parts import CrmParts
from bot.crm.provider import Provider
from bot.crm.setup import Credential, OAuth, RefusedError
from bot.crm.standard_webhooks import signature
from coach.models import Ref, SubjectKind, Verb
from coach.phrases import Phrase, say
from storage import connections, lists, mirror
from storage.connections import Connection


class Links:
    """The CRMs of every workspace, for whoever may link them there; see `Connecting`.

    `api_urls` says where a vendor's API is, if not where it is for everybody; nobody in Slack can.
    """

    def __init__(
        self, crm: CrmParts, intake: Intake, api_urls: Mapping[str, str] | None = None
    ) -> None:
        self._crm = crm
        self._api_urls = api_urls or {}
        # The same way in as from outside: from the address on.
        self._door = Router(routes=intake.routes())

    async def linked(self, workspace_id: str) -> Sequence[Linked]:
        """Those that are linked, the oldest first."""
        return await connecting.linked(self._crm.shared, self._crm.providers, workspace_id)

    async def vendors(self, workspace_id: str) -> Sequence[Vendor]:
        """What can be linked, by name."""
        async with self._crm.shared.database.read() as tx:
            every = await connections.of_workspace(tx, self._crm.shared.seal, workspace_id)
        granted = {each.id: each.granted for each in every}
        found: list[Vendor] = []
        for name, provider in sorted(self._crm.providers.items()):
            setup, linked = provider.setup, granted.get(name) is False
            asked = self._asked(name, setup.credentials if setup else (), linked=linked)
            found.append(Vendor(name, provider.summary, asked, linked))
            if setup is not None and setup.oauth is not None:
                found.append(self._in_browser(name, setup.oauth, linked=granted.get(name) is True))
        return found

    def _in_browser(self, name: str, way: OAuth, *, linked: bool) -> Vendor:
        return Vendor(
            name,
            f"{way.called}, by OAuth: an app that you allow in your browser.",
            self._asked(name, oauth.credentials(way), linked=linked),
            linked,
            granting.redirect_of(self._crm, name),
        )

    def _asked(
        self, name: str, credentials: Sequence[Credential], *, linked: bool
    ) -> Sequence[Asked]:
        ours = self._crm.apps.get(name, {})
        return [
            # What is there already need not be given again.
            Asked(
                each.name,
                each.label,
                each.where,
                needed=each.needed and not linked and each.name not in ours,
            )
            for each in credentials
        ]

    async def begin(self, workspace_id: str, name: str, given: Mapping[str, str]) -> Begun:
        """A link to where access is granted in a browser. Raises `ConnectError`."""
        new = {key: value.strip() for key, value in given.items() if value.strip()}
        return await granting.begin(
            self._crm, workspace_id, name, name, new, self._api_urls.get(name)
        )

    async def link(self, workspace_id: str, name: str, given: Mapping[str, str]) -> Outcome:
        """Link an account, or give the link new credentials. Raises `ConnectError`."""
        provider = connecting.checked(name, name, self._crm.providers)
        if provider.setup is None:
            return await self._plain(workspace_id, name)
        setup = provider.setup
        connection, there = await connecting.begun(self._crm, workspace_id, name, name)
        if name in self._api_urls:
            connection = replace(connection, callback_url=self._api_urls[name])
        known = {each.name for each in setup.credentials}
        new = {key: value.strip() for key, value in given.items() if key in known and value.strip()}
        connection = connecting.with_given(connection, new)
        for each in connecting.lacking(connection, setup, self._crm.apps.get(name, {})):
            raise FieldError(each.name, say("Please fill this in."))
        async with Caller(self._crm) as caller:
            try:
                account = await connecting.link(
                    self._crm, caller, connection, kept=there and not new
                )
            except RefusedError as error:
                # Which of them is wrong no vendor says; it is hardly what everybody may see.
                secret = next((each.name for each in setup.credentials if each.secret), "")
                raise FieldError(secret, error.said) from error
        self._crm.shared.wake.ring({"fetcher", "progress"})
        connection = account.connection
        return Outcome(
            connection.id,
            name,
            connection.name or connection.account_id or "",
            made=account.made,
            paste=[(say("Webhook URL"), account.url)] if account.made else [],
            steps=setup.steps(self._crm.account(connection), account.url) if account.made else [],
            lacking=account.identity.lacking,
            subscribed=bool(connection.subscription) and account.refusal is None,
            refusal=account.refusal,
            public=bool(self._crm.public_url),
            testable=False,
        )

    async def _plain(self, workspace_id: str, name: str) -> Outcome:
        parts = self._crm.shared
        async with parts.database.write() as tx:
            connection, made = await connecting.plain(
                tx, parts, self._crm.providers, workspace_id, name, name
            )
        paste = [
            (say("Webhook URL"), connecting.address_of(connection, self._crm.public_url)),
            (say("Signing secret"), connection.secrets[0]),
            (say("Bearer token"), connection.bearer),
        ]
        return Outcome(
            connection.id,
            name,
            "",
            made=made,
            paste=paste if made else [],
            steps=connecting.POSTING if made and name == NATIVE else [],
            lacking=(),
            subscribed=False,
            refusal=None,
            public=bool(self._crm.public_url),
            testable=name == NATIVE,
        )

    async def deals_of_links(self, workspace_id: str, urls: Sequence[str]) -> Mapping[str, Page]:
        """Which of these links are pages of deals that are known, of CRMs that are linked."""
        parts, found = self._crm.shared, dict[str, Page]()
        async with parts.database.read() as tx:
            for each in await connections.of_workspace(tx, parts.seal, workspace_id):
                provider = self._crm.providers.get(each.provider)
                left = [url for url in urls if url not in found]
                if provider is None or not left:
                    continue
                if provider.deal_of_link is None:
                    named = await lists.deals_at(tx, workspace_id, each.id, left)
                else:
                    account = self._crm.account(each)
                    ids = {url: provider.deal_of_link(account, url) for url in left}
                    there = await mirror.load(
                        tx, SubjectKind.DEAL, workspace_id, each.id, [*filter(None, ids.values())]
                    )
                    named = {
                        url: id for url, id in ids.items() if id in there and not there[id].deleted
                    }
                called = self._called(each.provider, provider)
                found |= {url: Page(Ref(each.id, id), called) for url, id in named.items()}
        return found

    def _called(self, name: str, provider: Provider) -> str:
        """What people call the CRM; of one that any may be, nothing."""
        return "" if name == NATIVE else provider.summary.partition(",")[0].rstrip(".")

    async def test(self, workspace_id: str, connection_id: str) -> Phrase:
        """Send a signed test event to the connection's own address; says what came of it.

        Raises `ConnectError` where none can be made here.
        """
        parts = self._crm.shared
        async with parts.database.read() as tx:
            connection = await connections.one(tx, parts.seal, workspace_id, connection_id)
        if connection is None:
            raise ConnectError(say("This CRM is not linked any more."))
        if connection.provider != NATIVE:
            raise ConnectError(
                say("Only the CRM itself can sign its events: change something in it.")
            )
        status, told = await self._post(connection)
        if status >= 300:
            return say("The test event was refused (HTTP {status}). {why}", status=status, why=told)
        return say(
            "The test event came in by the connection’s own address: its signature was right, and "
            "it is stored. It tells of a note about nothing and of nobody, so nobody hears of it."
        )

    async def _post(self, connection: Connection) -> tuple[int, str]:
        """Post an event as a CRM does; the status and, if any, the sentence of the answer."""
        # About nothing and of nobody: it changes no deal, contact or task.
        body = json.dumps({"type": Verb.NOTE_LOGGED, "data": {}}).encode()
        id = f"msg_test_{self._crm.shared.new_id()}".encode()
        timestamp = str(int(self._crm.wall())).encode()
        signed = signature(connection.secrets[0], id, timestamp, body)
        path = f"/webhooks/{connection.provider}/{connection.token}"
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
                (b"webhook-id", id),
                (b"webhook-timestamp", timestamp),
                (b"webhook-signature", signed),
            ],
        }
        answered: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            answered.append(message)

        await self._door(scope, receive, send)
        status = int(answered[0]["status"])
        return status, _sentence(answered[-1].get("body", b""))


def _sentence(body: bytes) -> str:
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    return str(told.get("error") or "") if isinstance(told, dict) else ""
