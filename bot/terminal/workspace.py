"""Which Slack workspace a command is about: the only one there is, or the one that was named."""

from typing import Annotated

import typer

from bot.runtime.settings import Settings, load

Named = Annotated[
    str | None,
    typer.Option(
        "--workspace",
        metavar="NAME",
        help="Which Slack workspace, where several have the coach: by name, team id or own id.",
    ),
]


def settings_for(workspace: str | None) -> Settings:
    """The settings in force, with the workspace that was named. Raises `SettingsError`."""
    settings = load()
    if workspace is None:
        return settings
    return settings.model_copy(update={"coach_workspace": workspace})
