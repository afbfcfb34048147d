"""Confirm and Refuse, the administrator's buttons on a request to be linked."""

from bot.slack import linking
from bot.slack.listeners.pressing import Press


async def confirm(press: Press) -> None:
    """The address and the Slack user are one person."""
    await _decide(press, confirmed=True)


async def refuse(press: Press) -> None:
    """They are not, or nobody knows."""
    await _decide(press, confirmed=False)


async def _decide(press: Press, *, confirmed: bool) -> None:
    actor = await press.actor()
    # The question itself is changed by the sender to say what was decided.
    await linking.decide(press.parts, press.desk.slack, actor, press.value, confirmed=confirmed)
