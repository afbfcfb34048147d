"""Slack may deliver the same twice; what is done for one delivery may be tried several times."""


class Claim:
    """Whether one delivery has recorded what it is for, however often it is tried to be done."""

    is_ours = False


class AgainError(Exception):
    """Slack has delivered it twice, and the other delivery of it is answered."""
