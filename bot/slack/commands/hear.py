"""`/coach hear`: switch on a kind of advice that is off until somebody wants it, or off again."""

import re

from bot.coaching import enrolling
from bot.coaching.permission import Refusal
from bot.slack import kinds
from bot.slack.command import Answer, Call, Group, Subcommand, says
from coach import engine
from coach.phrases import Series, facts, say
from coach.wording import plain


async def run(call: Call) -> Answer:
    """Switch a kind on, or with `off` off again; without one, say what there is."""
    typed = re.sub(r"\s+", " ", call.args.strip())
    rules = engine.switched(call.parts.rules)
    if not typed:
        first = plain(next(iter(rules.values())).called, call.voice).lower()
        return says(
            say(
                "What is off until you want it: {kinds}. `/coach hear {first}` switches it on; the "
                "same with `off` behind it switches it off again.",
                kinds=_listed(call),
                first=first,
            ),
            call.voice,
        )
    name, is_off = re.subn(r" off$", "", typed, flags=re.IGNORECASE)
    rule = kinds.named(rules, name, call.voice)
    if rule is None:
        raise Refusal(
            say(
                "“{name}” is nothing that can be switched on. There are: {kinds}.",
                name=name[:60],
                kinds=_listed(call),
            )
        )
    await enrolling.hear(call.parts, call.actor, rule, on=not is_off)
    called, summary = rules[rule].called, rules[rule].summary
    if is_off:
        return says(say("Off: {what}. You hear nothing of it any more.", what=called), call.voice)
    return says(say("On: {what}. {summary}", what=called, summary=summary), call.voice)


def _listed(call: Call) -> Series:
    """What can be switched on, each with how it is now."""
    return facts(
        *(
            say("{called} (on)", called=rule.called)
            if engine.is_switched_on(rule, call.person)
            else say("{called} (off)", called=rule.called)
            for _, rule in sorted(engine.switched(call.parts.rules).items())
        )
    )


SUBCOMMAND = Subcommand(
    "hear [next steps [off]]",
    say("hear also of a kind that is off until you want it"),
    run,
    group=Group.ADVICE,
    example="hear next steps",
    also=("more",),
)
