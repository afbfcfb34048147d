"""A team to measure with: a database with a connection and people who have started the coach."""

import asyncio
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from pydantic import SecretStr

from benchmarks.load import request
from bot.app import make_parts, prepare
from bot.crm.standard_webhooks import new_secret
from bot.playground.crm.signing import webhook_headers
from bot.runtime.parts import Parts
from bot.runtime.settings import Settings
from coach.events import Owner
from coach.models import Enrolment
from storage import connections, deliveries, owners, people, schema
from storage.connections import Connection
from storage.database import Database, Tx
from storage.workspaces import DEFAULT

BOT_TOKEN = "measured-token"
SIGNING_SECRET = "measured-signing-secret"


@dataclass(frozen=True, slots=True)
class Team:
    """Where it is kept and how it is written to."""

    #: Where SQLite keeps it; what stands beside it otherwise.
    path: Path
    key: str
    connection: Connection
    #: How many people there are; each is known by their number.
    people: int
    #: The database's address.
    url: str

    @property
    def webhook(self) -> str:
        """The path webhooks are posted to."""
        return f"/webhooks/native/{self.connection.token}"

    def environment(self, slack_api_url: str = "") -> dict[str, str]:
        """What a process needs to serve this team; with Slack when its address is given."""
        found = {
            "DATABASE_URL": self.url,
            "COACH_SECRET_KEYS": self.key,
            "COACH_LOG_LEVEL": "ERROR",
        }
        if slack_api_url:
            found |= {
                "SLACK_BOT_TOKEN": BOT_TOKEN,
                "SLACK_SIGNING_SECRET": SIGNING_SECRET,
                "SLACK_API_URL": slack_api_url,
            }
        return found

    def signed(self, bodies: Sequence[bytes], prefix: str) -> list[bytes]:
        """These bodies as signed requests, each with an id of its own."""
        secret = self.connection.secrets[0]
        return [
            request(
                self.webhook,
                webhook_headers(secret, f"{prefix}-{index}", body, time.time()),
                body,
            )
            for index, body in enumerate(bodies)
        ]


def address(number: int) -> str:
    """The email address of a person."""
    return f"seller{number}@northwind.example"


def slack_user(number: int) -> str:
    """The Slack user id of a person."""
    return f"U{number:08d}"


def settings(path: Path, key: str, url: str | None = None) -> Settings:
    """Settings for a database file, or for the database at `url`; nothing taken from outside."""
    return Settings(
        _env_file=None,
        database_url=url or f"sqlite+aiosqlite:///{path}",
        coach_secret_keys=(SecretStr(key),),
        coach_data=path.parent,
    )


async def make(folder: Path, size: int, url: str | None = None) -> Team:
    """A new database with so many people, matched to Slack and enrolled.

    A SQLite file in `folder`, or the empty database at `url`.
    """
    path, key = folder / "coach.db", Fernet.generate_key().decode()
    url = url or f"sqlite+aiosqlite:///{path}"
    parts = make_parts(settings(path, key, url))
    try:
        await schema.upgrade(parts.database)
        await prepare(parts, DEFAULT)
        connection = Connection(
            DEFAULT,
            "native",
            "native",
            token=os.urandom(16).hex(),
            secrets=(new_secret(os.urandom),),
            bearer=os.urandom(16).hex(),
        )
        async with parts.database.write() as tx:
            await connections.save(tx, parts.seal, connection, parts.clock.now())
            await _enrol(parts, tx, size)
    finally:
        await parts.database.close()
    return Team(path, key, connection, size, url)


async def settled(measured: Team) -> None:
    """Return when the worker has nothing left, or works no more."""
    database = Database(measured.url)
    try:
        before = -1
        while True:
            async with database.read() as tx:
                waiting = (await deliveries.counts(tx, DEFAULT)).get("pending", 0)
            if waiting in {0, before}:
                return
            before = waiting
            await asyncio.sleep(0.5)
    finally:
        await database.close()


async def _enrol(parts: Parts, tx: Tx, size: int) -> None:
    named = [Owner.of(email=address(number)) for number in range(size)]
    sellers = [owner for owner in named if owner is not None]
    now = parts.clock.now()
    known = await owners.resolve(tx, DEFAULT, "native", sellers, now, parts.new_id)
    for number, owner in enumerate(sellers):
        await people.change(
            tx,
            DEFAULT,
            known[owner],
            slack_user_id=slack_user(number),
            enrolment=Enrolment.STARTED.value,
            time_zone="UTC",
            lookup_after=None,
        )


def deal_event(verb: str, number: int, owner: int, **fields: Any) -> bytes:
    """A whole event about one deal, with its contact, as a CRM sends it."""
    now = datetime.now(UTC).isoformat()
    deal: Mapping[str, Any] = {
        "id": f"D-{number}",
        "title": f"Renewal no. {number} of a customer of ours",
        "stage": "Proposal",
        "status": "open",
        "value": "12000.00",
        "currency": "EUR",
        "source": "referral",
        "contact_id": f"C-{number}",
        "owner_email": address(owner),
        "created_at": now,
        **fields,
    }
    contact = {
        "id": f"C-{number}",
        "name": f"Ann Lee {number}",
        "email": f"ann{number}@acme.example",
        "status": "CUSTOMER",
    }
    body = {
        "type": verb,
        "timestamp": now,
        "owner": {"email": address(owner)},
        "data": {"deal": deal, "contact": contact},
    }
    return json.dumps(body).encode()


def won(number: int, owner: int) -> bytes:
    """A won deal: it brings its owner an insight."""
    return deal_event("deal_closed", number, owner, stage="Closed Won", status="won")


def moved(number: int, owner: int) -> bytes:
    """A deal that came to another stage: recorded, and worth no message."""
    return deal_event("deal_stage_changed", number, owner)
