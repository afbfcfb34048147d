"""A preview explains itself where a higher level would have brought less of a kind."""

from bot.simulating.previewing import Preview
from bot.slack.blocks.preview import preview
from coach.models import Level
from tests.bot.slack.blocks.values import ANA, VOICE

WHY = "A higher level can bring less of a kind: what goes unanswered on 5 days steps back"


def said(**stuck: int) -> str:
    """The preview where so many stuck deals would have been told of at each level."""
    found = [
        Preview(level, 1, 1, {"stuck_deals": count} if count else {}, [])
        for level, count in zip(Level, stuck.values(), strict=True)
    ]
    return str(preview(found, ANA, {}, VOICE)[1])


def test_less_at_a_higher_level_is_explained() -> None:
    assert WHY in said(minimal=1, balanced=7, active=5)
    assert WHY in said(minimal=2, balanced=1, active=3)
    assert WHY in said(minimal=0, balanced=1, active=0)


def test_nothing_is_explained_where_a_higher_level_brings_more() -> None:
    assert WHY not in said(minimal=0, balanced=7, active=7)
    assert WHY not in said(minimal=0, balanced=0, active=0)
