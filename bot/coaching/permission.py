"""May this person do this? Only one's own insights are answered, and only while they are open."""

from bot.coaching.actor import Actor
from bot.runtime.parts import Parts
from coach.action import Action
from coach.errors import CoachError
from coach.models import Insight, InsightState, Person
from coach.phrases import Phrase, say, together
from storage import insights, people
from storage.database import Tx


class Refusal(CoachError):  # noqa: N818 - it is an answer for people, not a fault
    """The press cannot be followed; the text tells its person why."""


class FieldRefusal(Refusal):
    """A value that somebody has chosen or typed cannot be used."""

    def __init__(self, field: str, said: Phrase) -> None:
        super().__init__(said)
        #: The name of the field, so that a form can tell it in its place.
        self.field = field


async def theirs(
    parts: Parts, tx: Tx, actor: Actor, fingerprint: str, *, worked_off: bool = False
) -> tuple[Insight, Person]:
    """The insight and its person, who must be the one that acts. Raises `Refusal`.

    With `worked_off` also a list of which nothing is left: its screen may still be open.
    """
    insight, person = await own(tx, actor, fingerprint)
    if worked_off and insight.state is InsightState.TAKEN and action_of(parts, insight).lists:
        return insight, person
    if insight.state is not InsightState.OPEN or insight.expires_at <= parts.clock.now():
        raise Refusal(refused(insight))
    return insight, person


async def own(tx: Tx, actor: Actor, fingerprint: str) -> tuple[Insight, Person]:
    """The insight, whatever became of it, and its person, who must be the one that acts.

    Raises `Refusal`.
    """
    workspace_id = actor.workspace_id
    insight = await insights.get(tx, workspace_id, fingerprint)
    if insight is None:
        raise Refusal(
            say("This insight is not known any more. `/coach insights` shows what is open.")
        )
    known = await people.load(tx, workspace_id, [insight.person_id])
    person = known[insight.person_id]
    if person.slack_user_id != actor.slack_user_id:
        raise Refusal(say("This insight is for somebody else, so only they can answer it."))
    return insight, person


def refused(insight: Insight | None) -> Phrase:
    """Why an insight in this state can no longer be answered."""
    if insight is not None and insight.state is InsightState.TAKEN:
        already = say("You have already taken care of this.")
        return together(already, insight.outcome) if insight.outcome else already
    if insight is not None and insight.state is InsightState.DISMISSED:
        return say("You have already dismissed this.")
    if insight is not None and insight.state is InsightState.MUTED:
        return say("You have muted this. `/coach mute` shows what is muted.")
    if insight is not None and insight.state is InsightState.RESOLVED:
        settled = say("This is settled already.")
        return together(settled, insight.outcome) if insight.outcome else settled
    return say("This insight has expired. If it is still true, you will hear of it again.")


def action_of(parts: Parts, insight: Insight) -> Action:
    """What the insight suggests. Raises `Refusal` when this version knows it no more."""
    action = parts.actions.get(insight.suggestion.action)
    if action is None:
        raise Refusal(say("What this insight suggests is no longer possible. Dismiss it."))
    return action
