"""`coach owners`: lists the owners that CRMs name, and ties them to people by hand."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.coaching.claiming import OwnerError, UnknownOwnerError, find, join
from bot.importing.columns import compact
from bot.importing.reading import read
from bot.runtime.parts import Parts
from bot.runtime.settings import Settings
from bot.terminal.harmless import harmless
from bot.terminal.session import opened
from coach.events import Owner, OwnerKey, normalised
from coach.models import Person
from coach.owners import shown
from coach.phrases import counted
from coach.wording import plain
from storage import owned, owners, people, workspaces
from storage.database import Tx
from storage.owned import Owned

#: How wide a table may be where there is no edge at which a row would have to be folded.
WIDE = 200

#: How many keys are told that are nearly what was typed.
NEAR = 5

#: Names of columns, compared without case, spaces and signs.
_EMAIL = ("email", "address", "emailaddress", "owneremail", "useremail", "slackemail")
_KEYS = {
    "key": "", "ownerkey": "", "owner": "",
    "id": "id:", "ownerid": "id:", "userid": "id:",
    "name": "name:", "ownername": "name:", "username": "name:", "fullname": "name:",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """One owner and the address of who that is; `line` is where the file says so."""

    key: str
    email: str
    line: int | None = None


async def show(settings: Settings, *, as_json: bool) -> None:
    """Print every owner."""
    async with opened(settings) as parts, parts.database.read() as tx:
        found = await owned.every(tx, parts.workspace_id)
    if as_json:
        typer.echo(json.dumps([_row(each) for each in found], ensure_ascii=False, indent=2))
        return
    if not found:
        typer.echo("No CRM has named an owner so far.")
        return
    console = Console(highlight=False)
    table = Table(show_lines=False)
    for name in ("owner", "in Slack", "keys", "open deals", "tasks", "leads", "insights"):
        table.add_column(name, overflow="fold")
    for each in found:
        cells = [
            each.person.name,
            each.person.slack_user_id or "nobody yet",
            ", ".join(shown(key) for key in each.keys),
            *(f"{count:,}" for count in (each.deals, each.tasks, each.leads, each.insights)),
        ]
        table.add_row(*(Text(harmless(cell)) for cell in cells))
    (console if console.is_terminal else Console(highlight=False, width=WIDE)).print(table)
    for each in found:
        if each.shared:
            names = ", ".join(shown(key) for key in each.shared)
            typer.echo(harmless(f"{each.person.name} is one of several who bear {names}."))


def _row(each: Owned) -> dict[str, Any]:
    person = each.person
    return {
        "person_id": person.id,
        "name": person.name,
        "email": person.email,
        "slack_user_id": person.slack_user_id,
        "enrolment": person.enrolment.value,
        "keys": [
            {
                "key": shown(key),
                "connection_id": key.connection_id or None,
                "kind": key.kind,
                "value": key.value,
                "shared": key in each.shared,
            }
            for key in each.keys
        ],
        "open_deals": each.deals,
        "pending_tasks": each.tasks,
        "leads": each.leads,
        "open_insights": each.insights,
    }


async def link(settings: Settings, key: str | None, email: str | None, csv: Path | None) -> None:
    """Tie one owner, or all of a file. Raises `OwnerError`, having done nothing."""
    if csv is not None:
        if key is not None or email is not None:
            raise OwnerError("Give a key and an address, or --csv FILE, not both.")
        pairs = read_pairs(csv)
    elif key is not None and email is not None:
        pairs = [Pair(key, email)]
    else:
        raise OwnerError(
            "Say which owner is who, as in `coach owners link hubspot/id:77 ana@example.com`, "
            "or give --csv FILE."
        )
    async with opened(settings) as parts:
        said = await tie(parts, pairs)
    for sentence in said:
        typer.echo(harmless(sentence))
    if csv is None:
        return
    done = counted(
        "{count} owner is known by address now.",
        "{count} owners are known by address now.",
        "count",
        count=len(pairs),
    )
    typer.echo(plain(done))


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a file. Raises `OwnerError`, or `FileError` for what is no CSV file at all."""
    sheet = read(path)
    names = [compact(name) for name in sheet.header]
    email = next((place for place, name in enumerate(names) if name in _EMAIL), None)
    key = next((place for place, name in enumerate(names) if name in _KEYS), None)
    of = names.index("connection") if "connection" in names else None
    if email is None or key is None:
        raise OwnerError(
            f"{path} needs the columns `key` (or `id`, or `name`) and `email`; it has "
            f"{', '.join(sheet.header)}."
        )
    pairs = []
    for row in sheet.rows:
        cells = [cell.strip() for cell in row.cells] + [""] * len(names)
        owner = cells[key] and f"{_KEYS[names[key]]}{cells[key]}"
        if owner and of is not None and cells[of]:
            owner = f"{cells[of]}/{owner}"
        pairs.append(Pair(owner, cells[email], row.line))
    return pairs


async def tie(parts: Parts, pairs: Sequence[Pair]) -> list[str]:
    """Tie all of them; returns what came of each.

    Raises `OwnerError` with what is wrong in every line, none done.
    """
    said: list[str] = []
    faults: list[str] = []
    unknown = False
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, parts.workspace_id)
        for pair in pairs:
            try:
                said.append(await _tie(parts, tx, pair))
            except OwnerError as error:
                unknown = unknown or isinstance(error, UnknownOwnerError)
                told = str(error)
                faults.append(told if pair.line is None else f"line {pair.line}: {told}")
        if not faults:
            return said
        how = f" {await _which(parts, tx, pairs)}" if unknown else ""
        if pairs[0].line is None:
            raise OwnerError(faults[0] + how)
        more = f" And {len(faults) - 20} more." if len(faults) > 20 else ""
        raise OwnerError(f"Nothing was changed. {' '.join(faults[:20])}{more}{how}")


async def _which(parts: Parts, tx: Tx, pairs: Sequence[Pair]) -> str:
    """Which owners there are: those whose keys are nearly what was typed, and where all stand."""
    near: list[str] = []
    if len(pairs) == 1:
        spelt: dict[str, list[str]] = {}
        for key in await owners.keys(tx, parts.workspace_id):
            spelt.setdefault(key.value, []).append(shown(key))
        # A wrong connection or kind is as likely as a wrong letter.
        typed = re.split("[:/]", normalised(pairs[0].key))[-1]
        near = [key for each in get_close_matches(typed, spelt) for key in spelt[each]][:NEAR]
    return (f"Nearest: {', '.join(near)}. " if near else "") + "`coach owners` lists all."


async def _tie(parts: Parts, tx: Tx, pair: Pair) -> str:
    if not pair.key:
        raise OwnerError("It names no owner.")
    owner = Owner.of(email=pair.email)
    if owner is None or "@" not in (owner.email or "") or " " in pair.email.strip():
        raise OwnerError(f"“{pair.email}” is not an address.")
    meant = await find(tx, parts.workspace_id, pair.key)
    if meant.person_id is None:
        raise UnknownOwnerError(f"No CRM has named an owner “{pair.key}” so far.")
    before = (await people.load(tx, parts.workspace_id, [meant.person_id]))[meant.person_id]
    now = parts.clock.now()
    # An address is the same person in every connection, so that any will do.
    found = await owners.resolve(tx, parts.workspace_id, "", [owner], now, parts.new_id)
    stays = await join(parts, tx, parts.workspace_id, meant.key, found[owner])
    person = (await people.load(tx, parts.workspace_id, [stays]))[stays]
    if person.slack_user_id is None:
        await people.change(tx, parts.workspace_id, stays, email=owner.email, lookup_after=now)
    return _done(meant.key, before, owner, person)


def _done(key: OwnerKey, before: Person, owner: Owner, person: Person) -> str:
    """Which owner is known by which address now, and who that is in Slack."""
    named = shown(key) if before.name == key.value else f"{shown(key)} ({before.name})"
    if person.slack_user_id is None:
        return f"{named} is known by {owner.email} now; Slack will be asked who that is."
    return f"{named} is known by {owner.email} now: {person.name}, {person.slack_user_id} in Slack."
