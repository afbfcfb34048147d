"""What a team's figures show is said in a simulation as it would have been, week by week."""

from datetime import timedelta

from sqlalchemy import func, select

from bot.coaching import pattern_turns
from bot.coaching.patterns import found_in
from bot.runtime.parts import Parts
from coach.models import Level
from coach.wording import plain
from storage.tables import pattern_turns as turns_table
from storage.tables import patterns as patterns_table
from tests.bot.coaching.test_pattern_turns import at, known, team
from tests.bot.simulating.test_running import SINCE, lines, simulated
from tests.world import BEGINNING, WORKSPACE

DAY = timedelta(days=1)


async def test_what_would_be_said_of_patterns_is_seen_once(parts: Parts) -> None:
    ana = await team(parts)
    course = await simulated(parts, level=Level.ACTIVE)
    mine = [each for each in course.decisions if each.person.id == ana.id]
    said = [each for each in mine if each.rule == "patterns" and each.by is not None]
    # One thing, and not its other side as well.
    assert len(said) == 1
    # On a Tuesday, with the figures of the week before and not with those of today.
    assert said[0].at.isoweekday() == 2
    then = await found_in(parts.database, WORKSPACE, SINCE)
    today = await found_in(parts.database, WORKSPACE, BEGINNING)
    words = [
        {plain(found.words(each)) for each in found.candidates if each.passed}
        for found in (then, today)
    ]
    assert plain(said[0].words) in words[0] - words[1]


async def test_a_person_looked_at_alone_hears_of_the_whole_team(sqlite_parts: Parts) -> None:
    ana = await team(sqlite_parts)
    whole = await simulated(sqlite_parts, level=Level.ACTIVE)
    alone = await simulated(sqlite_parts, level=Level.ACTIVE, whose=[ana.id])
    assert lines(alone, "patterns")
    assert lines(alone, "patterns") == [
        (f"{each.at:%m-%d %H:%M}", each.by.kind, plain(each.words))
        for each in whole.decisions
        if each.rule == "patterns" and each.by is not None and each.person.id == ana.id
    ]


async def test_where_nobody_hears_of_patterns_none_are_looked_for(sqlite_parts: Parts) -> None:
    await team(sqlite_parts)
    course = await simulated(sqlite_parts, level=Level.BALANCED)
    assert not [each for each in course.decisions if each.rule == "patterns"]


async def test_nothing_is_found_in_truth_by_looking_back(sqlite_parts: Parts) -> None:
    await team(sqlite_parts)
    assert lines(await simulated(sqlite_parts, level=Level.ACTIVE), "patterns")
    async with sqlite_parts.database.read() as tx:
        for table in (patterns_table, turns_table):
            assert (await tx.execute(select(func.count()).select_from(table))).scalar() == 0


async def test_what_was_found_before_is_said_as_it_was_found(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    await team(parts)
    at(parts, SINCE - 14 * DAY)
    assert await pattern_turns.turn(parts)
    found = {plain(each.message) for each in (await known(parts)).values()}
    at(parts, BEGINNING)
    said = lines(await simulated(parts, level=Level.ACTIVE), "patterns")
    assert said
    assert {words for _, _, words in said} <= found


async def test_what_was_found_later_was_not_known_then(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    await team(parts)
    assert await pattern_turns.turn(parts)
    today = {plain(each.message) for each in (await known(parts)).values()}
    said = lines(await simulated(parts, level=Level.ACTIVE), "patterns")
    assert said
    assert not {words for _, _, words in said} & today


async def test_what_no_longer_holds_is_taken_back(sqlite_parts: Parts) -> None:
    """Of what was found by then it is known then that it held."""
    parts = sqlite_parts
    ana = await team(parts)
    at(parts, SINCE - 14 * DAY)
    assert await pattern_turns.turn(parts)
    at(parts, BEGINNING)
    async with parts.database.write() as tx:
        gone = {"tested_at": BEGINNING, "gone_at": BEGINNING}
        await tx.execute(patterns_table.update().values(**gone))
    said = lines(await simulated(parts, level=Level.ACTIVE, whose=[ana.id]), "patterns")
    assert said
    assert not any("Taken back" in words for _, _, words in said)


async def test_noise_is_not_said(sqlite_parts: Parts) -> None:
    await team(sqlite_parts, better=0.2)
    course = await simulated(sqlite_parts, level=Level.ACTIVE)
    assert not [each for each in course.decisions if each.rule == "patterns"]
