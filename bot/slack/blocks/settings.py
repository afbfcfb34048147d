"""The settings modal: everything a person can set, with its range checked at its field."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time
from typing import Any, TypeVar

from bot.slack.blocks.mutes import muted_title
from bot.slack.blocks.pieces import VALUE, Json, context, field, modal, option, plain_text
from coach import previewing
from coach.action import FieldErrors
from coach.countries import suggested
from coach.engine import switched
from coach.errors import SettingError
from coach.models import Enrolment, Level, Often, Person, Settings
from coach.phrases import Phrase, say
from coach.rule import Rule
from coach.thresholds import (
    DAILY_CAPS,
    LEAST_A_DAY,
    MOST_A_DAY,
    RANGES,
    at_odds,
    checked_cap,
    checked_country,
    checked_days,
    checked_time,
    level_named,
    often_chosen,
    working_days_chosen,
)
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

#: Where a number of one's own takes the place of what was learned.
_LEARNED = frozenset({"stuck_deal_days"})

_OFTEN = {
    Often.OFF: say("Off"),
    Often.DAILY: say("Each working day"),
    Often.WEEKLY: say("Once a week, on the last working day"),
}


def is_on(person: Person) -> bool:
    """Whether this person is coached now: agreed, and not off."""
    return person.enrolment is Enrolment.STARTED and person.settings.enabled


def settings_modal(
    person: Person,
    voice: Voice,
    now: datetime,
    rules: Mapping[str, Rule],
    *,
    muted: Sequence[Json] = (),
) -> Json:
    """The modal, filled with what the person has set, and what today looks like with it.

    `rules` are those there are: what is off until somebody wants it can be switched on. `muted` are
    the rows of what they have muted.
    """
    settings = person.settings
    days = [option(day, str(number)) for number, day in enumerate(weekdays(voice), start=1)]
    chosen = [day for day in days if int(day["value"]) in settings.working_days]
    on = _switches(say("Off: say nothing, keep everything"), voice)
    brief = _switches(say("Off: it waits for the digest"), voice)
    levels = [option(plain(text, voice), str(int(level))) for level, text in LEVELS.items()]
    often = [option(plain(text, voice), each.value) for each, text in _OFTEN.items()]
    zone = say(
        "Time zone: {zone} (from your Slack profile).",
        zone=person.time_zone or say("not known yet; your days begin at midnight UTC until then"),
    )
    boxes: Json = {"type": "checkboxes", "options": days}
    if chosen:
        boxes["initial_options"] = chosen

    def label(said: Phrase) -> str:
        return plain(said, voice)

    return modal(
        label(say("Coach settings")),
        [
            context(plain_text(label(previewing.today(person, now)))),
            field("enabled", label(say("Coach")), _radio(on, on[0] if is_on(person) else on[1])),
            field(
                "level",
                label(say("How much do you want to hear?")),
                _radio(levels, _of(levels, str(int(settings.level)))),
            ),
            *_also(person, rules, voice),
            field("working_days", label(say("Working days")), boxes),
            field("work_from", label(say("Work begins at")), _clock(settings.work_from)),
            field("work_until", label(say("Work ends at")), _clock(settings.work_until)),
            _holidays(person, voice),
            context(plain_text(label(zone))),
            field(
                "brief",
                label(say("Morning brief: the three things that matter most, each working day")),
                _radio(brief, brief[0] if settings.brief else brief[1]),
            ),
            field(
                "brief_at",
                label(say("The brief comes at")),
                _clock(settings.brief_at),
                optional=True,
                hint=label(say("Within your working hours; empty: as they begin.")),
            ),
            field(
                "digest",
                label(say("Digest: what was not worth interrupting you for")),
                _radio(often, _of(often, settings.digest.value)),
            ),
            field(
                "digest_at",
                label(say("The digest comes at")),
                _clock(settings.digest_at),
                optional=True,
                hint=label(say("Within your working hours; empty: an hour before they end.")),
            ),
            _cap(settings.daily_cap, voice),
            _days("stale_lead_days", settings.stale_lead_days, voice),
            _days("stuck_deal_days", settings.stuck_deal_days, voice),
            *([muted_title(voice), *muted] if muted else []),
        ],
        callback_id=CALLBACK,
        submit=label(say("Save")),
        close=label(say("Cancel")),
    )


def submitted(
    view: Mapping[str, Any], now_set: Settings, rules: Mapping[str, Rule]
) -> Settings | FieldErrors:
    """The settings a person has filled in, or what is wrong with them, by field.

    Every option is checked: what arrives need not be what the modal offered.
    `enabled` says what they chose for the coach as a whole; what the modal does not show stays.
    """
    state = view["state"]["values"]
    errors: dict[str, Phrase] = {}

    def checked(name: str, read: Callable[[Mapping[str, Any]], T], otherwise: T) -> T:
        # A window that was opened before there was such a field does not send it.
        if name not in state:
            return otherwise
        try:
            return read(state[name][VALUE])
        except SettingError as error:
            errors[error.setting] = error.said
            return otherwise

    def number(name: str, otherwise: int | None) -> int | None:
        return checked(name, lambda held: checked_days(name, held.get("value")), otherwise)

    def at(name: str, otherwise: time | None) -> time | None:
        return checked(name, lambda held: checked_time(name, held.get("selected_time")), otherwise)

    found = Settings(
        enabled=checked("enabled", _switch("enabled", now_set.enabled), True),
        level=checked(
            "level",
            lambda held: level_named(_chosen(held, str(int(now_set.level)))),
            now_set.level,
        ),
        stale_lead_days=number("stale_lead_days", now_set.stale_lead_days),
        stuck_deal_days=number("stuck_deal_days", now_set.stuck_deal_days),
        working_days=checked(
            "working_days",
            lambda held: working_days_chosen(
                [str(each["value"]) for each in held["selected_options"] or ()]
            ),
            now_set.working_days,
        ),
        work_from=at("work_from", now_set.work_from) or now_set.work_from,
        work_until=at("work_until", now_set.work_until) or now_set.work_until,
        holidays=checked(
            "holidays", lambda held: checked_country(held.get("value")), now_set.holidays
        ),
        brief=checked("brief", _switch("brief", now_set.brief), now_set.brief),
        brief_at=at("brief_at", now_set.brief_at),
        digest=checked(
            "digest",
            lambda held: often_chosen(_chosen(held, now_set.digest.value)),
            now_set.digest,
        ),
        digest_at=at("digest_at", now_set.digest_at),
        daily_cap=checked(
            "daily_cap", lambda held: checked_cap(held.get("value")), now_set.daily_cap
        ),
        also=checked("also", lambda held: _switched_on(held, rules), now_set.also),
        named=now_set.named,
    )
    for odd in at_odds(found):
        errors.setdefault(odd.setting, odd.said)
    return FieldErrors(errors) if errors else found


def _also(person: Person, rules: Mapping[str, Rule], voice: Voice) -> Sequence[Json]:
    """Kinds of advice that are off until somebody wants them; nothing where there are none."""
    options = [
        option(
            plain(say("{called}: {summary}", called=rule.called, summary=rule.summary), voice), name
        )
        for name, rule in sorted(switched(rules).items())
    ]
    if not options:
        return ()
    boxes: Json = {"type": "checkboxes", "options": options}
    if on := [each for each in options if each["value"] in person.settings.also]:
        boxes["initial_options"] = on
    label = plain(say("Tell me also of"), voice)
    return [field("also", label, boxes, optional=True)]


def _switched_on(held: Mapping[str, Any], rules: Mapping[str, Rule]) -> tuple[str, ...]:
    ticked = {str(each["value"]) for each in held.get("selected_options") or ()}
    if not ticked <= switched(rules).keys():
        raise SettingError("also", say("Choose one of these."))
    return tuple(sorted(ticked))


def _chosen(held: Mapping[str, Any], otherwise: str) -> str:
    return str((held.get("selected_option") or {}).get("value", otherwise))


def _switch(name: str, now_set: bool) -> Callable[[Mapping[str, Any]], bool]:
    def read(held: Mapping[str, Any]) -> bool:
        value = _chosen(held, "on" if now_set else "off")
        if value not in {"on", "off"}:
            raise SettingError(name, say("Choose On or Off."))
        return value == "on"

    return read


def _of(options: list[Json], value: str) -> Json:
    return next(each for each in options if each["value"] == value)


def _switches(off: Phrase, voice: Voice) -> list[Json]:
    return [option(plain(say("On"), voice), "on"), option(plain(off, voice), "off")]


def _radio(options: list[Json], first: Json) -> Json:
    return {
        "type": "radio_buttons",
        "options": options,
        "initial_option": first,
    }


def _clock(at: time | None) -> Json:
    made: Json = {"type": "timepicker"}
    if at is not None:
        made["initial_time"] = f"{at:%H:%M}"
    return made


def _holidays(person: Person, voice: Voice) -> Json:
    text: Json = {"type": "plain_text_input", "max_length": 8}
    if person.settings.holidays:
        text["initial_value"] = person.settings.holidays
    if yours := suggested(person):
        hint = say(
            "A country by its two letters ({yours}), or a part of it, such as DE-BY. Empty: none.",
            yours=yours,
        )
    else:
        hint = say("A country by its two letters, such as DE, or a part of it: DE-BY. Empty: none.")
    label = plain(say("Public holidays on which you do not work"), voice)
    return field("holidays", label, text, optional=True, hint=plain(hint, voice))


def _cap(given: int | None, voice: Voice) -> Json:
    hint = say(
        "A whole number from {least} to {most}; empty for what goes with your level: {minimal}, "
        "{balanced} or {active}. The rest waits for the next brief or digest.",
        least=LEAST_A_DAY,
        most=MOST_A_DAY,
        minimal=DAILY_CAPS[Level.MINIMAL],
        balanced=DAILY_CAPS[Level.BALANCED],
        active=DAILY_CAPS[Level.ACTIVE],
    )
    label = plain(say("Messages a day, at most"), voice)
    return field("daily_cap", label, _number(given), optional=True, hint=plain(hint, voice))


def _number(given: int | None, placeholder: str | None = None) -> Json:
    number: Json = {"type": "number_input", "is_decimal_allowed": False}
    if placeholder is not None:
        number["placeholder"] = plain_text(placeholder)
    if given is not None:
        number["initial_value"] = str(given)
    return number


def _days(name: str, given: int | None, voice: Voice) -> Json:
    default, least, most = RANGES[name]
    if name in _LEARNED:
        hint = say(
            "A whole number from {least} to {most}; empty for what your team's won deals show, or "
            "{default} where they are too few.",
            least=least,
            most=most,
            default=default,
        )
    else:
        hint = say(
            "A whole number from {least} to {most}; empty for the default, {default}.",
            least=least,
            most=most,
            default=default,
        )
    label = plain(_LABELS[name], voice)
    number = _number(given, str(default))
    return field(name, label, number, optional=True, hint=plain(hint, voice))
