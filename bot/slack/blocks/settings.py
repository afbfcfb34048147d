"""The settings modal: everything a person can set, with its range checked at its field."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bot.slack.blocks.pieces import VALUE, Json, context, field, modal, option, plain_text
from coach.action import FieldErrors
from coach.errors import SettingError
from coach.models import Enrolment, Level, Person, Settings
from coach.thresholds import RANGES, checked_days, level_named, working_days_chosen

T = TypeVar("T")

#: The `callback_id` of the modal.
CALLBACK = "settings"

LEVELS = {
    Level.MINIMAL: "1 · Minimal: only what matters most",
    Level.BALANCED: "2 · Balanced: high and medium priority",
    Level.ACTIVE: "3 · Active: everything, tips included",
}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_LABELS = {
    "stale_lead_days": "A lead is going cold after … working days without contact",
    "stuck_deal_days": "A deal is stuck after … working days in one stage",
}


def is_on(person: Person) -> bool:
    """Whether this person is coached now: agreed, and not off."""
    return person.enrolment is Enrolment.STARTED and person.settings.enabled


def settings_modal(person: Person) -> Json:
    """The modal, filled with what the person has set."""
    settings = person.settings
    days = [option(day, str(number)) for number, day in enumerate(DAYS, start=1)]
    chosen = [day for day in days if int(day["value"]) in settings.working_days]
    on = [option("On", "on"), option("Off: say nothing, keep everything", "off")]
    levels = [option(text, str(int(level))) for level, text in LEVELS.items()]
    zone = person.time_zone or "not known yet; your days begin at midnight UTC until then"
    boxes: Json = {"type": "checkboxes", "options": days}
    if chosen:
        boxes["initial_options"] = chosen
    return modal(
        "Coach settings",
        [
            field("enabled", "Coach", _radio(on, on[0] if is_on(person) else on[1])),
            field("level", "How much do you want to hear?", _radio(levels, _of(levels, settings))),
            _days("stale_lead_days", settings.stale_lead_days),
            _days("stuck_deal_days", settings.stuck_deal_days),
            field("working_days", "Working days", boxes),
            context(plain_text(f"Time zone: {zone} (from your Slack profile).")),
        ],
        callback_id=CALLBACK,
        submit="Save",
        close="Cancel",
    )


def submitted(view: Mapping[str, Any], now_set: Settings) -> Settings | FieldErrors:
    """The settings a person has filled in, or what is wrong with them, by field.

    Every option is checked: what arrives need not be what the modal offered.
    `enabled` says what they chose for the coach as a whole; what the modal does not show stays.
    """
    state = view["state"]["values"]
    errors: dict[str, str] = {}

    def checked(read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except SettingError as error:
            errors[error.setting] = str(error)
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
        raise SettingError("enabled", "Choose On or Off.")
    return value == "on"


def _of(levels: list[Json], settings: Settings) -> Json:
    return next(each for each in levels if each["value"] == str(int(settings.level)))


def _radio(options: list[Json], first: Json) -> Json:
    return {
        "type": "radio_buttons",
        "options": options,
        "initial_option": first,
    }


def _days(name: str, given: int | None) -> Json:
    default, least, most = RANGES[name]
    number: Json = {
        "type": "number_input",
        "is_decimal_allowed": False,
        "placeholder": plain_text(str(default)),
    }
    if given is not None:
        number["initial_value"] = str(given)
    hint = f"A whole number from {least} to {most}; empty for the default, {default}."
    return field(name, _LABELS[name], number, optional=True, hint=hint)
