"""What the bot answers to something a person did, and what Slack makes of it."""

import json
from dataclasses import dataclass, field, replace

from bot.playground.slack.block_checks import Problem
from bot.playground.slack.block_elements import SUGGESTED
from bot.playground.slack.methods import checked_view, content
from bot.playground.slack.things import Json, Refusal, SlackFault
from bot.playground.slack.world import Workspace


@dataclass(frozen=True)
class Answer:
    """What came of something a person did.

    ``status`` is the bot's HTTP status, 0 when nothing was sent or nothing came back; ``problem``
    the sentence a person would see; ``errors`` what a form said about its fields, by block id.
    """

    status: int = 0
    text: str = ""
    ms: float = 0.0
    problem: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it worked as far as the person can tell."""
        return self.problem is None and not self.errors


def shown(world: Workspace, who: str, answer: Answer) -> Answer:
    """Show what a command's own answer says, if anything."""
    if not answer.text.strip():
        return answer
    try:
        told = json.loads(answer.text)
    except json.JSONDecodeError:
        told = {"text": answer.text}
    try:
        text, blocks = content(told if isinstance(told, dict) else {"text": str(told)})
    except SlackFault as fault:
        return _refused(world, "the command's answer", fault, answer)
    world.post(who, text, blocks, quiet=told.get("response_type") != "in_channel")
    return answer


def suggested(world: Workspace, answer: Answer) -> Answer:
    """The entries the app offers, as Slack takes them."""
    name = "what the menu offers"
    try:
        told = json.loads(answer.text)
    except json.JSONDecodeError:
        return _refused(world, name, SlackFault("invalid_json"), answer)
    found: list[Problem] = []
    SUGGESTED(told, "", found)
    if found:
        fault = SlackFault(
            "invalid_options", [f"{each.message} [{each.pointer}]" for each in found]
        )
        return _refused(world, name, fault, answer)
    return answer


def submitted(world: Workspace, who: str, view_id: str, answer: Answer) -> Answer:
    """Do what the app answered to a form: close, show errors, update, push or clear."""
    try:
        told = json.loads(answer.text) if answer.text.strip() else {}
    except json.JSONDecodeError:
        told = {"response_action": "something that is not JSON"}
    view = world.open_one(who, view_id)
    wanted = told.get("response_action") if isinstance(told, dict) else "nothing Slack knows"
    try:
        if wanted == "errors":
            return _field_errors(view, told.get("errors"), answer)
        if wanted in ("update", "push"):
            given = checked_view(told.get("view"), "modal")
            if wanted == "push":
                world.open_view(who, given, push=True)
            elif view is not None:
                world.replace_view(who, view, given)
            return answer
    except SlackFault as fault:
        return _refused(world, "the form's answer", fault, answer)
    if wanted not in (None, "clear"):
        unknown = SlackFault("invalid_arguments", [f"unknown response_action: {wanted}"])
        return _refused(world, "the form's answer", unknown, answer)
    if view is not None:
        world.close_view(who, view, everything=wanted == "clear")
    return answer


def _field_errors(view: Json | None, errors: object, answer: Answer) -> Answer:
    inputs = {one["block_id"] for one in (view or {}).get("blocks", []) if _asks(one)}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        named = f"errors name no input block of the modal: {errors}"
        raise SlackFault("invalid_arguments", [named])
    told = {str(block): str(sentence) for block, sentence in errors.items()}
    return replace(answer, errors=told)


def _refused(world: Workspace, name: str, fault: SlackFault, answer: Answer) -> Answer:
    messages = tuple(str(one) for one in fault.answer.get("errors", ()))
    world.refusals.append(Refusal(name, str(fault), messages))
    problem = f"Slack does not accept {name}: {fault}. " + " ".join(messages)
    return replace(answer, problem=problem)


def _asks(block: Json) -> bool:
    return bool(block["type"] == "input")
