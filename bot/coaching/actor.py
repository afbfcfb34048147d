"""Who does something: the one argument by which use cases know the person behind a request."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A Slack user of a workspace, as Slack itself names them in a request it has signed."""

    workspace_id: str
    slack_user_id: str
    #: What Slack calls them; empty where the request does not say. Never a proof of who they are.
    name: str = ""
