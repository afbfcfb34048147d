"""What the pages on CRMs say is so: what tools send is taken, and becomes what they promise."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from starlette.routing import Router
from typer.main import get_command

from bot.crm import worker
from bot.crm.intake import Intake
from bot.crm.parts import CrmParts
from bot.terminal.cli import app
from coach.models import Contact, Deal, SubjectKind, Verb
from storage import activities, mirror, people
from storage.activities import ActivityRow
from tests.world import (
    BEARER,
    CONNECTION,
    WEBHOOK_SECRET,
    WEBHOOK_TOKEN,
    WORKSPACE,
    address,
    crm_of,
    deliver,
    listening,
    plain_config,
    running_parts,
    serving,
)

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "crm"
EVERY = sorted(path.name for path in PAGES.glob("*.md"))

#: The pages of tools whose body is written by hand.
RECIPES = ["copper", "espocrm", "make", "n8n", "salesforce-flow", "zapier", "zoho"]


def text(name: str) -> str:
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def section(name: str, heading: str) -> str:
    """What stands below a heading of a page."""
    found = text(name).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert found, f"{name}.md has no section {heading!r}"
    return found


def fenced(passage: str, language: str) -> str:
    """The first block of code in that language."""
    found = re.search(rf"```{language}\n(.*?)```", passage, re.DOTALL)
    assert found, f"there is no block of {language}"
    return found[1]


def rows(passage: str) -> list[list[str]]:
    """The cells of the first table, without its head."""
    lines = passage[passage.index("\n|---") :].split("\n\n")[0].strip().splitlines()[1:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def bare(cell: str) -> str:
    """What stands between the signs of code."""
    return cell.strip().strip("`")


@dataclass
class Desk:
    """The coach's intake, over HTTP, and what it makes of what it takes."""

    crm: CrmParts
    url: str
    http: aiohttp.ClientSession

    async def post(self, body: str | bytes, **headers: str) -> tuple[int, dict[str, Any]]:
        given = headers or {"authorization": f"Bearer {BEARER}"}
        given = {name.replace("_", "-"): value for name, value in given.items()}
        async with self.http.post(self.url, data=body, headers=given) as answer:
            return answer.status, json.loads(await answer.read())

    async def happened(self) -> list[ActivityRow]:
        """What came of it, oldest first."""
        await worker.work_off(self.crm)
        async with self.crm.shared.database.read() as tx:
            return (await activities.recent(tx, WORKSPACE))[::-1]

    async def thing(self, kind: SubjectKind, id: str | None) -> Any:
        if id is None:
            return None
        async with self.crm.shared.database.read() as tx:
            return (await mirror.load(tx, kind, WORKSPACE, CONNECTION, [id])).get(id)

    async def row(self, activity: ActivityRow) -> list[str]:
        """An activity as the pages tell it."""
        deal: Deal = await self.thing(SubjectKind.DEAL, activity.deal_id)
        contact: Contact | None = await self.thing(SubjectKind.CONTACT, activity.contact_id)
        async with self.crm.shared.database.read() as tx:
            found = await people.load(tx, WORKSPACE, [deal.person_id or ""])
        owner = found[deal.person_id or ""]
        amount = f"{deal.value} {deal.currency}" if deal.currency else str(deal.value)
        named = contact.name if contact and contact.name else "–"
        whose = owner.email or owner.name
        return [f"`{activity.verb}`", deal.title, deal.status.value, amount, named, whose]


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    async with running_parts(sqlite_url) as parts:
        on = listening()
        crm = crm_of(parts)
        url = f"{address(on)}/webhooks/native/{WEBHOOK_TOKEN}"
        async with (
            serving(plain_config(Router(Intake(crm).routes())), on),
            aiohttp.ClientSession(trust_env=False) as http,
        ):
            yield Desk(crm, url, http)


# The bodies


def arriving(name: str) -> Any:
    return json.loads(fenced(section(name, "What arrives"), "json"))


def filled(name: str, *, without: str | None = None) -> Any:
    """The body with the page's examples in the places of its fields.

    Those that have `without` in their names are empty.
    """
    passage = section(name, "The body")
    body = fenced(passage, "text")
    for place, example in rows(passage):
        assert bare(place) in body, f"{place} is not in the body"
        empty = without is not None and without in place.lower()
        body = body.replace(bare(place), "" if empty else bare(example))
    return json.loads(body)


@pytest.mark.parametrize("name", RECIPES)
def test_the_body_with_its_fields_filled_in_is_what_arrives(name: str) -> None:
    assert filled(name) == arriving(name)


@pytest.mark.parametrize("name", RECIPES)
async def test_what_arrives_is_taken_and_becomes_what_the_page_says(name: str, desk: Desk) -> None:
    body = arriving(name)
    told = body.get("metadata") or body["data"]["deal"]
    id = str(body.get("entity_id") or told["id"])
    await deliver(
        desk.crm.shared,
        {
            "type": "deal_created",
            "timestamp": "2026-01-05T09:00:00Z",
            "data": {"deal": {"id": id, "stage": "Proposal", "status": "open"}},
        },
    )
    status, answer = await desk.post(fenced(section(name, "What arrives"), "json"))
    assert (status, answer) == (202, {"accepted": 1, "duplicates": 0, "rejected": []})
    _, activity = await desk.happened()
    assert [await desk.row(activity)] == rows(section(name, "What arrives"))
    # Every field of it has a place of its own.
    deal = await desk.thing(SubjectKind.DEAL, id)
    assert deal.other == {}


@pytest.mark.parametrize("name", ["make", "zapier"])
async def test_a_deal_without_a_contact_is_taken_as_well(name: str, desk: Desk) -> None:
    status, answer = await desk.post(json.dumps(filled(name, without="contact")))
    assert (status, answer["accepted"]) == (202, 1)
    (activity,) = await desk.happened()
    assert (activity.verb, activity.contact_id) == (Verb.DEAL_UPDATED, None)


@pytest.mark.parametrize("name", ["copper", "espocrm"])
async def test_a_form_that_cannot_be_written_is_refused_as_the_page_says(
    name: str, desk: Desk
) -> None:
    called = {"copper": "Copper", "espocrm": "EspoCRM"}[name]
    passage = section(name, f"What {called} sends")
    assert "answered with 400" in passage
    status, _ = await desk.post(fenced(passage, "json"))
    assert status == 400
    assert await desk.happened() == []


async def test_a_dated_body_that_is_sent_again_counts_once(desk: Desk) -> None:
    for accepted, duplicates in ((1, 0), (0, 1)):
        _, answer = await desk.post(fenced(section("zapier", "What arrives"), "json"))
        assert (answer["accepted"], answer["duplicates"]) == (accepted, duplicates)


async def test_the_sentences_are_those_that_are_answered(desk: Desk) -> None:
    table = rows(text("README").partition("<!-- answers -->")[2])
    assert len(table) >= 5
    for sent, sentence in table:
        status, answer = await desk.post(bare(sent))
        assert status == 400
        assert sentence in answer["error"]


# Signing


async def test_the_function_that_signs_is_let_in(desk: Desk) -> None:
    made: dict[str, Any] = {}
    exec(fenced(text("README").partition("<!-- run: sign -->")[2], "python"), made)
    answer = await asyncio.to_thread(made["send"], desk.url, WEBHOOK_SECRET, arriving("zoho"))
    assert answer == {"accepted": 1, "duplicates": 0, "rejected": []}


@pytest.mark.skipif(shutil.which("node") is None, reason="n8n's code is run by Node.js")
async def test_the_code_for_n8n_is_let_in(desk: Desk) -> None:
    code = fenced(text("n8n").partition("<!-- run: n8n -->")[2], "javascript")
    code = code.replace("the signing secret", WEBHOOK_SECRET)
    item = {"id": 4711, "updated_at": "2026-11-24T15:04:05Z", "title": "Straße", "stage": "Lead"}
    around = (
        f"const $input = {{ all: () => [{{ json: {json.dumps(item)} }}] }};"
        f"console.log(JSON.stringify((() => {{ {code} }})()));"
    )
    node = await asyncio.create_subprocess_exec(
        "node", "-e", around, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await node.communicate()
    [made] = [each["json"] for each in json.loads(out)]
    headers = {f"webhook-{name}": made[of] for name, of in WEBHOOK.items()}
    status, answer = await desk.post(made["body"].encode(), **headers)
    assert (status, answer["accepted"]) == (202, 1)


WEBHOOK = {"id": "id", "timestamp": "time", "signature": "signature"}


def test_the_formulas_for_make_sign_what_is_sent() -> None:
    passage = section("make", "Signed")
    for said in (
        "`{{4.id}}.{{4.time}}.{{2.json}}`",
        '`v1,{{sha256(5.text; "base64"; "the secret without whsec_"; "base64")}}`',
    ):
        assert said in passage
    assert "`{{2.json}}`" in section("make", "What to click")


# The pages


def test_every_page_is_listed_and_every_link_leads_somewhere() -> None:
    listed = re.findall(r"^\| \[([\w.-]+)\]\(\1\) \|", text("README"), re.MULTILINE)
    assert sorted(listed) == [name for name in EVERY if name != "README.md"], (
        "docs/crm/README.md lists each page; that of a provider by: python -m tests.docs.tables"
    )
    assert "(docs/crm/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EVERY)
def test_every_link_of_a_page_leads_somewhere(name: str) -> None:
    page = (PAGES / name).read_text(encoding="utf-8")
    for path, heading in re.findall(r"\]\((?!https?:)([\w./-]*)(#[\w-]+)?\)", page):
        there = (PAGES / path if path else PAGES / name).resolve()
        assert there.exists(), path
        if heading:
            titles = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading[1:] in {anchor(title) for title in titles}, heading


def anchor(title: str) -> str:
    """What GitHub calls a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("name", [name.removesuffix(".md") for name in EVERY])
def test_every_command_of_a_page_exists_with_its_options(name: str) -> None:
    commands = getattr(get_command(app), "commands", {})
    page = text(name)
    shown = "".join(re.findall(r"```\n(.*?)```", page, re.DOTALL))
    told = re.findall(r"^coach (.+)$", shown, re.MULTILINE)
    told += re.findall(r"(?<!`)`coach ([^`]+)`", page)
    for words in told:
        command, *rest = words.split()
        found = commands[command]
        known = {option for each in found.params for option in each.opts}
        within = {
            o
            for each in getattr(found, "commands", {}).values()
            for p in each.params
            for o in p.opts
        }
        assert {each for each in rest if each.startswith("--")} <= known | within, words


@pytest.mark.parametrize("name", RECIPES)
def test_every_page_says_where_to_click_how_to_try_and_what_goes_wrong(name: str) -> None:
    body = arriving(name)
    id = body.get("entity_id") or body["data"]["deal"]["id"]
    assert f"coach show activities --deal {id}\n" in section(name, "One event to try")
    assert "coach doctor" in section(name, "One event to try")
    assert section(name, "What to click").count("\n1. ") == 1
    assert section(name, "What goes wrong").count("\n- **") >= 3
    assert "README.md#what-to-tell" in text(name) or "(n8n.md)" in text(name)
