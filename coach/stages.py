"""The stages of deals: their order, what each means, and what is learned of them."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from coach.events import Change, Event
from coach.mirror import Visit, stays
from coach.models import DealStatus, Origin, SubjectKind, Verb
from coach.values import altered


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage as the CRM knows it."""

    #: What the CRM calls it in events: an id, or the name itself.
    id: str
    name: str
    #: Which of several pipelines it belongs to; empty where there is one only.
    pipeline: str = ""
    #: Its place in the pipeline, from the left.
    place: int | None = None
    #: What it means for a deal to be here; `None` when the CRM does not say.
    meaning: DealStatus | None = None
    #: How likely a deal here is to be won, from 0 to 1.
    probability: Decimal | None = None


@dataclass(frozen=True, slots=True)
class KnownStage:
    """A stage as far as it is known: told by the CRM, seen as deals came through, or both."""

    stage: Stage
    #: Whether the CRM's own list has it.
    told: bool = False
    #: Deals that came to it, and the sum of how many stages each had been in by then.
    visits: int = 0
    places: int = 0
    #: How often a deal in it was told to be open, won or lost, in so many words.
    told_open: int = 0
    told_won: int = 0
    told_lost: int = 0


#: So many deals that all ended alike in a stage, and none that was open there, give it a meaning.
ALIKE = 3

_WON = frozenset(
    {
        *("won", "closedwon", "gewonnen"),
        *("gagne", "gagnee", "gagnes", "gagnees"),
        *("ganado", "ganada", "ganados", "ganadas"),
        *("ganho", "ganha", "ganhos", "ganhas"),
        *("vinto", "vinta", "vinti", "vinte"),
    }
)

_LOST = frozenset(
    {
        *("lost", "closedlost", "verloren"),
        *("perdu", "perdue", "perdus", "perdues"),
        *("perdido", "perdida", "perdidos", "perdidas"),
        *("perso", "persa", "persi", "perse"),
    }
)

_NOT = frozenset({"not", "nicht", "pas", "non", "no", "nao", "niet"})


def meaning_of_name(name: str) -> DealStatus:
    """What a stage's name says: “Closed Won” is won, “Perdida” is lost, the rest open.

    In English, German, French, Spanish, Portuguese, Italian and Dutch, as CRMs export them.
    """
    signs = unicodedata.normalize("NFKD", name.lower())
    bare = "".join(sign for sign in signs if not unicodedata.combining(sign))
    words = set(re.findall(r"[^\W\d_]+", bare))
    won, lost = bool(words & _WON), bool(words & _LOST)
    if won and not lost:
        return DealStatus.LOST if words & _NOT else DealStatus.WON
    if lost and not won:
        return DealStatus.OPEN if words & _NOT else DealStatus.LOST
    # “Won/Lost” says neither.
    return DealStatus.OPEN


def meaning(name: str, known: KnownStage | None) -> DealStatus:
    """What it means for a deal to be in a stage: the CRM's word, else what was seen, else a guess.

    A deal may be lost in any stage, so one that was lost somewhere says little; one that was open
    there says that the stage is not a last one, whatever its name.
    """
    if known is not None:
        if known.stage.meaning is not None:
            return known.stage.meaning
        if known.told_open:
            return DealStatus.OPEN
        if known.told_won >= ALIKE and not known.told_lost:
            return DealStatus.WON
        if known.told_lost >= ALIKE and not known.told_won:
            return DealStatus.LOST
    return meaning_of_name(name)


def in_order(stages: Iterable[KnownStage]) -> list[str]:
    """The names of stages a deal may be in, in the order deals go through them.

    The CRM's own list, where there is one; else as deals were seen to come through.
    """
    every = list(stages)
    if any(each.told for each in every):
        every = [each for each in every if each.told]
    last = max((each.stage.place or 0 for each in every), default=0) + 1

    def order(each: KnownStage) -> tuple[object, ...]:
        place = last if each.stage.place is None else each.stage.place
        average = each.places / each.visits if each.visits else float("inf")
        return (each.stage.pipeline, place, average, -each.visits, each.stage.name)

    return list(dict.fromkeys(each.stage.name for each in sorted(every, key=order)))


def of_pipeline(
    known: Sequence[KnownStage], pipeline: str | None, stage: str | None
) -> list[KnownStage]:
    """Of stages in several pipelines, those of the one that a deal in this stage belongs to.

    Where its pipeline is not told, it may be in any that has its stage.
    """
    told = [each for each in known if each.told]
    if mine := [each for each in told if each.stage.pipeline == pipeline]:
        return mine
    its = {each.stage.pipeline for each in told if each.stage.name == stage}
    return [each for each in told if each.stage.pipeline in its] or list(known)


def meant(known: Iterable[KnownStage], name: str, pipeline: str | None) -> KnownStage | None:
    """Which stage of that name is meant for a deal: of several pipelines, that of its own."""
    named = [each for each in known if name in {each.stage.name, each.stage.id}]
    mine = [each for each in named if each.told and each.stage.pipeline == pipeline]
    return next(iter([*mine, *named]), None)


_ENDED = frozenset({DealStatus.WON, DealStatus.LOST})


def settled(event: Event, known: Mapping[str, KnownStage]) -> Event:
    """The event with what its deals' stages mean: their names, the deals' status, and the verb.

    `known` are the stages by id and by name. What the event says itself counts more. Of a deal that
    was found by looking, with the way it came, the last stage says what happened.
    """
    verb, changes = event.verb, []
    ended: list[bool] = []
    for change in event.changes:
        if change.kind is SubjectKind.DEAL and "deleted" not in change.fields:
            came = event.observed and change.came is True
            verb, change = _settled(event.verb if came else verb, change, known, came=came)
            ended.append(change.fields.get("status") in _ENDED)
        changes.append(change)
    if verb is Verb.DEAL_CLOSED and ended and not any(ended):
        # Won or lost is not said and not known: it counts as what is none of the others.
        verb = Verb.DEAL_UPDATED
    after = tuple(changes)
    return (
        event
        if (verb, after) == (event.verb, event.changes)
        else altered(event, verb=verb, changes=after)
    )


def _settled(
    verb: Verb, change: Change, known: Mapping[str, KnownStage], *, came: bool
) -> tuple[Verb, Change]:
    fields = dict(change.fields)
    if stage := fields.get("stage"):
        found = known.get(stage)
        fields["stage"] = found.stage.name if found else stage
        change = _with_name_before(change, known)
        if "status" not in fields:
            status = meaning(fields["stage"], found)
            # A stage that says nothing does not reopen a deal; going on from a last one does.
            if status is not DealStatus.OPEN or verb is Verb.DEAL_STAGE_CHANGED or came:
                fields["status"] = status
    ended = fields.get("status") in _ENDED
    if verb is Verb.DEAL_STAGE_CHANGED and ended:
        # Many CRMs say no more than that the deal came to its last stage.
        verb = Verb.DEAL_CLOSED
    if ended and (verb is Verb.DEAL_CLOSED or came):
        fields["closed_at"] = fields.get("closed_at") or change.at
    return verb, change if fields == change.fields else altered(change, fields=fields)


def _with_name_before(change: Change, known: Mapping[str, KnownStage]) -> Change:
    # Who tells stages by their ids tells so, too, where the deal was before.
    found = known.get(change.before.get("stage") or "")
    if found is None or found.stage.name == change.before["stage"]:
        return change
    return altered(change, before={**change.before, "stage": found.stage.name})


@dataclass(frozen=True, slots=True)
class Seen:
    """What a batch of events adds to what is known of a stage."""

    visits: int = 0
    places: int = 0
    told_open: int = 0
    told_won: int = 0
    told_lost: int = 0


_TOLD = {
    DealStatus.OPEN: "told_open",
    DealStatus.WON: "told_won",
    DealStatus.LOST: "told_lost",
}


def named_in(events: Iterable[Event]) -> set[str]:
    """The stages that events speak of, as these call them."""
    changes = [change for event in events for change in event.changes]
    named = {told.get("stage") for change in changes for told in (change.fields, change.before)}
    return {stage for stage in named if stage}


def seen(
    events: Iterable[Event],
    ways: Mapping[str, tuple[Sequence[Visit], Sequence[Visit]]],
    known: Mapping[str, KnownStage],
) -> dict[str, Seen]:
    """What a batch adds to what is known of stages, by their names.

    `events` are as they were told; `ways` says how each deal's visits were before and are now.
    """
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        for change in event.changes:
            stage, status = change.fields.get("stage"), change.fields.get("status")
            told = _TOLD.get(status) if isinstance(status, DealStatus) else None
            # What a file says of its deals was partly guessed from the names of their stages.
            if stage and told and event.origin is not Origin.IMPORT:
                name = known[stage].stage.name if stage in known else stage
                found[name][told] += 1
    for visits in ways.values():
        for sign, way in zip((-1, 1), visits, strict=True):
            for place, stay in enumerate(stays(way), 1):
                found[stay.stage]["visits"] += sign
                found[stay.stage]["places"] += sign * place
    return {stage: Seen(**counts) for stage, counts in found.items() if any(counts.values())}
