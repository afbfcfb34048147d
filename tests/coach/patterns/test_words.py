"""Every pattern has words for what it finds, to one person and to a team, with its counts."""

from dataclasses import replace

import numpy as np
import pytest

from coach.columns import History
from coach.looking import look
from coach.pattern import Whose
from coach.wording import plain
from tests.coach.patterns.made import (
    PATTERNS,
    SOURCES,
    chance_by_group,
    coded,
    decided,
    with_stays,
    with_tasks,
)
from tests.coach.patterns.test_planted import by_size, forgotten


def team() -> History:
    random = np.random.default_rng(4)
    found = decided(random, 600, chance=chance_by_group(0.6, 0.2))
    more = {name: coded(random.integers(0, 3, 600), SOURCES[:3]) for name in ("product", "sector")}
    found = replace(found, deals=replace(found.deals, fields={**found.deals.fields, **more}))
    return with_tasks(random, with_stays(random, found))


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_its_words_name_the_counts(name: str) -> None:
    made = {"size_and_time": by_size, "time_to_decide": forgotten, "open_too_long": forgotten}
    history = made[name](np.random.default_rng(0)) if name in made else team()
    candidates = look({name: PATTERNS[name]}, history)
    assert candidates
    for each in candidates:
        for own in (True, False):
            words = plain(PATTERNS[name].words(each.looked, own))
            assert f"{each.looked.k:,}" in words
            assert "cause" not in words
            assert words.endswith((".", "?"))


def test_counts_interval_and_the_rest_are_said() -> None:
    (referral, *_) = look({"won_by_source": PATTERNS["won_by_source"]}, team())
    words = plain(PATTERNS["won_by_source"].words(referral.looked, False))
    assert words == (
        "Your team's deals with source Referral: 64 of 107 won (60 %, likely 50–69 %); everything "
        "else: 97 of 493 (20 %)."
    )


@pytest.mark.parametrize(
    ("name", "its", "others"),
    [
        ("first_response", "contacted within 1 working hour", "later or not at all"),
        ("follow_up_in_a_day", "with a follow-up within 24 hours", "without one"),
        ("long_in_stage", "over 16 days in Proposal", "no longer than that"),
        ("size_and_time", "worth 1,917 or less", "larger ones"),
        ("size_and_time", "worth more than 4,763", "smaller ones"),
    ],
)
def test_a_picture_says_what_its_two_sides_are(name: str, its: str, others: str) -> None:
    history = by_size(np.random.default_rng(0)) if name == "size_and_time" else team()
    pattern = PATTERNS[name]
    assert pattern.sides is not None
    looked = [each.looked for each in look({name: pattern}, history) if each.owner is None]
    found = {tuple(map(plain, pattern.sides(each))) for each in looked}
    assert (its, others) in found


def test_what_is_for_one_person_alone_is_never_a_teams() -> None:
    alone = {name for name, each in PATTERNS.items() if each.whose is Whose.PERSON}
    assert alone == {"open_too_long", "time_of_tasks"}
    assert not [
        each for each in look(PATTERNS, team()) if each.owner is None and each.pattern in alone
    ]
