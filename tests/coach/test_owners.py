"""Who is who: keys told together are one person's, and a name is never a guess."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from coach.events import EVERYWHERE, Owner, OwnerKey
from coach.owners import Known, Ties, tie

HERE = "hubspot"


def key(text: str, connection_id: str = HERE) -> OwnerKey:
    return OwnerKey(EVERYWHERE if text.startswith("email:") else connection_id, text)


def known(person_id: str, *keys: str, in_slack: bool = False, chosen: Iterable[str] = ()) -> Known:
    return Known(person_id, frozenset(map(key, keys)), in_slack, frozenset(map(key, chosen)))


def who(ties: Ties, owner: Owner) -> set[str]:
    return ties.whom[owner].people


ANN = Owner(name="Ann Lee")
ADDRESS = Owner("ann@x.example")


def test_what_is_told_at_once_is_one_persons() -> None:
    all_ = Owner("ann@x.example", "7", "Ann Lee")
    ties = tie(HERE, [all_, ADDRESS, Owner(id="7"), ANN], [])
    (one,) = ties.everybody
    assert set(ties.whom.values()) == {one}
    assert one.keys == set(all_.keys(HERE))


def test_two_people_become_one_once_something_ties_them() -> None:
    people = [known("p2", "email:ann@x.example"), known("p1", "id:7")]
    ties = tie(HERE, [Owner("ann@x.example", "7")], people)
    (one,) = ties.everybody
    assert (one.people, one.keeper) == ({"p1", "p2"}, "p1")


def test_whom_slack_knows_stays() -> None:
    people = [known("p2", "email:ann@x.example", in_slack=True), known("p1", "id:7")]
    (one,) = tie(HERE, [Owner("ann@x.example", "7")], people).everybody
    assert one.keeper == "p2"


def test_two_slack_users_are_never_one_and_the_address_says_who_is_meant() -> None:
    people = [
        known("p1", "id:7", in_slack=True),
        known("p2", "email:ann@x.example", in_slack=True),
    ]
    owner = Owner("ann@x.example", "7")
    ties = tie(HERE, [owner], people)
    assert [one.people for one in ties.everybody] == [{"p1"}, {"p2"}]
    assert who(ties, owner) == {"p2"}
    assert ties.torn == (owner,)


def test_a_name_that_one_person_bears_is_that_person() -> None:
    ties = tie(HERE, [ANN], [known("p1", "email:ann@x.example", "name:ann lee")])
    assert who(ties, ANN) == {"p1"}
    assert ties.unsure == {}


def test_a_name_of_another_connection_says_nothing() -> None:
    elsewhere = Known("p1", frozenset({key("name:ann lee", "pipedrive")}))
    assert who(tie(HERE, [ANN], [elsewhere]), ANN) == set()


def test_who_was_known_by_name_alone_gets_the_address_that_comes_later() -> None:
    owner = Owner("ann@x.example", name="Ann Lee")
    ties = tie(HERE, [owner], [known("p1", "name:ann lee")])
    assert who(ties, owner) == {"p1"}


def test_an_id_and_an_address_told_with_one_name_are_one_person() -> None:
    ties = tie(HERE, [Owner(id="7", name="Ann Lee")], [known("p1", "email:a@x", "name:ann lee")])
    assert [one.people for one in ties.everybody] == [{"p1"}]


def test_two_owners_with_one_name_stay_two_and_the_name_alone_is_neither() -> None:
    first, second = Owner(id="7", name="Ann Lee"), Owner(id="8", name="ANN  lee")
    ties = tie(HERE, [first, second, ANN], [])
    assert len(ties.everybody) == 3
    assert set(ties.unsure) == {ANN}
    assert set(ties.unsure[ANN]) == set(ties.everybody)


def test_a_name_two_bear_is_somebody_of_its_own_who_is_found_again() -> None:
    people = [
        known("p1", "id:7", "name:ann lee"),
        known("p2", "id:8", "name:ann lee"),
        known("p3", "name:ann lee"),
    ]
    ties = tie(HERE, [ANN], people)
    assert who(ties, ANN) == {"p3"}
    assert len(ties.unsure[ANN]) == 3


def test_a_name_that_was_chosen_for_somebody_is_theirs_whoever_else_bears_it() -> None:
    people = [
        known("p1", "id:7", "name:ann lee"),
        known("p2", "id:8", "name:ann lee", chosen=["name:ann lee"]),
    ]
    ties = tie(HERE, [ANN], people)
    assert who(ties, ANN) == {"p2"}
    assert ties.unsure == {}


def test_two_addresses_or_two_slack_users_with_one_name_are_two_people() -> None:
    for people in (
        [known("p1", "email:a@x", "name:ann lee"), known("p2", "email:b@x", "name:ann lee")],
        [
            known("p1", "email:a@x", "name:ann lee", in_slack=True),
            known("p2", "id:1", "name:ann lee", in_slack=True),
        ],
    ):
        ties = tie(HERE, [ANN], people)
        assert {frozenset(one.people) for one in ties.everybody} >= {
            frozenset({"p1"}),
            frozenset({"p2"}),
        }


OWNERS = st.builds(
    lambda email, id, name: Owner.of(email=email, id=id, name=name) or Owner(id="0"),
    st.sampled_from(["", "a@x", "b@x", "c@x"]),
    st.sampled_from(["", "1", "2", "3"]),
    st.sampled_from(["", "Ann", "Bo"]),
)
PEOPLE = st.lists(
    st.tuples(st.frozensets(st.sampled_from(["name:ann", "name:bo"])), st.booleans()), max_size=3
)


@given(st.lists(OWNERS, max_size=6), PEOPLE, st.randoms())
def test_the_order_in_which_owners_are_told_changes_nothing(
    named: list[Owner], people: list[tuple[frozenset[str], bool]], random: object
) -> None:
    everyone = [
        known(f"p{number}", f"id:{number}", *keys, in_slack=in_slack)
        for number, (keys, in_slack) in enumerate(people)
    ]

    def outcome(named: list[Owner], everyone: list[Known]) -> set[tuple[object, ...]]:
        ties = tie(HERE, named, everyone)
        return {
            (
                frozenset(one.keys),
                frozenset(one.people),
                frozenset(owner for owner, meant in ties.whom.items() if meant is one),
            )
            for one in ties.everybody
        }

    first = outcome(named, everyone)
    random.shuffle(named)  # type: ignore[attr-defined]
    random.shuffle(everyone)  # type: ignore[attr-defined]
    assert outcome(named, everyone) == first


@given(st.lists(OWNERS, min_size=1, max_size=6))
def test_everybody_has_each_sure_key_once_and_every_owner_is_somebody(named: list[Owner]) -> None:
    ties = tie(HERE, named, [])
    sure = [each for one in ties.everybody for each in one.keys if each.kind != "name"]
    assert len(sure) == len(set(sure))
    assert set(ties.whom) == set(named)
    assert set(ties.whom.values()) == set(ties.everybody)
