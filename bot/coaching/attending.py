"""Attention at work: whose turn it is, what may reach them now, and the messages that makes."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.coaching import following
from bot.runtime.parts import Parts
from coach import attention, engine
from coach.attention import Decision
from coach.backlogs import adds_to_summary
from coach.history import Past
from coach.models import Enrolment, MessageState, Person
from coach.phrases import Phrase, say, to_json
from coach.timetable import adds_to_brief, is_time_for_brief, waits_for_rules
from coach.verdicts import Decided, Reason, Verdict
from coach.waiting import Waiting, most_important
from storage import asking, deciding, ending, homes, messages, people, rounds, takeovers
from storage import attention as kept
from storage.attention import Open
from storage.database import Tx, is_passing
from storage.messages import Message, card_id

log = logging.getLogger(__name__)

#: People decided about in one transaction.
BATCH = 200

#: When to decide again about somebody about whom it could not be done.
AFTER_FAULT = timedelta(minutes=15)


async def attend(parts: Parts, tx: Tx, workspace_id: str, person_ids: Collection[str]) -> int:
    """Decide about the open insights of these people and make or withdraw their messages.

    Part of the transaction in which something about them changed: what is to be said now is due
    when that ends, and the caller then rings the sender. Returns how many messages became due.
    """
    if not person_ids:
        return 0
    now = parts.clock.now()
    persons, noted = await deciding.load_alone(tx, workspace_id, person_ids)
    waiting = await kept.open_of(tx, workspace_id, persons)
    anew: set[str] = set()
    if aged := _aged(persons, waiting, now):
        anew = await following.ask_again(parts, tx, workspace_id, aged, now)
        await kept.asked(tx, workspace_id, aged, now)
        await messages.changed(tx, workspace_id, _dated(waiting, aged))
        waiting = await kept.open_of(tx, workspace_id, persons)
    making = {id for id, person in persons.items() if is_time_for_brief(person, now)}
    waiting = await kept.with_worth(tx, workspace_id, waiting, anew=making)
    past = await _past(tx, workspace_id, persons, waiting, now)
    unlooked = await _unlooked(parts, tx, workspace_id, persons, now)
    decisions = {
        id: attention.decide(
            person,
            [each.waiting for each in waiting.get(id, {}).values()],
            now,
            past.get(id, Past()),
            looked=id not in unlooked,
        )
        for id, person in persons.items()
    }
    made = await _act(parts, tx, workspace_id, persons, waiting, decisions, now)
    again = {
        id: decision.again_at
        for id, decision in decisions.items()
        if decision.again_at is not None or id in noted | anew
    }
    await deciding.decided(tx, workspace_id, again)
    await homes.changed(tx, workspace_id, persons.values(), now)
    return made + len(anew)


def _aged(
    persons: Mapping[str, Person], waiting: Mapping[str, Mapping[str, Open]], now: datetime
) -> set[str]:
    """What stands before these people since an earlier day."""
    return {
        print_
        for id, theirs in waiting.items()
        for print_ in attention.aged(persons[id], [each.waiting for each in theirs.values()], now)
    }


def _dated(waiting: Mapping[str, Mapping[str, Open]], aged: Collection[str]) -> set[str]:
    """Those of these whose messages name a day: that of a brief, or that of the next morning."""
    return {
        print_
        for theirs in waiting.values()
        for print_, each in theirs.items()
        if print_ in aged and each.waiting.shown_by != "digest"
    }


async def _unlooked(
    parts: Parts, tx: Tx, workspace_id: str, persons: Mapping[str, Person], now: datetime
) -> set[str]:
    """Those whose brief waits for rules that have still to look at them; the clock is rung."""
    whom = {id for id, person in persons.items() if waits_for_rules(person, now)}
    if not whom:
        return whom
    rules = {*engine.time_rules(parts.rules), *engine.person_rules(parts.rules)}
    found = await rounds.due_of(tx, workspace_id, whom, rules, now)
    if found:
        parts.wake.tick.set()
    return found


async def _past(
    tx: Tx,
    workspace_id: str,
    persons: Mapping[str, Person],
    waiting: dict[str, dict[str, Open]],
    now: datetime,
) -> dict[str, Past]:
    """What was said to those of whose insights something is unsaid, and what they have muted."""
    whom = [
        person
        for id, person in persons.items()
        if any(each.waiting.is_unsaid for each in waiting.get(id, {}).values())
    ]
    past = await kept.past_of(tx, workspace_id, whom, now)
    for id, each in past.items():
        if each.mutes:
            waiting[id] = await kept.with_things(tx, workspace_id, waiting[id])
    return past


async def reach(parts: Parts, tx: Tx, workspace_id: str, person_id: str) -> None:
    """Somebody can be reached now, or anew: what was held for them is on its way."""
    now = parts.clock.now()
    await messages.replay(tx, workspace_id, now, person_id=person_id)
    await takeovers.look_again(tx, workspace_id, now)
    await attend(parts, tx, workspace_id, [person_id])


async def turn(parts: Parts) -> bool:
    """Decide about everybody whose turn it is; says whether more of them may be left.

    One who cannot be decided about is kept for later and stops no other.
    """
    async with parts.database.read() as tx:
        if not await deciding.any_to_decide(tx, parts.clock.now()):
            return False
    try:
        count, made = await _batch(parts, BATCH)
    except Exception as error:
        if is_passing(error):
            raise
        log.exception("a batch of people could not be decided about; trying them one by one")
        count, made = await _one_by_one(parts)
    if made:
        parts.wake.sender.set()
    return count >= BATCH


async def _batch(parts: Parts, most: int) -> tuple[int, int]:
    """How many people were decided about, and how many messages became due."""
    made = count = 0
    async with parts.database.write() as tx:
        for workspace_id, ids in (await deciding.to_decide(tx, parts.clock.now(), most)).items():
            made += await attend(parts, tx, workspace_id, ids)
            count += len(ids)
    return count, made


async def _one_by_one(parts: Parts) -> tuple[int, int]:
    made = 0
    async with parts.database.read() as tx:
        waiting = await deciding.to_decide(tx, parts.clock.now(), BATCH)
    for workspace_id, ids in waiting.items():
        for id in ids:
            try:
                async with parts.database.write() as tx:
                    made += await attend(parts, tx, workspace_id, [id])
            except Exception as error:
                if is_passing(error):
                    raise
                log.exception("it cannot be decided what person %s is to be told", id)
                async with parts.database.write() as tx:
                    later = parts.clock.now() + AFTER_FAULT
                    await deciding.decided(tx, workspace_id, {id: later})
    return sum(map(len, waiting.values())), made


async def _act(
    parts: Parts,
    tx: Tx,
    workspace_id: str,
    persons: Mapping[str, Person],
    waiting: Mapping[str, Mapping[str, Open]],
    decisions: Mapping[str, Decision],
    now: datetime,
) -> int:
    changed: dict[str, Decided] = {}
    dropped: list[str] = []
    due: list[tuple[Message, list[str]]] = []
    withdrawn: set[str] = set()
    whose: dict[str, tuple[str, str]] = {}
    told: set[str] = set()
    for id, decision in decisions.items():
        together = {*decision.brief, *decision.digest, *decision.backlog}
        for print_, decided in decision.insights.items():
            known = waiting[id][print_]
            if decided != known.decided:
                changed[print_] = decided
            if decided.verdict is Verdict.DROP:
                dropped.append(print_)
            is_due = known.waiting.message is MessageState.DUE
            if decided.verdict is not Verdict.NOW and is_due and known.message_id:
                withdrawn.add(known.message_id)
                whose[known.message_id] = (known.waiting.shown_by, id)
            if decided.verdict is Verdict.NOW and is_due and known.message_id:
                told.add(known.message_id)
            if print_ in together or not _is_to_be_made(known.waiting, decided):
                continue
            due.append((_card(persons[id], known.waiting), [print_]))
        due += _together(persons[id], decision, waiting.get(id, {}), now)
        for rule in decision.ask_about:
            called = parts.rules[rule].called if rule in parts.rules else say("Advice")
            due.append((_question(persons[id], rule, called, now), []))
            await asking.fall_silent(tx, workspace_id, id, rule, now)
    await kept.keep(tx, workspace_id, changed)
    lasts = {print_: at for each in decisions.values() for print_, at in each.lasts.items()}
    await kept.let_last(tx, workspace_id, lasts)
    if dropped:
        await ending.expire_these(tx, workspace_id, dropped, now)
    # What has something left to say is only drawn without the rest.
    back = withdrawn - told
    await messages.withdraw(tx, workspace_id, back)
    unsaid = [whose[message_id] for message_id in back]
    summaries = {id for kind, id in unsaid if kind == "backlog" and not decisions[id].backlog}
    await people.backlog_came(tx, workspace_id, summaries, now)
    await people.made(
        tx,
        workspace_id,
        {id for kind, id in unsaid if kind == "brief" and not decisions[id].brief},
        {id for kind, id in unsaid if kind == "digest" and not decisions[id].digest},
        None,
    )
    await _note(tx, workspace_id, persons, decisions, now)
    asked = [persons[id] for id, decision in decisions.items() if decision.ask]
    due += [(_welcome(person), []) for person in asked]
    for person in asked:
        await people.enrol(
            tx, workspace_id, person.id, Enrolment.INVITING, only_from=[Enrolment.NEW]
        )
    # What was put off and is said now by another message leaves the one of before.
    put_off = {
        print_
        for theirs in waiting.values()
        for print_, each in theirs.items()
        if each.waiting.snoozed_until is not None
    }
    again = {print_ for _, prints in due for print_ in prints} & put_off
    # So it does when its time has come and it still has to wait: that can be undone no more.
    again |= {
        print_
        for print_, decided in changed.items()
        if print_ in put_off and decided.reason is not Reason.SNOOZED
    }
    await messages.changed(tx, workspace_id, again)
    await messages.make(tx, due, now)
    for message, prints in due:
        if message.kind == "backlog":
            # What came later may be what matters most of all.
            await messages.arrange(tx, workspace_id, message.id, prints)
    added = [
        print_
        for id, decision in decisions.items()
        for adds, prints in (
            (adds_to_brief(persons[id], now), decision.brief),
            (adds_to_summary(persons[id], now), decision.backlog),
        )
        if adds
        for print_ in prints
        if waiting[id][print_].message_id is None
    ]
    await messages.changed(tx, workspace_id, added)
    return len(due)


def _is_to_be_made(each: Waiting, decided: Decided) -> bool:
    """Whether there is no message yet of what is to be said now."""
    if decided.verdict is not Verdict.NOW or decided.reason is not Reason.TURN:
        return False
    return each.is_unsaid and each.message is not MessageState.DUE


async def _note(
    tx: Tx,
    workspace_id: str,
    persons: Mapping[str, Person],
    decisions: Mapping[str, Decision],
    now: datetime,
) -> None:
    """Note what was made of whom, and take what stood there before out of the way."""
    briefs = {
        id
        for id, decision in decisions.items()
        if decision.brief and not adds_to_brief(persons[id], now)
    }
    digests = {id for id, decision in decisions.items() if decision.digest}
    told = {id for id, decision in decisions.items() if decision.backlog}
    anew = {id for id in told if not adds_to_summary(persons[id], now)}
    await people.backlog_made(tx, workspace_id, anew, now)
    await people.backlog_made(tx, workspace_id, told - anew)
    await messages.supersede(tx, workspace_id, "backlog", anew)
    if briefs or digests:
        await people.made(tx, workspace_id, briefs, digests, now)
    await messages.supersede(tx, workspace_id, "brief", briefs)
    await messages.supersede(tx, workspace_id, "digest", digests)


def _together(
    person: Person, decision: Decision, open_: Mapping[str, Open], now: datetime
) -> list[tuple[Message, list[str]]]:
    """The brief, the digest and the summary of a backlog."""
    made: list[tuple[Message, list[str]]] = []
    if decision.brief:
        adds = person.brief_made_at if adds_to_brief(person, now) else None
        # Added to, its lines keep their places: they do not move under a pointer.
        made.append(_with(_of(person, "brief", adds or now), open_, decision.brief))
    if decision.digest:
        made.append((_of(person, "digest", now), list(decision.digest)))
    if decision.backlog:
        adds = person.backlog_made_at if adds_to_summary(person, now) else None
        summary = _of(person, "backlog", adds or now)
        summary = replace(summary, params={"id": summary.id})
        summed_up = _with(summary, open_, decision.backlog)
        made.append(_in_order(*summed_up, open_))
    return made


def _in_order(
    message: Message, prints: Sequence[str], open_: Mapping[str, Open]
) -> tuple[Message, list[str]]:
    """The same, the most important first, whichever of it came first."""
    in_order = most_important(open_[print_].waiting for print_ in prints)
    return message, [each.fingerprint for each in in_order]


def _with(
    message: Message, open_: Mapping[str, Open], prints: Sequence[str]
) -> tuple[Message, list[str]]:
    """A message with these insights; what it shows already stays before its equals."""
    shown = [print_ for print_, each in open_.items() if each.message_id == message.id]
    return message, list(dict.fromkeys((*shown, *prints)))


def _question(person: Person, rule: str, called: Phrase, at: datetime) -> Message:
    asked = _of(person, "question", at)
    id = f"question:{person.id}:{int(at.timestamp())}:{rule[:32]}"
    params = {"id": id, "rule": rule, "called": to_json(called), "state": "asked"}
    return replace(asked, id=id, params=params)


def _of(person: Person, kind: str, at: datetime) -> Message:
    return Message(
        person.workspace_id,
        f"{kind}:{person.id}:{at.isoformat(timespec='seconds')}",
        kind,
        person.slack_user_id or "",
        person_id=person.id,
    )


def _card(person: Person, insight: Waiting) -> Message:
    # What was put off is said by another card.
    id = card_id(insight.fingerprint)
    if insight.snoozed_until is not None:
        id = f"{id}:{int(insight.snoozed_until.timestamp())}"
    return Message(person.workspace_id, id, "card", person.slack_user_id or "", person_id=person.id)


def _welcome(person: Person) -> Message:
    return Message(
        person.workspace_id,
        f"welcome:{person.id}",
        "welcome",
        person.slack_user_id or "",
        {"state": "asked", "name": person.name},
        person.id,
    )
