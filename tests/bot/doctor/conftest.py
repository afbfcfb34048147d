"""What the doctor's tests need of the terminal's."""

from tests.bot.terminal.conftest import coach

__all__ = ["coach"]
