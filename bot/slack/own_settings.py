"""The settings of somebody as their window shows them: what they have set, and have muted."""

from bot.coaching import muting, silencing
from bot.runtime.parts import Parts
from bot.slack.blocks.mutes import mute_rows
from bot.slack.blocks.pieces import Json
from bot.slack.blocks.settings import settings_modal
from coach.models import Person
from coach.phrases import Phrase
from storage.mutes import Muted


async def window(parts: Parts, person: Person) -> Json:
    """The modal as things are now."""
    voice, now = parts.voices.to(person), parts.clock.now()

    def called(each: Muted) -> Phrase:
        return silencing.called(parts.rules, each.what, each.name)

    muted = await muting.of(parts, person.workspace_id, person.id)
    rows = mute_rows(muted, voice, called)
    return settings_modal(person, voice, now, parts.rules, muted=rows)
