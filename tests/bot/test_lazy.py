"""A server that starts needs none of what patterns are counted with."""

import subprocess
import sys

PROGRAM = """
import sys
from bot.app import build
from bot.runtime.settings import Settings
from coach.pattern import load_patterns

build(Settings(_env_file=None, database_url="sqlite+aiosqlite:///none.db"))
assert load_patterns()
found = sorted({"numpy", "scipy", "pandas"} & sys.modules.keys())
sys.exit(f"imported: {found}" if found else 0)
"""


def test_numpy_is_not_imported_by_a_server_that_starts() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
