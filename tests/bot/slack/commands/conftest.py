"""The Slack side at work, for every test of a sub-command."""

from tests.bot.surface import surface, surface_on_both

__all__ = ["surface", "surface_on_both"]
