"""`/coach digest`: what the next digest holds as things are now, and when it comes."""

from bot.coaching import digesting
from bot.coaching.saying import SHOWN
from bot.slack.blocks.asides import sentence
from bot.slack.blocks.digest import digest
from bot.slack.command import Answer, Call, Group, Subcommand, says
from coach.chain import silenced
from coach.models import Insight
from coach.phrases import Phrase, say, together
from coach.previewing import digest_after
from storage import insights


async def run(call: Call) -> Answer:
    """The digest before its time, each thing with its buttons; those listed count as seen."""
    now, person = call.parts.clock.now(), call.person
    comes = digest_after(person, now)
    if comes is None:
        silent = silenced(person, now)
        why = silent.sentence if silent else say("You have turned the digest off.")
        no_digest = say("No digest comes. `/coach insights` shows what waits.")
        return says(together(why, no_digest), call.voice)
    waiting = await digesting.next_of(call.parts, person)
    made = digest(waiting, call.voice, lambda each: _called(call, each), superseded=False, now=now)
    if made is None:
        nothing = say("Nothing waits for your next digest. It would come {time}.", time=comes)
        return says(nothing, call.voice)
    unseen = [each.fingerprint for each in waiting[: SHOWN["digest"]] if not each.seen]
    if unseen:
        async with call.parts.database.write() as tx:
            await insights.see(tx, call.workspace_id, unseen, now)
    # It is read for as long as it is left standing: it says as of when it is.
    coming = say("As of {now}, this is what your digest of {time} will hold.", now=now, time=comes)
    text, blocks = made
    return Answer(text, [*sentence(coming, call.voice)[1], *blocks])


def _called(call: Call, insight: Insight) -> Phrase | None:
    rule = call.parts.rules.get(insight.rule)
    return rule.called if rule else None


SUBCOMMAND = Subcommand(
    "digest",
    say("see what your next digest holds, and when it comes"),
    run,
    group=Group.ADVICE,
    also=("summary", "week", "weekly"),
)
