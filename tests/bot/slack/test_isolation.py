"""Of two workspaces on one database neither is shown anything of the other, nor changes it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.crm import worker
from bot.slack.exporting import everything
from bot.slack.listeners import FORMS, PRESSES
from bot.slack.listeners.suggesting import OFFERS
from storage import people
from storage.personal import Link
from tests.bot.slack.neighbours import ANA, Street, controls, running_street, views
from tests.world import store, told

COMMANDS = (
    "", "help", "insights", "tasks", "deals", "deal {}", "contacts", "task {}", "done {}", "why {}",
    "report", "activity", "settings", "mute", "mute {}", "hear {}", "link {}", "connect", "export",
    "preview", "level", "digest", "feedback {}", "forget-me",
)  # fmt: skip

#: Words that something may follow.
WORDS = sorted({each.partition(" ")[0] for each in COMMANDS if "{}" in each})


@pytest.fixture
async def street(database_url: str) -> AsyncIterator[Street]:
    async with running_street(database_url, same_ids=False) as made:
        yield made


@pytest.fixture(params=[False, True], ids=["ids of their own", "the same ids"])
async def either(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Street]:
    async with running_street(database_url, same_ids=request.param) as made:
        yield made


@pytest.fixture
async def sqlite_street(sqlite_url: str) -> AsyncIterator[Street]:
    async with running_street(sqlite_url, same_ids=False) as made:
        yield made


@pytest.fixture
async def twins(database_url: str) -> AsyncIterator[Street]:
    """The same where both CRMs name their things alike."""
    async with running_street(database_url, same_ids=True) as made:
        yield made


async def all_of(street: Street) -> list[dict[str, Any]]:
    """What they are shown: their lists, windows and Home tab, as Slack got them."""
    await street.types(street.theirs, *(each for each in COMMANDS if "{}" not in each))
    await street.types(street.theirs, "deal renewal", "task Buy tea tomorrow")
    home = {"type": "app_home_opened", "user": ANA, "tab": "home"}
    await street.happens(street.theirs, home)
    return [each.args for each in street.teams.calls]


async def unchanged(street: Street, before: dict[str, list[str]], since: int) -> None:
    """Nothing of theirs was shown, nothing of theirs has changed, nobody spoke by their token."""
    await street.bot.parts.background.drain(60)
    shown = street.shown(street.ours, since)
    assert street.theirs.mark not in shown
    # What only fails, is kept apart by luck.
    assert "Something went wrong" not in shown
    token = f"xoxb-of-{street.theirs.team.id}"
    assert [each for each in street.teams.calls[since:] if each.token == token] == []
    after = await street.kept(street.theirs)
    assert {name for name in before if before[name] != after[name]} == set()


async def test_they_have_something_to_be_seen_and_to_be_pressed(street: Street) -> None:
    told = await all_of(street)
    said = json.dumps(told)
    assert street.theirs.mark in said
    ids = {str(each["action_id"]).partition(":")[0] for each in controls(told)}
    assert {"insight", "act"} <= ids
    assert len(await street.ids(street.theirs)) > 25


async def test_whatever_they_can_press_does_nothing_to_them_when_others_press_it(
    either: Street,
) -> None:
    street = either
    told = await all_of(street)
    pressed = list({json.dumps(each): each for each in controls(told)}.values())
    since = len(street.teams.calls)
    # First by themselves, so that there are windows to be submitted.
    await street.presses(street.theirs, *[each for each in pressed if is_harmless(each)])
    opened = list(views([each.args for each in street.teams.calls]))
    before, since = await street.kept(street.theirs), len(street.teams.calls)
    await street.presses(street.ours, *pressed)
    for view in opened:
        whole = {"id": "V1", "hash": "1", "state": {"values": {}}, **view}
        await street.submits(street.ours, whole, filled(whole))
        await street.presses(street.ours, *controls(view), view=whole)
    await unchanged(street, before, since)


def is_harmless(control: dict[str, Any]) -> bool:
    """Whether it only opens something."""
    chosen = json.dumps(control.get("selected_option") or "")
    return any(word in chosen for word in ("date", "stage", "task", "call", "until", "mute")) or (
        control["action_id"].startswith(("insight:take", "why", "home:settings"))
    )


def filled(view: dict[str, Any]) -> dict[str, Any]:
    """The same with something in every field."""
    values: dict[str, Any] = {}
    for block in view.get("blocks") or ():
        element = block.get("element")
        if not isinstance(element, dict):
            continue
        options = element.get("options") or [{"value": "x"}]
        values[block.get("block_id", "b")] = {
            element["action_id"]: {
                "type": element["type"],
                "value": "1",
                "selected_date": "2026-12-01",
                "selected_option": options[0],
                "selected_options": options[:1],
                "selected_conversation": "C0SALES",
            }
        }
    return {**view, "state": {"values": values}}


@pytest.mark.parametrize("menu", OFFERS)
async def test_nothing_of_theirs_is_offered_in_a_menu_of_others(either: Street, menu: str) -> None:
    street = either
    ids = await street.ids(street.theirs)
    before, since = await street.kept(street.theirs), len(street.teams.calls)
    for typed in ("", street.theirs.mark, "Lee", "renewal", *ids):
        assert street.theirs.mark not in await street.types_in_menu(street.ours, menu, typed)
    await unchanged(street, before, since)


async def test_their_own_is_offered_to_them(street: Street) -> None:
    for menu in ("whom", "about"):
        found = await street.types_in_menu(street.theirs, menu, "Lee")
        assert f"Lee {street.theirs.mark}" in found


async def test_no_id_of_theirs_opens_anything_by_any_button(street: Street) -> None:
    ids = await street.ids(street.theirs)
    before, since = await street.kept(street.theirs), len(street.teams.calls)
    pressed = [
        {
            "type": "button",
            "action_id": f"{action}{id}" if action.startswith("admin:") else action,
            "selected_user": "U09NEW",
            "block_id": id,
            "value": id,
            "selected_option": {"value": id},
        }
        for action in all_actions()
        for id in ids
    ]
    await street.presses(street.ours, *pressed)
    await unchanged(street, before, since)


def all_actions() -> list[str]:
    """Every press there is, those that go on after their colon in each way."""
    acts = [f"act:{name}:{kind}:0:" for name in ("menu", "page") for kind in ("tasks", "deal")]
    admins = [
        f"admin:{name}:" for name in ("match", "retry", "add", "remove", "switch", "team_channel")
    ]
    return [*PRESSES, *acts, *admins, "act:undo", "act:several:tasks:0:"]


async def test_no_id_of_theirs_opens_anything_by_any_form(sqlite_street: Street) -> None:
    street = sqlite_street
    ids = await street.ids(street.theirs)
    told = await all_of(street)
    kept = {str(each.get("private_metadata") or "") for each in views(told)}
    before, since = await street.kept(street.theirs), len(street.teams.calls)
    for callback in FORMS:
        for metadata in (*ids, *kept, *(json.dumps({"id": id, "insight": id}) for id in ids)):
            view = {
                "id": "V1",
                "hash": "1",
                "type": "modal",
                "callback_id": callback,
                "private_metadata": metadata,
                "blocks": [],
                "state": {"values": {}},
            }
            await street.submits(street.ours, view)
    await unchanged(street, before, since)


async def test_no_id_of_theirs_is_found_by_any_command(sqlite_street: Street) -> None:
    street = sqlite_street
    ids = [each for each in await street.ids(street.theirs) if street.theirs.mark not in each]
    before, since = await street.kept(street.theirs), len(street.teams.calls)
    typed = [
        each.format(id)
        for each in COMMANDS
        for id in (ids if "{}" in each else ids[:1])
        if each != "forget-me"
    ]
    await street.types(street.ours, *typed)
    home = {"type": "app_home_opened", "user": ANA, "tab": "home"}
    await street.happens(street.ours, home, *(
        {"type": "message", "channel_type": "im", "user": ANA, "text": id, "ts": "1.2"}
        for id in ids[:20]
    ))  # fmt: skip
    await unchanged(street, before, since)


async def test_no_link_of_theirs_is_known_to_others(either: Street) -> None:
    street = either
    before, since = await street.kept(street.theirs), len(street.teams.calls)
    urls = [f"https://crm.example/{home.mark}" for home in (street.theirs, street.ours)]
    for channel, source in (("C0SALES", "conversations_history"), ("D01ANA", "composer")):
        link = {
            "type": "link_shared",
            "user": ANA,
            "channel": channel,
            "message_ts": "1.2",
            "unfurl_id": "u1",
            "source": source,
            "links": [{"domain": "crm.example", "url": url} for url in urls],
        }
        await street.happens(street.ours, link)
    shown = [each for each in street.teams.calls[since:] if each.method == "chat.unfurl"]
    assert len(shown) == 2
    value = json.dumps([street.theirs.crm.id, f"{street.theirs.prefix}-D1"])
    await street.presses(
        street.ours, {"type": "button", "action_id": "link:show", "block_id": "b", "value": value}
    )
    await unchanged(street, before, since)


async def test_what_one_crm_says_changes_nothing_of_the_others(twins: Street) -> None:
    before = await twins.kept(twins.theirs)
    for event in (
        told("task_completed", task={"id": "Q-T1"}, owner=None),
        told("deal_deleted", deal={"id": "Q-D1"}, owner=None),
        told("contact_updated", contact={"id": "Q-C1", "name": "Zoe"}, owner=None),
    ):
        await store(twins.bot.parts, event, workspace=twins.ours.workspace_id)
    await worker.work_off(twins.bot.crm)
    after = await twins.kept(twins.theirs)
    assert {name for name in before if before[name] != after[name]} == set()


async def test_what_one_is_given_of_themselves_holds_nothing_of_others(twins: Street) -> None:
    parts = twins.bot.parts
    for home, other in ((twins.ours, twins.theirs), (twins.theirs, twins.ours)):
        async with parts.database.read() as tx:
            ana = await people.by_slack_user(tx, home.workspace_id, ANA)
        assert ana is not None
        whole = "".join([each async for each in everything(parts, Link(home.workspace_id, ana.id))])
        assert home.mark in whole
        assert other.mark not in whole


def test_nothing_leaks_wherever_their_ids_are_put(sqlite_url: str) -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        street = runner.run(stack.enter_async_context(running_street(sqlite_url, same_ids=False)))
        try:
            ids = st.sampled_from(runner.run(street.ids(street.theirs, most=3)))
            before = runner.run(street.kept(street.theirs))
            pieces = st.lists(ids | st.sampled_from(["0", "native", "deal", ""]), max_size=3)
            texts = st.builds(str.join, st.sampled_from([":", "|", ",", " "]), pieces) | ids
            press = st.fixed_dictionaries(
                {
                    "type": st.just("button"),
                    "action_id": st.sampled_from(all_actions())
                    | st.builds("{}:{}".format, st.sampled_from(list(PRESSES)), ids),
                    "block_id": texts,
                    "value": texts | st.builds(lambda id: json.dumps({"id": id}), ids),
                    "selected_option": st.fixed_dictionaries({"value": texts}),
                }
            )
            typed = st.builds("{} {}".format, st.sampled_from(WORDS), texts)

            @settings(max_examples=12)
            @given(st.lists(press, max_size=10), st.lists(typed, max_size=5))
            def thrown(presses: list[dict[str, Any]], commands: list[str]) -> None:
                since = len(street.teams.calls)
                runner.run(street.presses(street.ours, *presses))
                runner.run(street.types(street.ours, *commands))
                runner.run(unchanged(street, before, since))

            thrown()
        finally:
            runner.run(stack.aclose())
