"""The settings form, filled in."""

import asyncio

from bot.coaching import enrolling
from bot.slack.blocks.asides import sentence_modal
from bot.slack.blocks.pieces import Json
from bot.slack.blocks.settings import submitted
from bot.slack.listeners.home import refresh
from bot.slack.listeners.submitting import Submission, shown
from coach.action import FieldErrors
from coach.changed_settings import Names, saved
from coach.wording import weekdays


async def save(submission: Submission) -> Json:
    """Store the settings; what cannot be set so is told at its field."""
    parts = submission.desk.parts
    actor = await submission.actor()
    person = await enrolling.person_of(parts, actor)
    # Not here: whose holidays nobody has asked for yet, those are loaded first.
    result = await asyncio.to_thread(submitted, submission.view, person.settings, parts.rules)
    if isinstance(result, FieldErrors):
        return {"response_action": "errors", "errors": shown(result, parts.voices.to(person))}
    await enrolling.save_settings(parts, actor, result)
    refresh(submission.desk, submission.client, actor)
    if submission.view.get("previous_view_id"):
        # What is below it tells of the settings of before.
        return {"response_action": "clear"}
    voice = parts.voices.to(person)
    kinds = {name: rule.called for name, rule in parts.rules.items()}
    said = saved(person, result, Names(weekdays(voice), kinds))
    return {"response_action": "update", "view": sentence_modal(said, voice)}
