"""The settings modal: everything a person can set, with its range checked at its field."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bot.slack.blocks.pieces import VALUE, Json, context, field, modal, option, plain_text
from coach.action import FieldErrors
from coach.errors import SettingError
from coach.models import Enrolment, Level, Person, Settings
from coach.phrases import Phrase, say
from coach.thresholds import RANGES, checked_days, level_named, working_days_chosen
from coach.wording import Voice, plain, weekdays

T = TypeVar("T")

#: The `callback_id` of the modal.
CALLBACK = "settings"

LEVELS = {
    Level.MINIMAL: say("1 · Minimal: only what matters most"),
    Level.BALANCED: say("2 · Balanced: high and medium priority"),
    Level.ACTIVE: say("3 · Active: everything, tips included"),
}

_LABELS = {
    "stale_lead_days": say("A lead is going cold after … working days without contact"),
    "stuck_deal_days": say("A deal is stuck after … working days in one stage"),
}


def is_on(person: Person) -> bool:
    """Whether this person is coached now: agreed, and not off."""
    return person.enrolment is Enrolment.STARTED and person.settings.enabled


def settings_modal(person: Person, voice: Voice) -> Json:
    """The modal, filled with what the person has set."""
    settings = person.settings
    days = [option(day, str(number)) for number, day in enumerate(weekdays(voice), start=1)]
    chosen = [day for day in days if int(day["value"]) in settings.working_days]
    on = [
        option(plain(say("On"), voice), "on"),
        option(plain(say("Off: say nothing, keep everything"), voice), "off"),
    ]
    levels = [option(plain(text, voice), str(int(level))) for level, text in LEVELS.items()]
    zone = say(
        "Time zone: {zone} (from your Slack profile).",
        zone=person.time_zone or say("not known yet; your days begin at midnight UTC until then"),
    )
    hear = plain(say("How much do you want to hear?"), voice)
    boxes: Json = {"type": "checkboxes", "options": days}
    if chosen:
        boxes["initial_options"] = chosen
    return modal(
        plain(say("Coach settings"), voice),
        [
            field(
                "enabled", plain(say("Coach"), voice), _radio(on, on[0] if is_on(person) else on[1])
            ),
            field("level", hear, _radio(levels, _of(levels, settings))),
            _days("stale_lead_days", settings.stale_lead_days, voice),
            _days("stuck_deal_days", settings.stuck_deal_days, voice),
            field("working_days", plain(say("Working days"), voice), boxes),
            context(plain_text(plain(zone, voice))),
        ],
        callback_id=CALLBACK,
        submit=plain(say("Save"), voice),
        close=plain(say("Cancel"), voice),
    )


def submitted(view: Mapping[str, Any], now_set: Settings) -> Settings | FieldErrors:
    """The settings a person has filled in, or what is wrong with them, by field.

    Every option is checked: what arrives need not be what the modal offered.
    `enabled` says what they chose for the coach as a whole; what the modal does not show stays.
    """
    state = view["state"]["values"]
    errors: dict[str, Phrase] = {}

    def checked(read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except SettingError as error:
            errors[error.setting] = error.said
            return otherwise

    def number(name: str) -> int | None:
        return checked(lambda: checked_days(name, state[name][VALUE].get("value")), None)

    ticked = [str(each["value"]) for each in state["working_days"][VALUE]["selected_options"] or ()]
    level = _chosen(state["level"], str(int(now_set.level)))
    found = Settings(
        enabled=checked(
            lambda: _switch(_chosen(state["enabled"], "on" if now_set.enabled else "off")), True
        ),
        level=checked(lambda: level_named(level), now_set.level),
        stale_lead_days=number("stale_lead_days"),
        stuck_deal_days=number("stuck_deal_days"),
        working_days=checked(lambda: working_days_chosen(ticked), now_set.working_days),
    )
    return FieldErrors(errors) if errors else found


def _chosen(holders: Mapping[str, Any], otherwise: str) -> str:
    return str((holders[VALUE].get("selected_option") or {}).get("value", otherwise))


def _switch(value: str) -> bool:
    if value not in {"on", "off"}:
        raise SettingError("enabled", say("Choose On or Off."))
    return value == "on"


def _of(levels: list[Json], settings: Settings) -> Json:
    return next(each for each in levels if each["value"] == str(int(settings.level)))


def _radio(options: list[Json], first: Json) -> Json:
    return {
        "type": "radio_buttons",
        "options": options,
        "initial_option": first,
    }


def _days(name: str, given: int | None, voice: Voice) -> Json:
    default, least, most = RANGES[name]
    number: Json = {
        "type": "number_input",
        "is_decimal_allowed": False,
        "placeholder": plain_text(str(default)),
    }
    if given is not None:
        number["initial_value"] = str(given)
    hint = say(
        "A whole number from {least} to {most}; empty for the default, {default}.",
        least=least,
        most=most,
        default=default,
    )
    label = plain(_LABELS[name], voice)
    return field(name, label, number, optional=True, hint=plain(hint, voice))
