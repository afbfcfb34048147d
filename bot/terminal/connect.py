"""`coach connect`: link a CRM, show the link, change its callback, rotate its secrets."""

import json
import textwrap
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import typer

from bot.coaching.connecting import ConnectError
from bot.crm import connecting
from bot.crm.connecting import address_of, new_token
from bot.crm.provider import load_providers
from bot.runtime.loopback import is_loopback_name
from bot.runtime.parts import Parts
from bot.runtime.settings import Settings
from bot.terminal import granting, linking
from bot.terminal.callback import SHOWN, checked_callback
from bot.terminal.harmless import harmless
from bot.terminal.session import opened
from bot.terminal.wishes import Wish
from storage.connections import Connection


@dataclass(frozen=True, slots=True)
class Link:
    """A connection and what has just happened to it."""

    connection: Connection
    url: str
    news: tuple[str, ...]


async def connect(settings: Settings, wish: Wish, *, as_json: bool) -> None:
    """Make or change the connection and print what to paste where.

    Raises `ConnectError`.
    """
    _check_public(settings.coach_public_url)
    providers = load_providers()
    setup = connecting.checked(wish.provider, wish.id, providers).setup
    if setup is not None and granting.is_meant(wish, setup):
        await granting.grant(settings, wish, providers, as_json=as_json)
        return
    if setup is not None:
        await linking.link(settings, wish, providers, as_json=as_json)
        return
    if wish.credentials or wish.api_url is not None or wish.oauth:
        raise ConnectError(
            f"{wish.provider} takes no credentials: it is told the webhook URL and a secret."
        )
    async with opened(settings) as parts:
        link = await make(parts, wish, settings.coach_public_url)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "id": link.connection.id,
                    "url": link.url,
                    "secret": link.connection.secrets[0],
                }
            )
        )
        return
    typer.echo(described(link, public=settings.coach_public_url is not None))


def _check_public(url: str | None) -> None:
    """Raises `ConnectError` for an address by which webhooks would come in the clear."""
    if url is None:
        return
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    loopback = parts.scheme == "http" and is_loopback_name(host)
    if not host or not (parts.scheme == "https" or loopback):
        shown = harmless(url if len(url) <= SHOWN else f"{url[:SHOWN]}…")
        raise ConnectError(
            f"COACH_PUBLIC_URL is “{shown}”, and a CRM's webhooks hold customers' data: write it "
            "as https://coach.example.com, or http://localhost:port for a CRM on this machine."
        )


async def make(parts: Parts, wish: Wish, public_url: str | None) -> Link:
    """The connection after the wish. Raises `ConnectError` for one that cannot be fulfilled."""
    providers = load_providers()
    provider = connecting.checked(wish.provider, wish.id, providers)
    if wish.rotate and wish.finish:
        raise ConnectError(
            "First --rotate, then give the CRM the new secret, and only then --finish."
        )
    callback = None if wish.callback is None else await checked_callback(wish.callback)
    news: list[str] = []
    async with parts.database.write() as tx:
        # What is refused below takes it back.
        before, made = await connecting.plain(
            tx, parts, providers, parts.workspace_id, wish.provider, wish.id
        )
        after = before
        if made:
            if wish.rotate or wish.finish or wish.new_bearer:
                raise ConnectError(
                    f"There is no connection “{wish.id}” yet; make it with "
                    f"`coach connect {wish.provider}` first."
                )
            news.append("A new connection was made.")
        if wish.rotate:
            if provider.new_secret is None:
                raise ConnectError(
                    f"The signing secret of {wish.provider} is made there, not here."
                )
            after = replace(after, secrets=(provider.new_secret(parts.entropy), *after.secrets))
            news.append(
                "A new signing secret is first now; the older ones are still accepted. Give it to "
                f"the CRM, then run `coach connect {wish.provider}{_named(after)} --finish`."
            )
        if wish.finish:
            dropped = len(after.secrets) - 1
            after = replace(after, secrets=after.secrets[:1])
            news.append(
                f"The newest signing secret alone is accepted now; dropped: {dropped}."
                if dropped
                else "There was one signing secret only; nothing was dropped."
            )
        if wish.new_bearer:
            after = replace(after, bearer=new_token(parts.entropy))
            news.append("The bearer token was replaced; the old one is refused from now on.")
        if callback is not None:
            after = replace(after, callback_url=callback or None)
            news.append(
                f"Changes made in Slack are posted to {callback} from now on."
                if callback
                else "Changes made in Slack are not posted anywhere any more."
            )
        if after != before:
            await connecting.store_plain(tx, parts, providers, after)
    return Link(after, address_of(after, public_url), tuple(news))


def _named(connection: Connection) -> str:
    return "" if connection.id == connection.provider else f" --id {connection.id}"


def described(link: Link, *, public: bool) -> str:
    """What to paste where, with an example of each way to send."""
    connection = link.connection
    more = len(connection.secrets) - 1
    lines = [
        *link.news,
        *([""] if link.news else []),
        f"Connection      {connection.id} ({connection.provider})",
        f"Webhook URL     {link.url}",
        f"Signing secret  {connection.secrets[0]}"
        + (f"  (and {more} older, until --finish)" if more else ""),
        f"Bearer token    {connection.bearer}",
        f"Callback URL    {connection.callback_url or 'none: changes stay in the coach'}",
        "",
        *_HOW.get(connection.provider, _ANY),
    ]
    if not public:
        lines += [
            "",
            "This URL works on this machine only. Set COACH_PUBLIC_URL to the address by which the",
            "CRM reaches `coach serve`, and run this command again.",
        ]
    if connection.callback_url:
        lines += [
            "",
            "The callback is signed in the same way, with the same signing secret.",
        ]
    if connection.provider == "native":
        lines += ["", *_examples(link)]
    return "\n".join(lines)


_HOW = {connecting.NATIVE: textwrap.wrap(" ".join(connecting.POSTING), 95)}
_ANY = ("In the CRM's settings for webhooks: paste the webhook URL and the signing secret.",)


def _examples(link: Link) -> list[str]:
    secret = link.connection.secrets[0].removeprefix("whsec_")
    return [
        "Try it, signed:",
        "",
        '  body=\'{"type":"contact_created","data":{"contact":{"id":"C-1","name":"Ann Lee"}}}\'',
        "  id=msg_$(openssl rand -hex 12); now=$(date +%s)",
        f"  key=$(printf %s '{secret}' | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')",
        '  signature=$(printf %s "$id.$now.$body" |',
        "    openssl dgst -sha256 -mac HMAC -macopt hexkey:$key -binary | openssl base64 -A)",
        f"  curl -i '{link.url}' \\",
        "    -H 'content-type: application/json' \\",
        '    -H "webhook-id: $id" -H "webhook-timestamp: $now" \\',
        '    -H "webhook-signature: v1,$signature" -d "$body"',
        "",
        "Or with the bearer token:",
        "",
        f"  curl -i '{link.url}' \\",
        "    -H 'content-type: application/json' \\",
        f"    -H 'authorization: Bearer {link.connection.bearer}' -d \"$body\"",
    ]
