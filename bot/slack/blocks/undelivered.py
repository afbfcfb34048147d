"""What somebody hears of their changes that did not get to a CRM, until they have got there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bot.slack.blocks.asides import sentence
from bot.slack.blocks.pieces import Blocks, actions, button, emoji, fitted, line, paragraph
from bot.slack.blocks.text import escaped, flat, one_line, shortened
from coach.phrases import Phrase, counted, from_json, say
from coach.wording import Voice, plain, words

#: The `action_id`s of its buttons; the value of each is the key of the change.
BY_HAND, NOT_BY_HAND = "undelivered:by_hand", "undelivered:not_by_hand"

#: Changes that are named one by one.
NAMED = 10

#: The longest value of a button, as Slack has it.
MOST_VALUE = 2000

Changes = Sequence[Mapping[str, Any]]


def undelivered(params: Mapping[str, Any], voice: Voice) -> tuple[str, Blocks] | None:
    """Params: `connection`, whether it is `unlinked`, and `changes` of `said` (a phrase that was
    kept), `state`, `why` and `key`.

    The state is `missing`, `doubt` (nobody knows whether the CRM has it), `there`, `by_hand` (its
    person has made it there), `refused`, or `missing_for_good` and `doubt_for_good`: the CRM is not
    linked any more. Nothing when nothing is left to tell of.
    """
    changes: Changes = params.get("changes") or ()
    open_ = [each for each in changes if each["state"] in _OPEN]
    if not changes:
        return None
    # What is still to be seen to comes first.
    told = [*open_, *(each for each in changes if each not in open_)][:NAMED]
    left = len(changes) - len(told)
    settled = any(each["state"] in {"there", "by_hand"} for each in changes)
    icon = "white_check_mark" if settled and not open_ else "warning"
    if not open_ and _is_for_good(changes):
        icon = "wastebasket"
    made = words(_first(params, open_) if open_ else _settled(params, changes), voice)

    def build(share: float) -> Blocks:
        most = int(400 * share) + 60
        blocks = [paragraph([*emoji(icon), *line(made, int(700 * share) + 60)])]
        for each in told:
            said, why = from_json(each["said"]), _short(each.get("why"), int(200 * share) + 40)
            saying = words(_TOLD[each["state"]](said, why.rstrip(".")), voice)
            blocks.append(paragraph(line(saying, most)))
            if not params.get("unlinked"):
                blocks += _buttons(each, voice)
        if left:
            more = counted("… and {count} more.", "… and {count} more.", "count", count=left)
            blocks.append(paragraph(line(words(more, voice), most)))
        return blocks + [block for each in _next(open_) for block in sentence(each, voice)[1]]

    return escaped(flat(made), 500), fitted(build)


_OPEN = frozenset({"missing", "doubt"})


def _buttons(change: Mapping[str, Any], voice: Voice) -> Blocks:
    key = str(change.get("key") or "")
    if not key or len(key) > MOST_VALUE:
        return []
    match change["state"]:
        case "missing":
            label, action_id = say("I have done it in the CRM"), BY_HAND
        case "doubt":
            label, action_id = say("It is in the CRM"), BY_HAND
        case "by_hand":
            label, action_id = say("Undo"), NOT_BY_HAND
        case _:
            return []
    return [actions([button(plain(label, voice), action_id, key)])]


def _is_for_good(changes: Changes) -> bool:
    return any(each["state"].endswith("_for_good") for each in changes)


def _first(params: Mapping[str, Any], open_: Changes) -> Phrase:
    count, connection = len(open_), _short(params.get("connection"), 60)
    if any(each["state"] == "doubt" for each in open_):
        return counted(
            "{count} change of yours counts here and may be missing in {connection}.",
            "{count} changes of yours count here and may be missing in {connection}.",
            "count",
            count=count,
            connection=connection,
        )
    return counted(
        "{count} change of yours counts here and is missing in {connection}.",
        "{count} changes of yours count here and are missing in {connection}.",
        "count",
        count=count,
        connection=connection,
    )


def _settled(params: Mapping[str, Any], changes: Changes) -> Phrase:
    states = {each["state"] for each in changes}
    connection = _short(params.get("connection"), 60)
    if params.get("unlinked") and _is_for_good(changes):
        return say(
            "{connection} is not linked any more: what it does not have is not tried again.",
            connection=connection,
        )
    if states == {"refused"}:
        return counted(
            "{connection} has refused {count} change of yours.",
            "{connection} has refused {count} changes of yours.",
            "count",
            count=len(changes),
            connection=connection,
        )
    if "refused" in states:
        return say("What did not get to the CRM was tried again.")
    if "by_hand" in states:
        return say("What did not get to the CRM at first is settled.")
    return say("What did not get to the CRM at first is there now.")


_TOLD: Mapping[str, Callable[[Phrase, str], Phrase]] = {
    "missing": lambda said, why: say("Not in the CRM: {change}. Why: {why}.", change=said, why=why),
    "doubt": lambda said, why: say(
        "Perhaps in the CRM: {change}. Why: {why}.", change=said, why=why
    ),
    "refused": lambda said, why: say(
        "Refused by the CRM, and undone here: {change}. Why: {why}.", change=said, why=why
    ),
    "there": lambda said, why: say("In the CRM now: {change}.", change=said),
    "by_hand": lambda said, why: say("You have seen to it in the CRM: {change}.", change=said),
    "missing_for_good": lambda said, why: say("It did not get there: {change}.", change=said),
    "doubt_for_good": lambda said, why: say("It is perhaps there: {change}.", change=said),
}


def _next(open_: Changes) -> Iterable[Phrase]:
    """What can be done about it."""
    if any(each["state"] == "doubt" for each in open_):
        yield say(
            "What is perhaps there, look for in the CRM, and do it there if it is missing: to have "
            "it tried again could do it twice. Then press the button."
        )
    if any(each["state"] == "missing" for each in open_):
        yield say(
            "What is not there, do in the CRM yourself and press the button, or have whoever runs "
            "the coach try it again with `coach replay`. Not both: it could be there twice."
        )


def _short(value: object, most: int) -> str:
    return shortened(one_line(str(value or "")).strip(), most)
