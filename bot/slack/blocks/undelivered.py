"""What somebody hears of their changes that did not get to a CRM, until they have got there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bot.slack.blocks.asides import sentence
from bot.slack.blocks.pieces import Blocks, emoji, fitted, line, paragraph
from bot.slack.blocks.text import escaped, flat, one_line, shortened
from coach.phrases import Phrase, counted, from_json, say
from coach.wording import Voice, words

#: Changes that are named one by one.
NAMED = 10

Changes = Sequence[Mapping[str, Any]]


def undelivered(params: Mapping[str, Any], voice: Voice) -> tuple[str, Blocks] | None:
    """Params: `connection`, and `changes` of `said` (a phrase that was kept), `state` and `why`.

    The state is `missing`, `doubt` (nobody knows whether the CRM has it), `there` or `refused`.
    Nothing when nothing is left to tell of.
    """
    changes: Changes = params.get("changes") or ()
    open_ = [each for each in changes if each["state"] in {"missing", "doubt"}]
    if not changes:
        return None
    there = any(each["state"] == "there" for each in changes)
    icon = "white_check_mark" if there and not open_ else "warning"
    made = words(_first(params, open_) if open_ else _settled(params, changes), voice)

    def build(share: float) -> Blocks:
        said = paragraph([*emoji(icon), *line(made, int(700 * share) + 60)])
        most = int(400 * share) + 60
        told = [paragraph(line(words(each, voice), most)) for each in _each(changes, share)]
        return [
            said,
            *told,
            *(block for each in _next(open_) for block in sentence(each, voice)[1]),
        ]

    return escaped(flat(made), 500), fitted(build)


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
    if all(each["state"] == "refused" for each in changes):
        return counted(
            "{connection} has refused {count} change of yours.",
            "{connection} has refused {count} changes of yours.",
            "count",
            count=len(changes),
            connection=_short(params.get("connection"), 60),
        )
    if any(each["state"] == "refused" for each in changes):
        return say("What did not get to the CRM was tried again.")
    return say("What did not get to the CRM at first is there now.")


def _each(changes: Changes, share: float) -> Iterable[Phrase]:
    for each in changes[:NAMED]:
        said, why = from_json(each["said"]), _short(each.get("why"), int(200 * share) + 40)
        yield _TOLD[each["state"]](said, why.rstrip("."))
    if len(changes) > NAMED:
        left = len(changes) - NAMED
        yield counted("… and {count} more.", "… and {count} more.", "count", count=left)


_TOLD: Mapping[str, Callable[[Phrase, str], Phrase]] = {
    "missing": lambda said, why: say("Not in the CRM: {change}. Why: {why}.", change=said, why=why),
    "doubt": lambda said, why: say(
        "Perhaps in the CRM: {change}. Why: {why}.", change=said, why=why
    ),
    "refused": lambda said, why: say(
        "Refused by the CRM, and undone here: {change}. Why: {why}.", change=said, why=why
    ),
    "there": lambda said, why: say("In the CRM now: {change}.", change=said),
}


def _next(open_: Changes) -> Iterable[Phrase]:
    """What can be done about it."""
    if any(each["state"] == "doubt" for each in open_):
        yield say(
            "What is perhaps there, look for in the CRM, and do it there if it is missing: to have "
            "it tried again could do it twice."
        )
    if any(each["state"] == "missing" for each in open_):
        yield say(
            "What is not there, do in the CRM yourself, or have whoever runs the coach try it "
            "again with `coach replay`. Not both: it could be there twice."
        )


def _short(value: object, most: int) -> str:
    return shortened(one_line(str(value or "")).strip(), most)
