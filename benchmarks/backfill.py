"""Taking over an account that holds much: records a second, and the most memory it took."""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks import team
from benchmarks.figures import Figure
from benchmarks.processes import HOST, ROOT, environment, started
from bot.app import make_parts
from bot.crm.providers.hubspot.calls import PAGE, TYPES, WITH_HISTORY
from bot.playground.crm.vendors.hubspot import PORTAL, SECRET, TOKEN
from storage import connections
from storage.connections import Connection
from storage.workspaces import DEFAULT

#: Records a second at least, and megabytes at most.
AIM, MOST = 1_000, 250

PEOPLE = 50


async def measure(folder: Path, *, quick: bool) -> list[Figure]:
    """Deals, and half as many contacts and tasks; the process that takes them over is another."""
    deals = 10_000 if quick else 100_000
    counts = {"deals": deals, "contacts": deals // 2, "tasks": deals // 2}
    records = sum(counts.values())
    measured = await team.make(folder, PEOPLE)
    sizes = [str(count) for count in counts.values()]
    with started("benchmarks.hubspot_server", *sizes, str(PEOPLE)) as vendor:
        url = f"http://{HOST}:{vendor.port}"
        theirs = records / await _read(url, counts)
        await _link(measured, url)
        told = await _take_over(measured)
    assert all(told["records"][kind] == count for kind, count in counts.items()), told
    ours, peak = records / told["seconds"], told["peak"]
    return [
        Figure(
            "taking over: records",
            f"{ours:,.0f}/s",
            f"{theirs:,.0f}/s",
            ours / theirs,
            f"≥ {AIM:,}/s",
            ours >= AIM,
            f"bare aiohttp and json.loads over the same pages; {records:,} records, one process",
            told,
        ),
        Figure(
            "taking over: memory at its highest",
            f"{peak:.0f} MB",
            f"{MOST} MB",
            peak / MOST,
            f"< {MOST} MB",
            peak < MOST,
            "the aim",
        ),
    ]


async def _read(url: str, counts: dict[str, int]) -> float:
    """Seconds in which the same pages are read one after another, and nothing done with them."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    begun = time.perf_counter()
    async with aiohttp.ClientSession(trust_env=False, headers=headers) as http:
        for type_ in TYPES.values():
            query = {"properties": ",".join(type_.properties), "limit": str(PAGE)}
            if type_.history:
                query |= {"limit": str(WITH_HISTORY), "propertiesWithHistory": type_.history}
            if type_.associations:
                query["associations"] = ",".join(type_.associations)
            read = 0
            while True:
                path = f"{url}/crm/v3/objects/{type_.plural}"
                async with http.get(path, params=query) as answer:
                    page = json.loads(await answer.read())
                read += len(page["results"])
                if "paging" not in page:
                    break
                query["after"] = page["paging"]["next"]["after"]
            assert read == counts[type_.plural]
    return time.perf_counter() - begun


async def _link(measured: team.Team, url: str) -> None:
    linked = Connection(
        DEFAULT, "hubspot", "hubspot", "token-of-a-link-0123456789", (), "", url,
        account_id=PORTAL, access={"token": TOKEN, "client_secret": SECRET},
    )  # fmt: skip
    parts = make_parts(team.settings(measured.path, measured.key, measured.url))
    async with parts.database.write() as tx:
        await connections.save(tx, parts.seal, linked, parts.clock.now())
    await parts.database.close()


async def _take_over(measured: team.Team) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.taking_over", "hubspot"),
        cwd=ROOT, env=environment(measured.environment()), stdout=PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError("It was not taken over; the lines above say why.")
    told: dict[str, Any] = json.loads(said)
    return told
