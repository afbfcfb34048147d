"""Every emoji that messages bear is one that the page knows to draw."""

import re
from pathlib import Path

from bot.playground import page

GOLDEN = Path(__file__).parents[3] / "golden"


def test_the_page_knows_every_emoji_of_the_recorded_messages() -> None:
    known = (Path(page.__path__[0]) / "static" / "emoji.js").read_text(encoding="utf-8")
    used = {
        name
        for path in GOLDEN.glob("*.json")
        for name in re.findall(
            r'"type": "emoji",\s+"name": "(\w+)"', path.read_text(encoding="utf-8")
        )
    }
    assert {"no_bell", "white_check_mark"} <= used
    assert [name for name in sorted(used) if f"  {name}: " not in known] == []
