"""Who may import whom: each sentence has a contract of its own, and breaking it names it."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: An import that no room may have, for each sentence about the rooms.
PLANTED = {
    "web knows no other room": ("bot/web", "bot.runtime.backoff"),
    "runtime knows no other room, and so no provider": (
        "bot/runtime",
        "bot.crm.providers.native",
    ),
    "coaching knows neither Slack, the CRMs, imports nor what is built on them": (
        "bot/coaching",
        "bot.importing.things",
    ),
    "simulating knows coaching and what is below it, and nothing else": (
        "bot/simulating",
        "bot.importing.things",
    ),
    "crm, importing, app and doctor do not know simulating": (
        "bot/doctor",
        "bot.simulating.answers",
    ),
    "slack and crm do not know each other": ("bot/slack", "bot.crm.providers"),
    "importing knows neither slack nor crm": ("bot/importing", "bot.crm.providers"),
    "slack and crm do not know importing": ("bot/crm", "bot.importing.things"),
    "slack, crm and importing do not know what is built on them": ("bot/slack", "bot.app"),
    "app and doctor do not know each other": ("bot/doctor", "bot.app"),
    "app and doctor know neither terminal nor playground": ("bot/doctor", "bot.terminal.faults"),
    "Only the command line knows the playground, by its demo": (
        "bot/terminal",
        "bot.playground.team",
    ),
    "playground does not know terminal": ("bot/playground", "bot.terminal.faults"),
    "In the playground, slack and crm do not know each other": (
        "bot/playground/crm",
        "bot.playground.slack.signing",
    ),
    "In the playground, slack and crm do not know the page": (
        "bot/playground/slack",
        "bot.playground.page.guard",
    ),
    "In the playground, its rooms do not know what puts them together": (
        "bot/playground/page",
        "bot.playground.story",
    ),
    "In the playground, its rooms know nothing of the coach they stand beside": (
        "bot/playground/slack",
        "bot.web.raw_body",
    ),
}


def contracts() -> list[dict[str, object]]:
    """The contracts of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, object]] = project["tool"]["importlinter"]["contracts"]
    return found


def test_each_sentence_is_broken_by_its_own_import_and_named(tmp_path: Path) -> None:
    for package in ("bot", "coach", "storage"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for number, (folder, module) in enumerate(PLANTED.values()):
        planted = tmp_path / folder / f"planted_{number}.py"
        planted.write_text(f"import {module}\n", encoding="utf-8")
    ran = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
    )
    broken = {line.partition(" BROKEN")[0] for line in ran.stdout.splitlines() if "BROKEN" in line}
    assert set(PLANTED) <= broken, ran.stdout + ran.stderr


def test_every_room_is_held_by_a_contract() -> None:
    held = {
        name
        for contract in contracts()
        for key in ("source_modules", "modules", "protected_modules")
        for name in re.findall(r"'(bot\.[\w.]+)'", str(contract.get(key, [])))
    }
    parts = [path for path in (ROOT / "bot").iterdir() if not path.name.startswith("_")]
    rooms = {f"bot.{path.stem}" for path in parts} - {"bot.terminal"}  # Nobody is below it.
    assert rooms <= held
    inner = [
        path for path in (ROOT / "bot/playground").iterdir() if (path / "__init__.py").exists()
    ]
    assert {f"bot.playground.{path.name}" for path in inner} <= held


def test_every_sentence_about_the_rooms_has_its_planted_import() -> None:
    about_rooms = {
        str(contract["name"])
        for contract in contracts()
        if contract["type"] != "layers" and "bot." in str(contract) and "*" not in str(contract)
    }
    assert about_rooms == set(PLANTED)
