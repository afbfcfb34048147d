"""Open insights whose things have changed: which they are, and how they are said anew."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, select, union_all, update

from coach.models import About, Insight, InsightState, SubjectKind
from coach.phrases import Phrase
from coach.truth import Changed
from storage import messages
from storage.among import among, texts
from storage.database import Tx, add_new, put
from storage.insights import from_row, one
from storage.prepared import Prepared
from storage.tables import OPEN_INSIGHT, crm_writes, insight_subjects, insights


@dataclass(slots=True)
class Moved:
    """What has changed in one connection, and whom and which rules it may concern besides."""

    connection_id: str
    #: Ids of things, by kind.
    things: dict[SubjectKind, set[str]] = field(default_factory=dict)
    #: People of whom anything that these rules have said is concerned.
    people: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)


_subjects = insight_subjects

# Whether it is open is looked up for each one that is found, by its key: joined with all that are
# open, a planner may well read those first. Of each kind things are searched for by themselves: of
# conditions joined by OR not every planner makes searches of an index.
_state = (
    select(insights.c.state)
    .where(
        insights.c.workspace_id == _subjects.c.workspace_id,
        insights.c.fingerprint == _subjects.c.fingerprint,
    )
    .correlate(_subjects)
    .scalar_subquery()
)
_CONCERNED = Prepared(
    select(insights).where(
        insights.c.workspace_id == bindparam("workspace"),
        insights.c.fingerprint.in_(
            union_all(
                *(
                    select(_subjects.c.fingerprint).where(
                        _subjects.c.workspace_id == bindparam("workspace"),
                        _subjects.c.kind == kind.value,
                        _subjects.c.connection_id == bindparam("connection"),
                        among(_subjects.c.subject_id, texts(kind.value)),
                        _state == InsightState.OPEN.value,
                    )
                    for kind in SubjectKind
                ),
                select(insights.c.fingerprint).where(
                    OPEN_INSIGHT,
                    insights.c.workspace_id == bindparam("workspace"),
                    among(insights.c.person_id, texts("people")),
                    among(insights.c.rule, texts("rules")),
                ),
            )
        ),
    )
)


async def concerned(tx: Tx, workspace_id: str, moved: Moved) -> list[Insight]:
    """The open insights that are about any of these things, or of these people and rules."""
    asked: dict[str, object] = {
        "workspace": workspace_id,
        "connection": moved.connection_id,
        "people": sorted(moved.people),
        "rules": sorted(moved.rules),
    }
    asked |= {kind.value: sorted(moved.things.get(kind, ())) for kind in SubjectKind}
    return [from_row(row) for row in await _CONCERNED.rows(tx, asked)]


_THESE = Prepared(
    select(insights).where(
        insights.c.workspace_id == bindparam("workspace"),
        among(insights.c.fingerprint, texts("fingerprints")),
    )
)


async def these(tx: Tx, workspace_id: str, fingerprints: Collection[str]) -> list[Insight]:
    """These insights, whatever became of them."""
    asked = {"workspace": workspace_id, "fingerprints": sorted(fingerprints)}
    return [from_row(row) for row in await _THESE.rows(tx, asked)]


_WORKED_ON = Prepared(
    select(crm_writes.c.fingerprint)
    .where(
        crm_writes.c.workspace_id == bindparam("workspace"),
        among(crm_writes.c.fingerprint, texts("fingerprints")),
        crm_writes.c.undone_at.is_(None),
    )
    .distinct()
)


async def worked_on(tx: Tx, workspace_id: str, fingerprints: Collection[str]) -> set[str]:
    """Those of these insights from which something has been done already."""
    asked = {"workspace": workspace_id, "fingerprints": sorted(fingerprints)}
    return set(await _WORKED_ON.column(tx, asked))


_SAID_ANEW = Prepared(
    update(insights)
    .where(
        OPEN_INSIGHT,
        insights.c.workspace_id == bindparam("_workspace"),
        insights.c.fingerprint == bindparam("_fingerprint"),
    )
    .values({name: bindparam(f"_{name}") for name in ("message", "reason", "action", "params")})
)
_GONE = Prepared(
    delete(_subjects).where(
        _subjects.c.workspace_id == bindparam("_workspace"),
        _subjects.c.fingerprint == bindparam("_fingerprint"),
        _subjects.c.kind == bindparam("_kind"),
        _subjects.c.connection_id == bindparam("_connection"),
        _subjects.c.subject_id == bindparam("_id"),
    )
)


async def say_anew(
    tx: Tx,
    workspace_id: str,
    changed: Mapping[str, Changed],
    before: Mapping[str, Collection[About]],
) -> None:
    """Let open insights say something else, by fingerprint, and have their messages drawn again.

    `before` is what they were about. Their people's turns are noted before, as for their end.
    """
    if not changed:
        return
    await _SAID_ANEW.do_each(
        tx,
        [
            {
                "_workspace": workspace_id,
                "_fingerprint": print_,
                "_message": each.message,
                "_reason": each.reason,
                "_action": each.suggestion.action,
                "_params": each.suggestion.kept,
            }
            for print_, each in changed.items()
        ],
    )
    gone: list[dict[str, str]] = []
    new: list[dict[str, str]] = []
    for print_, each in changed.items():
        places = {_place(thing) for thing in each.about}
        for thing in before.get(print_, ()):
            if _place(thing) not in places:
                whose = {"_workspace": workspace_id, "_fingerprint": print_}
                kind, connection_id, id = _place(thing)
                gone.append({**whose, "_kind": kind, "_connection": connection_id, "_id": id})
        known = set(before.get(print_, ()))
        new += [
            {
                "workspace_id": workspace_id,
                "fingerprint": print_,
                "kind": thing.kind.value,
                "connection_id": thing.connection_id,
                "subject_id": thing.id,
                "mark": thing.mark,
            }
            for thing in each.about
            if thing not in known
        ]
    if gone:
        await _GONE.do_each(tx, gone)
    await put(tx, _subjects, new)
    await messages.changed(tx, workspace_id, changed)


async def note_progress(tx: Tx, workspace_id: str, fingerprint: str, so_far: Phrase | None) -> None:
    """Keep what was done so far of an open list, and have its messages drawn again."""
    await tx.execute(
        update(insights).where(OPEN_INSIGHT, one(workspace_id, fingerprint)).values(outcome=so_far)
    )
    await messages.changed(tx, workspace_id, [fingerprint])


async def about_again(
    tx: Tx,
    workspace_id: str,
    fingerprint: str,
    kind: SubjectKind,
    connection_id: str,
    id: str,
) -> None:
    """Let a list be about a thing once more that was seen to and is not, after all."""
    row = {
        "workspace_id": workspace_id,
        "fingerprint": fingerprint,
        "kind": kind.value,
        "connection_id": connection_id,
        "subject_id": id,
        "mark": "",
    }
    await add_new(tx, _subjects, [row])


def _place(thing: About) -> tuple[str, str, str]:
    return thing.kind.value, thing.connection_id, thing.id
