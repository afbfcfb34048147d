"""Why an insight is seen: asked at its card, or about another one in the answer."""

from functools import partial

from bot.coaching import explaining
from bot.coaching.actor import Actor
from bot.slack.blocks.pieces import Json
from bot.slack.blocks.why import why_modal
from bot.slack.listeners.pressing import Press
from coach.models import Insight


async def show(press: Press) -> None:
    """Open the explanation of the insight whose button was pressed."""
    await explain(press, press.value)


async def explain(press: Press, fingerprint: str) -> None:
    """Open the explanation of an insight: an entry of its menu."""
    await press.show(partial(_modal, press, await press.actor(), fingerprint))


async def choose(press: Press) -> None:
    """Explain another insight in the same window."""
    actor = await press.actor()
    chosen = str((press.action.get("selected_option") or {}).get("value") or "")
    others = await explaining.choices(press.parts, actor)
    view = await _modal(press, actor, chosen, others)
    await press.client.views_update(view_id=press.modal_id or "", view=view)


async def _modal(
    press: Press, actor: Actor, fingerprint: str, others: list[Insight] | None = None
) -> Json:
    explanation = await explaining.explain(press.parts, actor, fingerprint)
    voice = press.parts.voices.to(explanation.person)
    return why_modal(explanation, voice, press.parts.clock.now(), others or ())
