"""The question whether to go on with a kind of advice that nobody answers."""

from collections.abc import Mapping
from typing import Any

from bot.slack.blocks.pieces import Blocks, actions, button, emoji, line, paragraph
from bot.slack.blocks.text import escaped, flat
from coach.phrases import from_json, say, together
from coach.wording import Voice, plain, words

#: The `action_id`s of its buttons.
GO_ON, STOP = "question:go_on", "question:stop"


def question(params: Mapping[str, Any], voice: Voice) -> tuple[str, Blocks]:
    """What is asked, and then what was answered.

    Params: `id`, `called` as a phrase that was kept, `rule` and `state` (asked, on or stopped).
    """
    kind = from_json(params["called"])
    match params.get("state"):
        case "on":
            said, icon = say("“{kind}”: I go on telling you.", kind=kind), "white_check_mark"
        case "stopped":
            said, icon = say("“{kind}”: I stay quiet about it.", kind=kind), "no_bell"
        case _:
            said = together(
                say("“{kind}”: for weeks you have answered none of it.", kind=kind),
                say("Until you say so, I stay quiet about it. Shall I go on?"),
            )
            icon = "thinking_face"
    text = words(said, voice)
    blocks: Blocks = [paragraph([*emoji(icon), *line(text, 400)])]
    if params.get("state") == "asked":
        id = str(params["id"])
        blocks.append(
            actions(
                [
                    button(plain(say("Go on"), voice), GO_ON, id, "primary"),
                    button(plain(say("Stay quiet"), voice), STOP, id),
                ],
                block_id="question",
            )
        )
    return escaped(flat(text), 320), blocks
