"""Show the figures behind a pattern: a picture of them, the counts, and how sure they are."""

from collections.abc import Mapping
from typing import Any

from coach.action import Action, ActionView, FieldErrors, Shows, Submission
from coach.phrases import Phrase, Value, counted, from_json, say, verbatim
from coach.saying_shares import percent
from coach.screens import Element, Note, Screen

#: How many signs a whole bar has.
WIDTH = 20


def promise(params: Mapping[str, Any]) -> Phrase:
    """What pressing the button will do."""
    return say("Take Action shows the figures behind it.")


def screen(view: ActionView) -> Screen:
    """The figures as they were when this was said: what was tested is what is shown."""
    params = view.params
    elements: list[Element] = [Note(from_json(params["said"]))]
    if params.get("over"):
        elements.append(Note(say("Later deals no longer show it, so do not count on it.")))
    elif params.get("one_in"):
        elements += _compared(params)
    else:
        elements.append(
            Note(
                say(
                    "Open deals count for as long as they have been open: without them, those that "
                    "take longest would be left out. It is counted again every week."
                )
            )
        )
    return Screen(say("The figures behind it"), say("Done"), elements)


def _compared(params: Mapping[str, Any]) -> list[Element]:
    """Both shares as bars, how sure they are, and what they do not tell."""
    return [
        Note(_line(_named(params), params["k"], params["n"])),
        Note(_line(_others(params), params["rest_k"], params["rest_n"])),
        Note(
            say(
                "From {all} cases, the true share is likely between {low} % and {high} %.",
                all=params["n"],
                low=percent(params["low"]),
                high=percent(params["high"]),
            )
        ),
        Note(
            counted(
                "By chance alone a difference as large comes once in {times} looks, or more "
                "rarely. It was the only thing looked at, and is so in both halves of the history.",
                "By chance alone a difference as large comes once in {times} looks, or more "
                "rarely. It was one of {looked} things looked at together, and is so in both "
                "halves of the history.",
                "looked",
                times=params["one_in"],
                looked=params["looked"],
            )
        ),
        Note(
            say(
                "The two went together; figures do not tell whether one brings about the other. "
                "It is tested again every week, and you are told when it no longer holds."
            )
        ),
    ]


def _named(params: Mapping[str, Any]) -> Value:
    if params.get("its"):
        return from_json(params["its"])
    return verbatim(params["group"]) if params.get("group") else say("these")


def _others(params: Mapping[str, Any]) -> Value:
    return from_json(params["others"]) if params.get("others") else say("all others")


def _line(name: Value, yes: int, of: int) -> Phrase:
    """One bar, with its name and counts."""
    share = yes / of
    full = round(share * WIDTH)
    return say(
        "{bar} {rate} % · {name}: {yes} of {all}",
        bar="█" * full + "░" * (WIDTH - full),
        rate=percent(share),
        name=name,
        yes=yes,
        all=of,
    )


def submit(view: ActionView, values: Mapping[str, str | None]) -> Submission | FieldErrors:
    """Nothing is changed by looking."""
    return Submission([], say("You looked at the figures."))


ACTION = Action(promise, Shows.NOTHING, screen, submit)
