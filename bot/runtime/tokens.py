"""Slack's tokens by how they begin, so that one in the wrong place is named for what it is."""

from dataclasses import dataclass

#: https://docs.slack.dev/authentication/tokens; the longer beginning comes first.
_KINDS = (
    ("xoxe.xoxb-", "a bot token that ends after twelve hours"),
    ("xoxe.xoxp-", "a user token that ends after twelve hours"),
    ("xoxe-", "a refresh token"),
    ("xoxb-", "a bot token"),
    ("xoxp-", "a user token"),
    ("xapp-", "an app-level token"),
    ("xoxa-", "a token of an old kind"),
    ("xoxr-", "a refresh token of an old kind"),
    ("xoxs-", "a token of an old kind"),
    ("xoxc-", "a token taken from a browser"),
    ("xoxd-", "a cookie taken from a browser"),
    ("xwfp-", "a workflow's token"),
)

BOT, ROTATING_BOT, APP = "xoxb-", "xoxe.xoxb-", "xapp-"

#: What each setting must begin with, if it is a token of a known kind at all, and where it is.
_WANTED = {
    "slack_bot_token": (
        (BOT, ROTATING_BOT),
        "the Bot User OAuth Token (xoxb-…) of the page “OAuth & Permissions”",
    ),
    "slack_app_token": (
        (APP,),
        "an App-Level Token (xapp-…) of the page “Basic Information”",
    ),
    "slack_signing_secret": (
        (),
        "the Signing Secret of the page “Basic Information”, which is no token",
    ),
    "slack_client_secret": (
        (),
        "the Client Secret of the page “Basic Information”, which is no token",
    ),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What sort of token something is."""

    begins: str
    called: str


def kind_of(token: str) -> Kind | None:
    """The kind that a token says it is; `None` for what begins like none of Slack's."""
    lowered = token.strip().lower()
    return next((Kind(*kind) for kind in _KINDS if lowered.startswith(kind[0])), None)


def misplaced(setting: str, value: str) -> str | None:
    """What is wrong with a token in this setting, in words that end a sentence; never its value."""
    begins, wanted = _WANTED[setting]
    kind = kind_of(value)
    if kind is None or kind.begins in begins:
        return None
    return f"holds {kind.called} ({kind.begins}…); it takes {wanted}"
