"""The settings form, filled in."""

from bot.coaching import enrolling
from bot.slack.blocks.pieces import Json
from bot.slack.blocks.settings import submitted
from bot.slack.listeners.home import refresh
from bot.slack.listeners.submitting import Submission
from coach.action import FieldErrors


async def save(submission: Submission) -> Json:
    """Store the settings; a number out of its range is told at its field."""
    parts = submission.desk.parts
    workspace_id = await submission.workspace_id()
    person = await enrolling.person_of(parts, workspace_id, submission.user_id)
    result = submitted(submission.view, person.settings)
    if isinstance(result, FieldErrors):
        return {"response_action": "errors", "errors": dict(result.errors)}
    await enrolling.save_settings(parts, workspace_id, submission.user_id, result)
    refresh(submission.desk, submission.client, workspace_id, submission.user_id)
    return {}
