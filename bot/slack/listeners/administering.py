"""What administrators press in their Home tab; it is drawn again by what has changed."""

from functools import partial

from bot.coaching import enrolling
from bot.coaching.claiming import OwnerError
from bot.coaching.permission import Refusal
from bot.slack import administering, switches
from bot.slack.blocks.act_forms import value_in
from bot.slack.blocks.administration import match_form
from bot.slack.blocks.pieces import Json
from bot.slack.listeners.home import draw, refresh
from bot.slack.listeners.pressing import Press
from bot.slack.listeners.submitting import Submission, shown
from bot.slack.listeners.team_channel import open_form
from bot.slack.switches import Switch
from coach.action import FieldErrors
from coach.phrases import say


async def match(press: Press) -> None:
    """An owner of a CRM is the Slack user who was chosen."""
    actor, owner_id = await press.actor(), _about(press)
    if not press.chosen_user:
        return
    await administering.match(press.parts, press.desk.slack, actor, owner_id, press.chosen_user)
    await draw(press.desk, press.client, actor)


async def other(press: Press) -> None:
    """Open the window in which one of however many owners is matched."""
    await press.show(partial(_matching, press))


async def _matching(press: Press) -> Json:
    actor = await press.actor()
    owners = await administering.owners(press.parts, press.desk.slack, actor)
    if not owners:
        raise Refusal(say("Every owner in your CRM is somebody in Slack."))
    person = await enrolling.person_of(press.parts, actor)
    return match_form(owners, press.parts.voices.to(person))


async def submit(submission: Submission) -> Json:
    """Match the owner that was chosen in that window; what is wrong is told at its field."""
    owner, who = value_in(submission.view, "owner"), value_in(submission.view, "who")
    desk, actor = submission.desk, await submission.actor()
    if not owner or not who:
        wrong = FieldErrors({"owner" if not owner else "who": say("Choose one of these.")})
        return {"response_action": "errors", "errors": shown(wrong, await submission.voice())}
    try:
        await administering.match(desk.parts, desk.slack, actor, owner, who)
    except OwnerError as error:
        wrong = FieldErrors({"owner": error.said})
        return {"response_action": "errors", "errors": shown(wrong, await submission.voice())}
    refresh(desk, submission.client, actor)
    return {}


async def try_again(press: Press) -> None:
    """Work on what failed once more."""
    actor = await press.actor()
    said = await administering.try_again(press.parts, press.desk.slack, actor)
    await draw(press.desk, press.client, actor)
    await press.tell(said)


async def add(press: Press) -> None:
    """Let the Slack user who was chosen administer as well."""
    actor = await press.actor()
    if not press.chosen_user:
        return
    await administering.add(press.parts, press.desk.slack, actor, press.chosen_user)
    await draw(press.desk, press.client, actor)


async def remove(press: Press) -> None:
    """Have somebody administer no more; whoever takes themselves off sees that at once."""
    actor = await press.actor()
    await administering.remove(press.parts, press.desk.slack, actor, _about(press))
    await draw(press.desk, press.client, actor)


async def switch(press: Press) -> None:
    """Switch something on for everybody, or off again."""
    actor = await press.actor()
    try:
        which = Switch(_about(press))
    except ValueError as error:
        raise Refusal(
            say("This button is from another version. Open the tab once more.")
        ) from error
    await switches.flip(press.parts, press.desk.slack, actor, which)
    await draw(press.desk, press.client, actor)


async def choose(press: Press) -> None:
    """Do what was pressed."""
    name = str(press.action.get("action_id") or "").partition(":")[2].partition(":")[0]
    doing = {
        "match": match,
        "other": other,
        "retry": try_again,
        "add": add,
        "remove": remove,
        "switch": switch,
        "team_channel": open_form,
    }.get(name)
    if doing is None:
        await press.tell(say("This button is from an older version. Open the tab once more."))
        return
    await doing(press)


def _about(press: Press) -> str:
    return str(press.action.get("action_id") or "").split(":", 2)[-1]
