"""`coach db`: look after the database."""

from bot.terminal.running import run


def upgrade() -> None:
    """Bring the database to the schema of this version.

    \b
    The SQLite file is upgraded by every command on its own; PostgreSQL only by this one.
    \b
    Example:
      coach db upgrade
    """
    from bot.runtime.settings import load
    from bot.terminal import db as command

    run(command.upgrade(load()))
