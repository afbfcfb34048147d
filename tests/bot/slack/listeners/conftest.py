"""The Slack side at work, for every test of a listener."""

from tests.bot.surface import surface, surface_on_both

__all__ = ["surface", "surface_on_both"]
