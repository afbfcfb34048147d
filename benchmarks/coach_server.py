"""The coach in a process of its own: as `coach serve` runs it, or with the intake alone."""

import sys

from benchmarks.processes import serve
from bot.app import build, make_parts, prepare
from bot.crm.intake import Intake
from bot.crm.parts import CrmParts
from bot.crm.provider import load_providers
from bot.runtime.redacting import quiet_logs
from bot.runtime.settings import Settings
from bot.web.routes import Web
from storage.workspaces import DEFAULT


def intake_alone(settings: Settings) -> Web:
    """Webhooks are taken in and stay where they are stored."""
    parts = make_parts(settings)
    intake = Intake(CrmParts(parts, load_providers()))

    async def ready() -> str | None:
        return None

    async def start() -> None:
        await prepare(parts, DEFAULT)

    async def stop() -> None:
        await intake.close()
        await parts.database.close()

    return Web(routes=intake.routes(), slack=None, ready=ready, start=start, stop=stop)


if __name__ == "__main__":
    found = Settings(_env_file=None)
    quiet_logs(found.coach_log_level)
    serve(intake_alone(found) if "--intake-alone" in sys.argv else build(found).web, lifespan=True)
