"""Start and Not now, the buttons of the welcome message."""

from bot.coaching import enrolling
from bot.slack.listeners.answering import Press
from bot.slack.listeners.home import refresh
from coach.models import Enrolment


async def start(press: Press) -> None:
    """The person agrees to be coached; the message itself is changed by the sender."""
    workspace_id = await press.workspace_id()
    before = await enrolling.person_of(press.parts, workspace_id, press.user_id)
    await enrolling.start(press.parts, workspace_id, press.user_id)
    if before.enrolment is Enrolment.STARTED and before.settings.enabled:
        await press.tell("Your coach is on already. `/coach settings` changes what you hear.")
    refresh(press.desk, press.client, workspace_id, press.user_id)


async def later(press: Press) -> None:
    """The person does not want to be coached now."""
    workspace_id = await press.workspace_id()
    before = await enrolling.person_of(press.parts, workspace_id, press.user_id)
    await enrolling.decline(press.parts, workspace_id, press.user_id)
    if before.enrolment is Enrolment.DECLINED:
        await press.tell("Your coach is quiet already. `/coach on` starts it.")
    refresh(press.desk, press.client, workspace_id, press.user_id)
