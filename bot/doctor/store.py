"""The database: whether it answers, and what waits or failed in it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from bot.crm.provider import Provider
from bot.doctor.contact import first_contact
from bot.doctor.findings import Finding, fault, note, ok
from bot.doctor.patterns import check_patterns
from bot.doctor.slack import mending
from bot.runtime.redacting import redacted
from coach.errors import CoachError
from coach.models import Enrolment, MessageState
from coach.phrases import counted, facts, say
from coach.terms import how_many
from coach.verdicts import Reason
from coach.wording import plain
from storage import (
    checks,
    connections,
    crm_writes,
    deliveries,
    fetches,
    insights,
    messages,
    mirror,
    people,
    rounds,
    schema,
)
from storage.connections import Connection
from storage.database import Database, Tx
from storage.deliveries import Unread
from storage.fetches import StoredFetch
from storage.sealing import Seal
from storage.workspaces import DEFAULT

#: How long the database may take to answer, in seconds.
PATIENCE = 10

#: How long a delivery may wait before it is clear that nobody works on it.
LONG = timedelta(minutes=2)

#: For how long a body that was refused to its sender's face is a fault. They were told why and it
#: is theirs to mend, not ours; but while they still try, whoever runs the coach is often the one
#: who writes the script, and looks here. Once no such body has come for a week, nobody waits for
#: any of it, and an alarm that nothing can end would only hide the next one.
FRESH = timedelta(days=7)

#: For how long it is shown what a CRM has refused.
REFUSED_OF_LATE = timedelta(days=7)

#: Particulars shown of each fault, when not all are asked for.
SHOWN = 5


async def check_database(database: Database) -> Finding:
    """Whether it answers and has the schema of this version; SQLite is upgraded on the way.

    Raises what the database raises when it cannot be reached.
    """
    async with asyncio.timeout(PATIENCE):
        has, needs = await schema.versions(database)
    where = database.url.render_as_string(hide_password=True)
    if has != needs:
        try:
            await schema.make_ready(database)
        except schema.SchemaError:
            return fault(
                "database",
                f"{where} has schema {has or 'none'}; this version needs {needs}.",
                "coach db upgrade",
            )
    return ok("database", f"{where} answers; schema {needs}.")


async def check_connections(
    tx: Tx, seal: Seal, providers: dict[str, Provider], now: datetime
) -> list[Finding]:
    """Each CRM: whether its secrets can be read, when it was last heard of, where changes go."""
    try:
        found = await connections.of_workspace(tx, seal, DEFAULT)
    except CoachError as error:
        return [
            fault(
                "crm",
                "The secrets of a connection cannot be read.",
                " ".join(str(error).split()),
            )
        ]
    if not found:
        return [note("crm", "No CRM is connected.", "coach connect native")]
    taken = await crm_writes.first_done(tx, DEFAULT)
    return [
        finding
        for each in found
        for finding in (
            *_connection(each, providers, now),
            *first_contact(each, providers.get(each.provider), taken.get(each.id)),
        )
    ]


def _connection(
    connection: Connection, providers: dict[str, Provider], now: datetime
) -> Iterator[Finding]:
    name = f"Connection {connection.id}"
    if connection.granted:
        name += " (by OAuth)"
    if connection.provider not in providers:
        known = ", ".join(sorted(providers))
        yield fault(
            "crm",
            f"{name} is of provider {connection.provider}, which this version does not know.",
            f"Install a version that knows it, or connect one of: {known}.",
        )
        return
    goes = (
        "changes go there by its API"
        if providers[connection.provider].setup is not None
        else f"changes go to {connection.callback_url}"
        if connection.callback_url
        else "changes made in Slack stay here"
    )
    rotating = len(connection.secrets) - 1
    until = connection.paused_until
    if connection.last_delivery_at is None:
        yield note(
            "crm",
            f"{name}: nothing has come yet; {goes}.",
            f"`coach connect {connection.provider} --id {connection.id}` shows what to paste "
            "where, with an example to try.",
        )
    else:
        yield ok("crm", f"{name}: last heard of {_ago(now - connection.last_delivery_at)}; {goes}.")
    if connection.trouble is not None:
        yield fault(
            "crm",
            f"{name}: {redacted(connection.trouble)}",
            f"Run `coach connect {connection.provider} --id {connection.id}` again; it mends what "
            "the CRM lets it, and prints what is to be clicked there."
            + (" With --oauth, access is granted anew." if connection.granted else ""),
        )
    if until is not None and until > now:
        yield note(
            "crm",
            f"{name}: the CRM is left alone until {until:%Y-%m-%d %H:%M:%S} UTC "
            f"({redacted(connection.pause_reason or 'no reason kept')}).",
            "Wait: changes and look-ups go on by themselves then. If it comes often: for HTTP 429, "
            "see in the CRM what else uses up its limit of calls, or ask for a higher one; else, "
            "see whether the callback's address can be reached from here.",
        )
    if rotating:
        yield note(
            "crm",
            plain(
                counted(
                    "{name}: {count} older signing secret is still accepted.",
                    "{name}: {count} older signing secrets are still accepted.",
                    "count",
                    name=name,
                    count=rotating,
                )
            ),
            f"coach connect {connection.provider} --id {connection.id} --finish",
        )


def _ago(past: timedelta) -> str:
    if past < timedelta(minutes=2):
        return "just now"
    if past < timedelta(hours=2):
        return f"{past // timedelta(minutes=1)} minutes ago"
    if past < timedelta(days=2):
        return f"{past // timedelta(hours=1)} hours ago"
    return f"{past.days} days ago"


async def check_work(tx: Tx, now: datetime, *, most: int | None = SHOWN) -> AsyncIterator[Finding]:
    """What waits and what failed, on the way in and on the way out.

    At most so many particulars are told of each; with `None` all, and what was set aside as well.
    """
    yield await _mirror(tx)
    async for finding in _deliveries(tx, now, most):
        yield finding
    async for finding in _messages(tx):
        yield finding
    if (rules := await _rules(tx, most)) is not None:
        yield rules
    if (figures := await check_patterns(tx)) is not None:
        yield figures
    async for finding in _writes(tx, now, most):
        yield finding
    async for finding in _fetches(tx, most):
        yield finding
    if (owners := await _owners(tx, most)) is not None:
        yield owners


async def _mirror(tx: Tx) -> Finding:
    held = await mirror.counts(tx, DEFAULT)
    people_of = await people.enrolled_counts(tx, DEFAULT)
    said = say(
        "{things}; {people}, {started}.",
        things=facts(*(how_many(kind, count) for kind, count in held.items())),
        people=counted("{count} person", "{count} people", "count", count=sum(people_of.values())),
        started=counted(
            "{count} has started",
            "{count} have started",
            "count",
            count=people_of.get(Enrolment.STARTED.value, 0),
        ),
    )
    return ok("data", plain(said))


async def _deliveries(tx: Tx, now: datetime, most: int | None) -> AsyncIterator[Finding]:
    counts = await deliveries.counts(tx, DEFAULT)
    waiting = counts.get("pending", 0)
    oldest = await deliveries.next_pending_id(tx, DEFAULT)
    since = _made_at(oldest) if oldest else now
    if waiting and now - since > LONG:
        yield fault(
            "deliveries",
            f"{waiting:,} waiting, the oldest came {_ago(now - since)}: nobody works on them.",
            "Start `coach serve`, or look at its log.",
        )
    else:
        yield ok("deliveries", f"{waiting:,} waiting.")
    unread = await deliveries.failed(tx, DEFAULT)
    past = [each for each in unread if _is_past(each, now)]
    if failed := [each for each in unread if not _is_past(each, now)]:
        yield fault(
            "deliveries",
            f"{len(failed):,} could not be read.",
            "Mend what the CRM sends, or the provider; then run `coach replay`. "
            "What is not worth it, `coach replay --set-aside` leaves alone for good.",
            tuple(_unread(failed[:most])),
            more=len(failed) - len(failed[:most]),
        )
    if past:
        yield note(
            "deliveries",
            f"{len(past):,} could not be read, as their sender was told at once; the last of them "
            f"came {_ago(now - past[0].received_at)}.",
            "Nothing has to be mended; `coach replay --set-aside` takes them off this list.",
            tuple(_unread(past[:most])),
            more=len(past) - len(past[:most]),
        )
    if aside := counts.get("aside"):
        listed = await deliveries.aside(tx, DEFAULT) if most is None else ()
        yield ok("deliveries", f"{aside:,} set aside.", tuple(_unread(listed)))
    if passed := counts.get("passed"):
        listed = await deliveries.passed(tx, DEFAULT) if most is None else ()
        yield ok(
            "deliveries", f"{passed:,} told of nothing the coach needs.", tuple(_unread(listed))
        )


def _is_past(unread: Unread, now: datetime) -> bool:
    return unread.refused and now - unread.received_at >= FRESH


def _unread(listed: Iterable[Unread]) -> Iterator[str]:
    return (f"{each.id}  {redacted(each.error or '')}" for each in listed)


def _made_at(ordered_id: str) -> datetime:
    # Ids begin with the milliseconds since 1970 at which they were made.
    return datetime.fromtimestamp(int(ordered_id[:12], 16) / 1000, UTC)


async def _messages(tx: Tx) -> AsyncIterator[Finding]:
    states = await messages.counts(tx, DEFAULT)
    reasons = await insights.open_by_reason(tx, DEFAULT)
    due = states.get(MessageState.DUE, 0) + states.get(MessageState.SENDING, 0)
    held = reasons.get(Reason.CONSENT, 0) + reasons.get(Reason.UNMATCHED, 0)
    yield ok(
        "messages",
        f"{due:,} to be sent, {held:,} insights held until Start, "
        f"{reasons.get(Reason.SAID, 0):,} unanswered.",
    )
    refused = Counter(each.error or "no reason kept" for each in await messages.failed(tx, DEFAULT))
    for code, count in refused.most_common():
        yield fault("messages", f"Slack refused {count:,}: {redacted(code)}.", mending(code))


async def _rules(tx: Tx, most: int | None) -> Finding | None:
    """What rules of time fail over: people and things."""
    of_people = await rounds.faults(tx, DEFAULT)
    of_things = await checks.faults(tx, DEFAULT)
    if not of_people and not of_things:
        return None
    known = await people.load(
        tx, DEFAULT, {each.person_id for each, _ in of_people} | {c.person_id for c in of_things}
    )
    names = {id: f"{person.name} ({id})" for id, person in known.items()}
    lines = [
        f"{each.rule} over {names.get(each.person_id, each.person_id)}: {redacted(error)}"
        for each, error in of_people
    ] + [
        f"{each.key.rule} over {each.key.kind} {each.key.subject_id} of "
        f"{names.get(each.person_id, each.person_id)}: {redacted(each.error or '')}"
        for each in of_things
    ]
    return fault(
        "rules",
        f"Rules fail; people: {len(of_people):,}, things: {len(of_things):,}. "
        "Everybody else is looked at.",
        "Mend what is named here; it is tried again within a day by itself.",
        tuple(lines[:most]),
        more=len(lines) - len(lines[:most]),
    )


async def _writes(tx: Tx, now: datetime, most: int | None) -> AsyncIterator[Finding]:
    counts = await crm_writes.counts(tx, DEFAULT)
    if counts.get("failed"):
        shown = await crm_writes.failed(tx, DEFAULT, most)
        yield fault(
            "changes",
            f"{counts['failed']:,} did not get to the CRM.",
            "Mend what is named here (`coach connect` shows and sets the "
            "callback), then run `coach replay`, unless they did it in the CRM by hand: who says "
            "so on their message takes it off this list.",
            tuple(
                f"{each.key}  {plain(each.words)}: {redacted(each.error or '')}" for each in shown
            ),
            more=counts["failed"] - len(shown),
        )
    if refused := await crm_writes.refused(tx, DEFAULT, now - REFUSED_OF_LATE):
        yield note(
            "changes",
            f"{len(refused):,} refused by the CRM in the last week. They are undone here, and the "
            "cards they were made from say so.",
            "See in the CRM what it lacks: a permission, or a field that must be filled in.",
            tuple(
                f"{each.key}  {plain(each.words)}: {redacted(each.error or '')}"
                for each in refused[:most]
            ),
            more=len(refused) - len(refused[:most]),
        )
    if counts.get("queued"):
        yield note("changes", f"{counts['queued']:,} on their way to the CRM.")


async def _fetches(tx: Tx, most: int | None) -> AsyncIterator[Finding]:
    counts = await fetches.counts(tx, DEFAULT)
    if counts.get("failed"):
        shown = await fetches.failed(tx, DEFAULT, most)
        yield fault(
            "look-ups",
            f"{counts['failed']:,} could not be looked up in the CRM and were given up.",
            "See to it that the CRM lets the coach read what is named here, then run "
            "`coach replay`; or have them left alone by `coach replay --set-aside`.",
            tuple(_given_up(shown)),
            more=counts["failed"] - len(shown),
        )
    if counts.get("aside"):
        listed = await fetches.aside(tx, DEFAULT) if most is None else ()
        yield ok("look-ups", f"{counts['aside']:,} set aside.", tuple(_given_up(listed)))


def _given_up(listed: Iterable[StoredFetch]) -> Iterator[str]:
    return (f"{each.name}: {redacted(each.error or '')}" for each in listed)


async def _owners(tx: Tx, most: int | None) -> Finding | None:
    unmatched = await people.unmatched(tx, DEFAULT)
    if not unmatched:
        return None
    waiting = sum(count for _, count in unmatched)
    shown = unmatched[: most and most * 2]
    return note(
        "owners",
        f"{len(unmatched):,} CRM owners are nobody in Slack yet; {waiting:,} insights wait "
        "for them.",
        "Their Slack address may differ, or the CRM tells none: say who each is with "
        "`coach owners link` (`coach owners` shows the keys), or they type /coach link and the "
        "address the CRM has.",
        tuple(
            f"{count:,} waiting  {person.name}" + (f" <{person.email}>" if person.email else "")
            for person, count in shown
        ),
        more=len(unmatched) - len(shown),
        all_by="coach owners",
    )
