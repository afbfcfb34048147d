"""A process that takes over an account, then tells as JSON how long it took and what it held."""

import json
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import uvloop

from bot.app import make_parts
from bot.crm import backfill, fetching
from bot.crm.caller import Caller
from bot.crm.calls import Pace
from bot.crm.parts import CrmParts
from bot.crm.provider import load_providers
from bot.runtime import collecting
from bot.runtime.redacting import quiet_logs
from bot.runtime.settings import Settings
from storage.workspaces import DEFAULT


async def run(connection_id: str) -> None:
    """Look up what is due until everything was taken over, as the fetcher of `coach serve` does."""
    settings = Settings(_env_file=None)
    quiet_logs(settings.coach_log_level)
    providers = load_providers()
    # What the vendor allows is less than what is measured.
    unbounded = Pace(together=4, calls=1_000_000, within=timedelta(seconds=1))
    provider = providers["hubspot"] = replace(providers["hubspot"], pace=unbounded)
    parts = make_parts(settings)
    crm = CrmParts(parts, providers)
    await fetching.stand_all(crm)
    collecting.settle()
    begun = time.perf_counter()
    async with Caller(crm) as caller:
        while await fetching.fetch_due(crm, caller):
            pass
    seconds = time.perf_counter() - begun
    async with parts.database.read() as tx:
        told = await backfill.progress(tx, provider, DEFAULT, connection_id)
    await parts.database.close()
    assert all(each.whole for each in told), told
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    records = {each.called: each.brought for each in told}
    sys.stdout.write(json.dumps({"seconds": seconds, "peak": peak, "records": records}))


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1]))
