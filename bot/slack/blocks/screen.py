"""What Take Action shows, as a modal: fields to fill in, and things to do something to."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, assert_never

from bot.slack.blocks.drafted_mail import mail_block
from bot.slack.blocks.pieces import (
    MOST_VIEW_JSON,
    VALUE,
    Blocks,
    Json,
    actions,
    button,
    context,
    emoji,
    field,
    fitted,
    line,
    modal,
    option,
    paragraph,
    plain_text,
)
from bot.slack.blocks.text import flat, one_line, shortened, shorter, units
from coach.models import Ref
from coach.phrases import Phrase, say
from coach.screens import (
    ChoiceField,
    Control,
    DateField,
    DraftedMail,
    Element,
    Item,
    Note,
    Screen,
    TextField,
)
from coach.wording import Voice, Words, plain, words

#: The `callback_id` of the modal.
CALLBACK = "insight"
#: What begins the `action_id` of every control.
DO = "do"

#: Longest line of what a field holds at first.
LINE = 300

#: Longest private metadata of a modal, in characters.
MOST_METADATA = 3000

_LOGS = {
    Control.LOG_CALL: say("Log a call"),
    Control.LOG_EMAIL: say("Log an email"),
    Control.LOG_MEETING: say("Log a meeting"),
}


def screen_modal(screen: Screen, voice: Voice, fingerprint: str) -> Json:
    """The screen as a modal view that knows its insight and the things on it, and nothing else."""
    refs: list[Ref] = []
    for element in screen.elements:
        if isinstance(element, Item):
            refs.append(element.ref)
            if units(_metadata(fingerprint, refs)) > MOST_METADATA:
                # Ids of an absurd length: the thing is shown, but cannot be changed from here.
                refs.pop()

    def build(share: float) -> Blocks:
        return [
            block
            for element in screen.elements
            for block in _element(element, voice, set(refs), share)
        ][:100]

    view = modal(
        plain(screen.title, voice),
        fitted(build, MOST_VIEW_JSON),
        callback_id=CALLBACK,
        submit=plain(screen.submit, voice) if screen.submit else None,
        # Two buttons that do the same would only make people wonder.
        close=plain(say("Close") if screen.submit else say("Done"), voice),
        private_metadata=_metadata(fingerprint, refs),
    )
    if any(isinstance(element, Item) for element in screen.elements):
        # What was done by its controls counts, whichever way the person leaves.
        view["notify_on_close"] = True
    return view


def fingerprint_of(view: Mapping[str, Any]) -> str:
    """The insight a modal belongs to; empty when it belongs to none."""
    return str(_known(view).get("insight") or "")


def ref_of(view: Mapping[str, Any], block_id: str) -> Ref | None:
    """The thing whose controls stand in this block of a modal."""
    return next((ref for ref in standing_of(view) if block_id == thing_id(ref)), None)


def standing_of(view: Mapping[str, Any]) -> list[Ref]:
    """The things that stand on a modal, in their order."""
    return [Ref(str(pair[0]), str(pair[1])) for pair in _known(view).get("things") or ()]


def control_of(action: Mapping[str, Any]) -> tuple[Control, str | None] | None:
    """Which control was used, and the date or stage that was chosen with it."""
    name = str(action.get("action_id") or "").partition(":")[2]
    chosen = (action.get("selected_option") or {}).get("value")
    if name == "log":
        name, chosen = str(chosen), None
    try:
        control = Control(name)
    except ValueError:
        return None
    match control:
        case Control.RESCHEDULE_TASK:
            return control, action.get("selected_date")
        case Control.MOVE_DEAL:
            return control, chosen
        case _:
            return control, None


def values_of(view: Mapping[str, Any]) -> dict[str, str | None]:
    """What the fields of a submitted modal hold, by field name."""
    found: dict[str, str | None] = {}
    for name, holders in view["state"]["values"].items():
        holder = holders.get(VALUE)
        if holder is None:
            continue
        chosen = holder.get("selected_option")
        found[name] = (
            chosen.get("value") if chosen else holder.get("value") or holder.get("selected_date")
        )
    return found


def thing_id(ref: Ref) -> str:
    """The `block_id` of a thing's controls: short whatever its id, and its own for ever.

    Slack keeps what was chosen in a menu under its block's id, so ids must not change hands.
    """
    return "thing:" + hashlib.sha256(json.dumps([ref.connection_id, ref.id]).encode()).hexdigest()


def _known(view: Mapping[str, Any]) -> dict[str, Any]:
    try:
        known = json.loads(view.get("private_metadata") or "{}")
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def _metadata(fingerprint: str, refs: list[Ref]) -> str:
    things = [[ref.connection_id, ref.id] for ref in refs]
    return json.dumps({"insight": fingerprint, "things": things}, separators=(",", ":"))


def _element(element: Element, voice: Voice, usable: set[Ref], share: float) -> Blocks:
    match element:
        case TextField():
            return [_text_field(element, voice)]
        case DateField():
            picker: Json = {"type": "datepicker"}
            if element.initial:
                picker["initial_date"] = element.initial.isoformat()
            label = plain(element.label, voice)
            return [field(element.name, label, picker, optional=element.optional)]
        case ChoiceField():
            return [_choice_field(element, voice)]
        case Item():
            return _item(element, voice, usable, share)
        case DraftedMail():
            return [mail_block(element, voice, share)]
        case Note():
            return [_note(element.text, voice, share)]
        case _:
            assert_never(element)


def _text_field(given: TextField, voice: Voice) -> Json:
    typed: Json = {
        "type": "plain_text_input",
        "multiline": given.long,
        "max_length": min(given.max_length, 3000),
    }
    initial = _initial(given.initial, voice)
    if not given.long:
        initial = one_line(initial).strip()
    if initial:
        typed["initial_value"] = shortened(initial, min(given.max_length, 3000))
    hint = plain(given.hint, voice) if given.hint else None
    return field(given.name, plain(given.label, voice), typed, optional=given.optional, hint=hint)


def _initial(given: str | Phrase | tuple[Phrase, ...], voice: Voice) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, Phrase):
        return plain(given, voice)
    return "\n".join(flat(shorter(words(each, voice), LINE)) for each in given)


def _choice_field(given: ChoiceField, voice: Voice) -> Json:
    options = [option(plain(label, voice), value) for value, label in given.choices]
    menu: Json = {"type": "static_select", "options": options}
    first = next((each for each in options if each["value"] == given.initial), None)
    if first:
        menu["initial_option"] = first
    return field(given.name, plain(given.label, voice), menu)


def _note(text: Phrase, voice: Voice, share: float) -> Json:
    return paragraph(line(words(text, voice), int(600 * share)))


def _item(item: Item, voice: Voice, usable: set[Ref], share: float) -> Blocks:
    most = int(300 * share) + 20
    facts = " · ".join(flat(shorter(words(fact, voice), most)) for fact in item.facts)
    lines = [
        line(words(item.title, voice), most, bold=True, links=share > 0.2),
        line(facts, int(900 * share) + 20),
    ]
    if item.done:
        done: Words = words(item.done, voice)
        return [paragraph(*lines, [*emoji("white_check_mark"), *line(done, most, links=False)])]
    blocks: Blocks = [paragraph(*lines)]
    if item.ref not in usable:
        if item.controls:
            only = say("This can only be changed in your CRM.")
            blocks.append(context(plain_text(plain(only, voice))))
        return blocks
    controls = _controls(item, voice)
    if controls:
        blocks.append(actions(controls, block_id=thing_id(item.ref)))
    return blocks


def _controls(item: Item, voice: Voice) -> list[Json]:
    made: list[Json] = []
    logs = [control for control in item.controls if control in _LOGS]
    for control in item.controls:
        match control:
            case Control.COMPLETE_TASK:
                label = plain(say("Complete"), voice)
                made.append(button(label, f"{DO}:{control}", style="primary"))
            case Control.RESCHEDULE_TASK:
                made.append(
                    {
                        "type": "datepicker",
                        "action_id": f"{DO}:{control}",
                        # Its label, which a first date would hide; the facts tell the present one.
                        "placeholder": plain_text(plain(say("Move its date"), voice)),
                    }
                )
            case Control.MOVE_DEAL:
                made += _stages(item, control, voice)
    if logs:
        made.append(
            {
                "type": "static_select",
                "action_id": f"{DO}:log",
                "placeholder": plain_text(plain(say("Log a contact"), voice)),
                "options": [
                    option(plain(_LOGS[control], voice), control.value) for control in logs
                ],
            }
        )
    return made


def _stages(item: Item, control: Control, voice: Voice) -> list[Json]:
    # A stage whose name is longer than an option's value may be cannot be chosen here.
    fitting = [stage for stage in item.stages if stage and units(stage) <= 150]
    # Where it is the facts tell, and it is no stage to move to.
    stages = [stage for stage in fitting if stage != item.stage][:100]
    if not stages:
        return []
    return [
        {
            "type": "static_select",
            "action_id": f"{DO}:{control}",
            "placeholder": plain_text(plain(say("Move to a stage"), voice)),
            "options": [option(stage, stage) for stage in stages],
        }
    ]
