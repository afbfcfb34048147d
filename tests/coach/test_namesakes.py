"""Deals of one title are told apart by as little as it takes, wherever a draft names them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from coach.models import Deal, Draft, Priority, Ref, Suggestion
from coach.namesakes import Namesake, deals_named, told_apart
from coach.phrases import Money, Thing, Value, from_json, names, say, to_json, together
from coach.wording import ENGLISH, plain, words
from tests.coach.values import NOW, WON

EUROS = Money(Decimal(3200), "EUR")


@pytest.mark.parametrize(
    ("namesake", "expected"),
    [
        (Namesake("8812", "Cancity", EUROS), "Cancity"),
        (Namesake("8812", "Cancity", EUROS, of_account=1), "€3,200"),
        (Namesake("8812", None, EUROS), "€3,200"),
        (Namesake("8812", "Cancity", EUROS, of_account=1, of_amount=1), "Cancity, €3,200"),
        (
            Namesake("8812", "Cancity", EUROS, of_account=1, of_amount=1, of_both=1),
            "Cancity, no. 8812",
        ),
        (Namesake("8812", "Cancity", None, of_account=1), "Cancity, no. 8812"),
        (Namesake("8812", None, EUROS, of_amount=1), "no. 8812"),
        (Namesake("8812", None, None), "no. 8812"),
    ],
)
def test_a_deal_is_told_apart_by_as_little_as_it_takes(namesake: Namesake, expected: str) -> None:
    assert plain(namesake.apart) == expected


def draft(message: Value, reason: Value = "", title: Value = "") -> Draft:
    said, why, task = (say("{it}", it=each) for each in (message, reason, title))
    suggestion = Suggestion("create_task", {"title": task, "deal_id": "D-17"})
    return Draft("p1", "s", "o", Priority.LOW, said, why, suggestion, NOW)


BASIC, PRO = Deal("c1", "1", "GTX Basic"), Deal("c1", "2", "GTX Pro")


def test_deals_are_told_apart_in_all_that_a_draft_says_however_deep() -> None:
    given = draft(
        together(say("{deals}.", deals=names([PRO.thing, BASIC.thing], 3)), say("Well.")),
        BASIC.thing,
        say("Follow up on {deal}", deal=BASIC.thing),
    )
    assert deals_named([given, draft(PRO.thing)]) == {Ref("c1", "1"), Ref("c1", "2")}
    told = told_apart(given, {Ref("c1", "1"): Namesake("1", None, EUROS)})
    assert plain(told.message) == "GTX Pro and GTX Basic (€3,200). Well."
    assert plain(told.reason) == "GTX Basic (€3,200)"
    assert plain(from_json(told.suggestion.kept["title"])) == "Follow up on GTX Basic (€3,200)"
    assert told.suggestion.kept["deal_id"] == "D-17"


def test_whoever_has_the_name_of_a_deal_and_is_none_keeps_it() -> None:
    ann = Deal("c1", "1", "Ann Lee")
    given = draft(names([Thing("Ann Lee"), ann.thing], 3))
    told = told_apart(given, {Ref("c1", "1"): Namesake("1", None, EUROS)})
    assert plain(told.message) == "Ann Lee and Ann Lee (€3,200)"


def test_only_the_title_is_the_link_and_a_long_one_leaves_what_tells_it_apart_whole() -> None:
    deal = replace(WON, apart=say("no. {id}", id="8812"))
    title, *rest = words(say("{deal}", deal=deal.thing), ENGLISH)
    assert (title.text, title.url) == ("Acme renewal", WON.url)
    assert "".join(each.text for each in rest) == " (no. 8812)"
    assert all(each.url is None for each in rest)


def test_a_deal_without_a_title_is_named_by_its_id_already() -> None:
    untitled = Deal("c1", "D-3", apart=say("no. {id}", id="D-3"))
    assert plain(say("{deal}", deal=untitled.thing)) == "deal D-3"
    assert deals_named([draft(untitled.thing)]) == set()


def test_which_deal_a_thing_is_is_not_kept_with_the_words() -> None:
    assert to_json(say("{deal}", deal=BASIC.thing)) == to_json(
        say("{deal}", deal=Thing("GTX Basic"))
    )
