"""`/coach pause`: silence until a time that is typed."""

from bot.coaching import enrolling
from bot.coaching.permission import Refusal
from bot.coaching.telling_waits import what_waits
from bot.slack.blocks.settings import is_on
from bot.slack.command import Answer, Call, Group, Subcommand, says
from coach.models import Person
from coach.phrases import Phrase, say, together
from coach.until import in_full, read_until


async def run(call: Call) -> Answer:
    """Pause until then, or end a pause; without either, say how it stands."""
    typed = call.args.strip()
    if not typed:
        return says(_how_it_stands(call), call.voice)
    if typed.lower() == "off":
        await enrolling.pause(call.parts, call.actor, None)
        return says(
            together(say("The pause is over."), await what_waits(call.parts, call.person)),
            call.voice,
        )
    if not is_on(call.person):
        raise Refusal(say("Your coach is off, so there is nothing to pause."))
    until = read_until(typed, call.person, call.parts.clock.now())
    return says(_paused(call, await enrolling.pause(call.parts, call.actor, until)), call.voice)


def _how_it_stands(call: Call) -> Phrase:
    person = call.person
    if not is_on(person):
        return say("Your coach is off. `/coach on` lets it speak.")
    if person.paused_until is not None and person.paused_until > call.parts.clock.now():
        return _paused(call, person)
    return say(
        "Your coach is not paused. `/coach pause 2h` or `/coach pause until monday` does it."
    )


def _paused(call: Call, person: Person) -> Phrase:
    now = call.parts.clock.now()
    until = in_full(person.paused_until or now, now, person.time_zone)
    if person.time_zone is None:
        return say(
            "Your coach is silent until {time} UTC: your time zone is not known yet. "
            "`/coach pause off` ends it.",
            time=until,
        )
    return say(
        "Your coach is silent until {time}. Nothing is lost; `/coach pause off` ends it.",
        time=until,
    )


SUBCOMMAND = Subcommand(
    "pause 2h|until monday|until 2026-12-05|off",
    say("be left alone for a while"),
    run,
    group=Group.ADVICE,
    example="pause until monday",
    also=("holiday", "vacation", "snooze", "quiet", "away", "shut"),
)
