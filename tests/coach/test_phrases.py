"""Tests of phrases: nothing is lost between what is said, what is kept and what is read."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.phrases import (
    DateWithYear,
    Joint,
    Money,
    Phrase,
    Series,
    Thing,
    TimeOfDay,
    Value,
    counted,
    from_json,
    names,
    say,
    to_json,
    verbatim,
)
from coach.wording import plain

MOMENT = datetime(2026, 11, 23, 9, 0, 0, 1, tzinfo=UTC)

texts = st.text(max_size=30)
plain_values: st.SearchStrategy[Value] = st.one_of(
    texts,
    st.integers(),
    st.builds(Thing, texts, st.none() | texts),
    st.builds(Money, st.decimals(allow_nan=False), st.none() | texts),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.builds(DateWithYear, st.dates()),
    st.builds(TimeOfDay, st.datetimes(timezones=st.just(UTC))),
)


def nested(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    return st.one_of(
        st.builds(Series, st.lists(inner, max_size=4).map(tuple), st.sampled_from(Joint)),
        st.builds(lambda value: say("so {value}", value=value), inner),
        st.builds(lambda n: counted("{n} day", "{n} days", "n", n=n), st.integers()),
        st.builds(lambda value: Thing(say("deal {id}", id=value)), inner),
    )


values = st.recursive(plain_values, nested, max_leaves=6)


@given(st.lists(values, min_size=1, max_size=4))
def test_a_phrase_comes_back_as_it_was_kept(given_: list[Value]) -> None:
    phrase = verbatim(*given_)
    assert from_json(json.loads(json.dumps(to_json(phrase)))) == phrase


def test_a_phrase_is_kept_as_its_template_and_values_and_nothing_else() -> None:
    phrase = counted(
        "{deal} is {days} day old.",
        "{deal} is {days} days old.",
        "days",
        deal=Thing("Acme", "https://crm.example/1"),
        days=3,
    )
    assert to_json(phrase) == {
        "t": "{deal} is {days} day old.",
        "p": "{deal} is {days} days old.",
        "n": "days",
        "v": {"deal": ["thing", "Acme", "https://crm.example/1"], "days": 3},
    }
    assert to_json(say("Well done.")) == {"t": "Well done."}


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        ("Completed “{x}” %s", "Completed “{x}” %s"),
        ([["Ask ", None], ["Ann {0}", "https://crm.example/9"], [".", None]], "Ask Ann {0}."),
    ],
    ids=["a sentence", "a sentence in pieces"],
)
def test_what_was_kept_before_there_were_phrases_is_read(kept: Any, words: str) -> None:
    phrase = from_json(kept)
    assert plain(phrase) == words
    assert from_json(to_json(phrase)) == phrase


def test_a_link_that_was_kept_before_there_were_phrases_is_one_still() -> None:
    phrase = from_json([["Ask ", None], ["Ann", "https://crm.example/9"]])
    assert Thing("Ann", "https://crm.example/9") in phrase.values.values()


@pytest.mark.parametrize("kept", [None, 7, {}, [], [7], {"t": "{x}", "v": {"x": ["what", 1]}}])
def test_anything_else_that_was_kept_is_no_phrase(kept: Any) -> None:
    with pytest.raises(ValueError, match="that was kept"):
        from_json(kept)


@pytest.mark.parametrize(
    ("template", "given_"),
    [
        ("Ask {contact}.", {}),
        ("Ask {contact}.", {"contract": "Ann"}),
        ("Ask {contact}.", {"contact": "Ann", "deal": "Acme"}),
        ("Ask them.", {"contact": "Ann"}),
        ("Ask {contact", {}),
        ("Ask {}.", {}),
        ("Ask }.", {}),
    ],
)
def test_fields_and_values_that_differ_are_refused_at_once(
    template: str, given_: dict[str, Value]
) -> None:
    with pytest.raises(ValueError, match="Ask"):
        say(template, **given_)


@pytest.mark.parametrize("many", ["{days} days", "{day} days of {deal}", "days of {deals}"])
def test_both_forms_must_name_every_value_but_the_number(many: str) -> None:
    with pytest.raises(ValueError, match="was given the values"):
        counted("{days} day of {deal}", many, "days", days=1, deal="Acme")
    spared = counted("a day of {deal}", "{days} days of {deal}", "days", days=1, deal="Acme")
    assert plain(spared) == "a day of Acme"


@pytest.mark.parametrize("count", [True, "3", None, 3.0])
def test_only_a_whole_number_counts(count: Any) -> None:
    with pytest.raises(ValueError, match="whole number"):
        Phrase("{n} day", {"n": count}, "{n} days", "n")


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, ""), (1, "A"), (2, "A and B"), (3, "A, B and C"), (4, "A, B, C and 1 more")],
)
def test_so_many_are_named_and_the_others_counted(count: int, words: str) -> None:
    assert plain(verbatim(names([*"ABCD"][:count], 3))) == words


def test_rules_make_values_of_any_number_of_things_and_words_of_none() -> None:
    # Words cannot be made without Babel, which is also much to load for a command's help.
    script = """
import sys
from datetime import UTC, datetime, timedelta
from coach.action import load_actions
from coach.engine import load_rules
from coach.models import Contact, Person
from coach.phrases import names, to_json
actions, rules = load_actions(), load_rules()
leads = [Contact("c1", str(n), f"Lead {n}", status="LEAD").thing for n in range(10_000)]
to_json(actions["view_task"].promise({}))
assert len(names(leads, 3).items) == 4
print("babel" in sys.modules, len(rules) > 5)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True"]
