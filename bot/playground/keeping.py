"""The playground's memory: what a restart shows again, in a file of its owner's alone."""

import json
import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any


def saved_advance(state_file: Path) -> timedelta:
    """How far the clock had been moved when the state was kept; nothing when there is none."""
    found = kept(state_file)
    return timedelta(seconds=found["advanced"]) if found else timedelta()


def kept(state_file: Path) -> Any:
    """What an earlier run kept, or None when there is nothing of use."""
    try:
        found = json.loads(state_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or found.get("version") != 1:
        return None
    return found if {"slack", "crm", "advanced"} <= set(found) else None


def keep(state_file: Path, slack: Any, crm: Any, advanced: timedelta, disguise: Any = None) -> None:
    """Keep it, whole or not at all."""
    state = {
        "version": 1,
        "slack": slack,
        "crm": crm,
        "advanced": advanced.total_seconds(),
        "disguise": disguise,
    }
    part = state_file.with_suffix(".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
    part.chmod(stat.S_IRUSR | stat.S_IWUSR)
    os.replace(part, state_file)
