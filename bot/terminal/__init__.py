"""The commands behind `coach`: one file for each, called by `bot.terminal.cli`."""
