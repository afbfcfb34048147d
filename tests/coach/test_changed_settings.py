"""What somebody has changed of their settings, in words."""

from dataclasses import fields, replace
from datetime import time
from typing import Any

import pytest

from coach.changed_settings import Names, saved
from coach.models import Level, Often, Person, Settings
from coach.phrases import say
from coach.wording import plain

NAMES = Names(
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    {"no_next_step": say("Next steps")},
)
ANA = Person("w", "p", "Ana")

CHANGED: dict[str, tuple[Any, str]] = {
    "enabled": (False, "the coach is off"),
    "level": (Level.ACTIVE, "level 3, active"),
    "working_days": ((1, 3), "at work on Monday, Wednesday"),
    "work_from": (time(8, 30), "work begins at 08:30"),
    "work_until": (time(17), "work ends at 17:00"),
    "holidays": ("DE", "off on public holidays (DE)"),
    "brief": (False, "no brief"),
    "brief_at": (time(10), "the brief comes at 10:00"),
    "digest": (Often.DAILY, "a digest each working day"),
    "digest_at": (time(16), "the digest comes at 16:00"),
    "daily_cap": (1, "at most 1 message a day"),
    "stale_lead_days": (1, "leads go cold after 1 day"),
    "stuck_deal_days": (30, "deals are stuck after 30 days"),
    "also": (("no_next_step",), "also heard of: Next steps"),
    "named": (True, "the team's channel names you when you win a deal"),
}


@pytest.mark.parametrize("name", [each.name for each in fields(Settings)])
def test_each_setting_is_told_by_what_it_is_now(name: str) -> None:
    value, words = CHANGED[name]
    after = replace(ANA.settings, **{name: value})
    assert plain(saved(ANA, after, NAMES)) == f"Saved. From now on: {words}."
    back = saved(replace(ANA, settings=after), Settings(), NAMES)
    assert plain(back).startswith("Saved. From now on: ")


def test_several_are_told_together_and_nothing_as_such() -> None:
    after = replace(ANA.settings, level=Level.MINIMAL, brief=False)
    assert plain(saved(ANA, after, NAMES)) == ("Saved. From now on: level 1, minimal, no brief.")
    assert plain(saved(ANA, ANA.settings, NAMES)) == "Saved. Nothing is another than before."
