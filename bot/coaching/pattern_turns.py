"""Once a week each team's figures are looked at: what passes is kept, what no longer does ends."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.coaching import following
from bot.coaching.patterns import Figures, Found, found_in
from bot.runtime.parts import Parts
from coach.gate import Candidate
from coach.pattern import Held
from coach.phrases import to_json
from storage import past
from storage import patterns as kept
from storage.database import Tx, is_passing
from storage.patterns import Kept, Turn

log = logging.getLogger(__name__)

#: The rule that tells people of patterns.
RULE = "patterns"

#: How often a team is looked at, and one of whom nothing can be told yet.
WEEKLY, DAILY = timedelta(days=7), timedelta(days=1)

#: How long a look may take before another process takes it over.
PATIENCE = timedelta(minutes=30)

#: After a failure, doubled each time.
AGAIN = timedelta(hours=1)

#: What was taken back is not said once more before: it would tell little but where its border is.
SILENT = timedelta(days=180)

#: Nobody needs to know how much rarer than that something is by chance.
RAREST = 1_000_000


async def turn(parts: Parts, figures: Figures | None = None) -> bool:
    """Look at one team whose turn it is; says whether there was any.

    In a copy of the past that holds no more of the team, `figures` are what is looked at.
    """
    now = parts.clock.now()
    async with parts.database.read() as tx:
        workspace_id = await kept.due(tx, now)
    if workspace_id is None:
        return False
    async with parts.database.write() as tx:
        claimed = await kept.claim(tx, workspace_id, now, now + PATIENCE)
    if claimed is None:
        return True
    try:
        await _look(parts, claimed, now, figures)
    except Exception as error:
        if is_passing(error):
            raise
        log.exception("The figures of %s could not be looked at", workspace_id)
        why = f"{type(error).__name__}: {error}"
        wait = min(AGAIN * 2 ** min(claimed.attempts, 10), WEEKLY)
        async with parts.database.write() as tx:
            await kept.again(tx, claimed, now + wait, why)
    return True


async def _look(parts: Parts, claimed: Turn, now: datetime, figures: Figures | None) -> None:
    async with parts.database.read() as tx:
        enough = figures is not None or await past.is_enough(tx, claimed.workspace_id)
        known = await kept.of(tx, claimed.workspace_id)
    if not enough and not known:
        async with parts.database.write() as tx:
            await kept.again(tx, claimed, now + DAILY)
        return
    if figures is None:
        found = await found_in(parts.database, claimed.workspace_id, now)
    else:
        found = await figures.found(now)
    changed = followed(found, known, now)
    async with parts.database.write() as tx:
        if not await kept.is_ours(tx, claimed):
            return
        await kept.keep(tx, claimed.workspace_id, changed)
        ended = await _follow(parts, tx, claimed.workspace_id, changed, now)
        await kept.again(tx, claimed, now + (WEEKLY if found.candidates else DAILY))
    if ended:
        parts.wake.attention.set()
        parts.wake.sender.set()


async def _follow(
    parts: Parts, tx: Tx, workspace_id: str, changed: list[Kept], now: datetime
) -> int:
    """Let what was said of these follow them."""
    told = await kept.told_of(tx, workspace_id, RULE, {each.key for each in changed})
    review = await following.ask(parts, tx, workspace_id, told, now)
    return await following.act(tx, workspace_id, review, now)


def followed(found: Found, known: Mapping[str, Kept], now: datetime) -> list[Kept]:
    """What is to be kept after a look: what is new, what holds on, and what does no longer."""
    looked = {_key(found, each): each for each in found.candidates}
    family = sum(each.q is not None for each in found.candidates)
    changed: list[Kept] = []
    for key, each in looked.items():
        before = known.get(key)
        if each.passed and _is_news(before, now):
            changed.append(_new(found, key, each, family, now))
        elif before is not None and before.gone_at is None and _holds(each):
            # What is plain to see goes by what is so today; what was tested stays as it was said.
            today = _new(found, key, each, family, now) if each.looked.is_fact else before
            changed.append(replace(today, found_at=before.found_at, tested_at=now))
    still = {each.key for each in changed}
    changed += [
        replace(before, tested_at=now, gone_at=now)
        for key, before in known.items()
        if before.gone_at is None and key not in still
    ]
    return changed


def _is_news(before: Kept | None, now: datetime) -> bool:
    if before is None:
        return True
    return before.gone_at is not None and before.gone_at + SILENT <= now


def _holds(each: Candidate) -> bool:
    """Whether what was said holds on: that more is asked of the figures by now does not end it, nor
    that something surer tells the same.
    """
    return each.is_told or each.held_by in {None, Held.FAMILY}


def _key(found: Found, each: Candidate) -> str:
    person = found.person(each)
    parts = (each.pattern, person.id if person else None, each.looked.group)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _new(found: Found, key: str, each: Candidate, family: int, now: datetime) -> Kept:
    person = found.person(each)
    return Kept(
        key,
        person.id if person else None,
        each.pattern,
        each.looked.group,
        found.words(each),
        figures_of(found, each, family),
        each.looked.p if each.looked.p is not None else 0.0,
        now,
        now,
    )


def figures_of(found: Found, each: Candidate, family: int) -> dict[str, Any]:
    """What stands behind it, for whoever asks: in JSON values."""
    looked = each.looked
    compared = looked.likely is None and looked.rest_n and not looked.is_fact
    low, high = each.interval or (0.0, 1.0)
    figures: dict[str, Any] = {
        "group": looked.group,
        "n": looked.n,
        "k": looked.k,
        "rest_n": looked.rest_n,
        "rest_k": looked.rest_k,
        **looked.numbers,
    }
    if compared and looked.p is not None:
        rare = RAREST if looked.p * RAREST <= 1 else int(1 / looked.p)
        figures |= {"low": low, "high": high, "one_in": rare, "looked": family}
        if (sides := found.patterns[each.pattern].sides) is not None:
            its, others = sides(looked)
            figures |= {"its": to_json(its), "others": to_json(others)}
    return figures
