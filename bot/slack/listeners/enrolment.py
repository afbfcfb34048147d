"""Start and Not now, the buttons of the welcome message."""

from bot.coaching import enrolling
from bot.slack.listeners.home import refresh
from bot.slack.listeners.pressing import Press
from coach.models import Enrolment
from coach.phrases import say


async def start(press: Press) -> None:
    """The person agrees to be coached; the message itself is changed by the sender."""
    actor = await press.actor()
    before = await enrolling.person_of(press.parts, actor)
    await enrolling.start(press.parts, actor)
    if before.enrolment is Enrolment.STARTED and before.settings.enabled:
        await press.tell(say("Your coach is on already. `/coach settings` changes what you hear."))
    refresh(press.desk, press.client, actor)


async def later(press: Press) -> None:
    """The person does not want to be coached now."""
    actor = await press.actor()
    before = await enrolling.person_of(press.parts, actor)
    await enrolling.decline(press.parts, actor)
    if before.enrolment is Enrolment.DECLINED:
        await press.tell(say("Your coach is quiet already. `/coach on` starts it."))
    refresh(press.desk, press.client, actor)
