"""Tests that whatever a CRM says, Slack takes what we make of it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.coaching import backlogs
from bot.coaching.acts import Act
from bot.coaching.connecting import Health, Linked
from bot.coaching.listing import PAGE, Kind, Listing, Place
from bot.playground.slack.blocks import problems, view_problems
from bot.slack.administering import Administration
from bot.slack.blocks.act_forms import About, date_form, log_form, several_form, task_form
from bot.slack.blocks.administration import administration
from bot.slack.blocks.asides import sentence, sentence_modal
from bot.slack.blocks.backlog import backlog
from bot.slack.blocks.brief import brief
from bot.slack.blocks.card import card
from bot.slack.blocks.digest import digest
from bot.slack.blocks.home import home
from bot.slack.blocks.lists import backlog_list, insight_list
from bot.slack.blocks.mutes import mute_list, mute_modal, mute_rows
from bot.slack.blocks.notices import link_answer, link_request, trouble, welcome
from bot.slack.blocks.screen import screen_modal
from bot.slack.blocks.taking_over import taking_over
from bot.slack.blocks.things import thing_list
from bot.slack.blocks.undelivered import undelivered
from coach.models import (
    Contact,
    Deal,
    Insight,
    InsightState,
    InsightType,
    Priority,
    Ref,
    Subject,
    SubjectKind,
    Task,
)
from coach.phrases import Phrase, Thing, counted, say, to_json, verbatim
from coach.screens import ChoiceField, Control, DateField, Element, Item, Note, Screen, TextField
from coach.wording import Voice
from storage.mutes import Muted
from tests.bot.slack.blocks.values import ANA, NOW, PROMISE, VOICE, insight

HOSTILE = [
    "<!channel> <!here> <!everyone>",
    "<@U01ANA> <#C1> <!subteam^S1>",
    "<https://evil.example|https://bank.example>",
    "*bold* _italic_ ~gone~ `code` ```block```",
    ":tada: &amp; &lt; & < >",
    "a\nb\r\nc\u2028d\x00\x1b[31m",
    "שלום \u202egnp.exe \u2066x",
    "👩‍👩‍👧‍👦" * 400,
    "x" * 3000,
    "<" * 3000,
    "&" * 3000,
    '"\\' * 1500,
    "\U0001d4b3" * 3000,
    " ",
    "\t",
]

hostile = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=400))
urls = st.one_of(
    st.none(),
    st.just("https://crm.example/" + "x" * 970),
    st.just("https://crm.example/1"),
    st.just("javascript:alert(1)"),
    hostile,
)
things = st.builds(Thing, hostile.filter(bool), urls)
sentences = st.builds(
    lambda first, second: say("Deal '{first}' for {second} waits.", first=first, second=second),
    things,
    st.one_of(things, hostile),
)
messages = st.one_of(
    st.lists(things, min_size=1, max_size=8).map(lambda made: verbatim(*made)), sentences
)
insights = st.builds(
    insight,
    message=messages,
    reason=messages,
    outcome=st.one_of(st.none(), messages),
    state=st.sampled_from(InsightState),
    type=st.sampled_from(InsightType),
    priority=st.sampled_from(Priority),
    expires_at=st.sampled_from([NOW - timedelta(1), NOW + timedelta(hours=1), NOW + timedelta(3)]),
    fingerprint=st.text("0123456789abcdef", min_size=32, max_size=32),
    snoozed_until=st.sampled_from([None, NOW - timedelta(1), NOW + timedelta(1)]),
)
mutes = st.builds(
    Muted,
    what=st.text(min_size=1, max_size=600),
    name=hostile,
    until=st.sampled_from([None, NOW + timedelta(3)]),
    created_at=st.just(NOW),
)
some = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def assert_taken_by_slack(text: str, blocks: list[dict[str, Any]]) -> None:
    assert problems(blocks, "message") == []
    assert len(json.dumps(blocks)) < 12_000
    assert 0 < len(text) <= 4000
    assert "<" not in text
    for place in _mrkdwn(blocks):
        assert "<" not in place


def _mrkdwn(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["text"]] if part.get("type") == "mrkdwn" else []
        return own + [each for value in part.values() for each in _mrkdwn(value)]
    if isinstance(part, list):
        return [each for value in part for each in _mrkdwn(value)]
    return []


@some
@given(insights, messages, st.sampled_from(["Europe/Madrid", None, "not/a zone"]))
def test_every_card_is_taken_by_slack(given_: Insight, promise: Phrase, zone: str | None) -> None:
    assert_taken_by_slack(*card(given_, Voice(time_zone=zone), promise=promise, now=NOW))


@some
@given(st.lists(insights, max_size=15, unique_by=lambda each: each.fingerprint), messages)
def test_lists_of_insights_and_the_home_tab_are_taken_by_slack(
    given_: list[Insight], promise: Phrase
) -> None:
    assert_taken_by_slack(*insight_list(given_, VOICE, lambda _: promise, now=NOW))
    assert view_problems(home(ANA, VOICE, given_, lambda _: promise, now=NOW)) == []


@some
@given(st.lists(insights, max_size=15, unique_by=lambda each: each.fingerprint), messages)
def test_briefs_and_digests_are_taken_by_slack(given_: list[Insight], promise: Phrase) -> None:
    for superseded in (False, True):
        made = brief(given_, VOICE, lambda _: promise, superseded=superseded, now=NOW)
        if made is not None:
            assert_taken_by_slack(*made)
        made = digest(given_, VOICE, lambda _: say("Tips"), superseded=superseded, now=NOW)
        if made is not None:
            assert_taken_by_slack(*made)


@some
@given(
    st.lists(insights, max_size=5, unique_by=lambda each: each.fingerprint),
    messages,
    st.integers(0, 10**7),
    st.booleans(),
)
def test_summaries_of_backlogs_are_taken_by_slack(
    given_: list[Insight], promise: Phrase, count: int, rests: bool
) -> None:
    counts = [counted("{count} deal", "{count} deals", "count", count=count)] if count else []
    for superseded in (False, True):
        made = backlog(
            {"id": "backlog:p:2026", "rests": rests}, given_, counts, VOICE, lambda _: promise,
            superseded=superseded, now=NOW,
        )  # fmt: skip
        if made is not None:
            assert_taken_by_slack(*made)
    things: list[Subject] = [
        Deal("c", "D", "x" * 500),
        Task("c", "T", due_date=NOW.date()),
        Contact("c", "C"),
    ]
    kinds = [backlogs.Kind(promise, things * 40, count) for _ in range(3)]
    assert_taken_by_slack(*backlog_list(kinds, ANA, NOW, VOICE))


@some
@given(st.lists(mutes, max_size=40, unique_by=lambda each: each.what))
def test_whatever_is_muted_is_listed_and_offered(muted: list[Muted]) -> None:
    def called(each: Muted) -> Phrase:
        return verbatim(each.name or "x")

    assert_taken_by_slack(*mute_list(muted, VOICE, called))
    rows, helped = mute_rows(muted, VOICE, called), [called(each) for each in muted]
    tab = home(ANA, VOICE, [], called, now=NOW, muted=rows, helped=helped)  # type: ignore[arg-type]
    assert view_problems(tab) == []
    offered = [("rule:tips", say("Tips")), *((each.what, called(each)) for each in muted)]
    assert view_problems(mute_modal("f" * 32, offered, VOICE)) == []


@some
@given(st.lists(st.tuples(hostile, urls), max_size=40))
def test_lists_of_tasks_and_deals_are_taken_by_slack(
    rows: list[tuple[str, str | None]],
) -> None:
    tasks = [Task("c1", str(n), title, url=url) for n, (title, url) in enumerate(rows)]
    deals = [Deal("c1", str(n), title, title, url=url) for n, (title, url) in enumerate(rows)]
    people = [
        Contact("c1", str(n), title, title, url=url, company=title)
        for n, (title, url) in enumerate(rows)
    ]
    for kind, things in ((Kind.TASKS, tasks), (Kind.DEALS, deals), (Kind.CONTACTS, people)):
        _taken(kind, things)
    for deal in deals[:3]:
        one = Listing(Place(Kind.DEAL), ANA, NOW.date(), [deal], 1, people[0], tasks[:3])
        assert_taken_by_slack(*thing_list(one, VOICE, NOW))


def test_a_page_of_contacts_with_links_of_any_length_is_taken_by_slack() -> None:
    url = "https://crm.example/" + "x" * 980
    whom = [Contact("c1", str(n), "<!channel> <!here>", url=url) for n in range(PAGE)]
    page = Listing(Place(Kind.CONTACTS), ANA, NOW.date(), whom, PAGE)
    text, blocks = thing_list(page, VOICE, NOW, Act("a" * 32, say("{done}.", done=whom[0].thing)))
    assert_taken_by_slack(text, blocks)
    # The links go, and nothing else.
    menus = [each["accessory"] for each in blocks if "block_id" in each and "accessory" in each]
    assert [[each["value"] for each in menu["options"]] for menu in menus] == [
        ["call", "email", "meeting", "task"]
    ] * PAGE


@some
@given(st.lists(hostile, min_size=1, max_size=12))
def test_whoever_is_called_anything_administers(called: list[str]) -> None:
    linked = [Linked(n, n, n, n, Health.TROUBLE, n, None, None, (), True, False) for n in called]
    people = [(replace(ANA, id=str(place), name=n, email=n), 3) for place, n in enumerate(called)]
    users = [f"U{place}" for place in range(len(called))]
    stands = Administration(linked, 3, people[:5], len(people), 1, 1, users)
    rows = administration(stands, dict(zip(users, called, strict=True)), VOICE)
    tab = home(ANA, VOICE, [], lambda _: None, now=NOW, administration=rows)
    assert view_problems(tab) == []


def _taken(kind: Kind, things: Sequence[Deal | Contact | Task]) -> None:
    """A page of them, its windows, and what was done from it."""
    sought = things[0].name if things else ""
    page = Listing(Place(kind, 0, sought), ANA, NOW.date(), things[:PAGE], len(things))
    done = Act("a" * 32, say("{done}.", done=things[0].thing)) if things else None
    assert_taken_by_slack(*thing_list(page, VOICE, NOW, done))
    about = About("several", SubjectKind.TASK, None, page.place, "https://hooks.slack.com/x")
    if things:
        assert view_problems(several_form(about, things[:PAGE], NOW.date(), VOICE)) == []
        assert view_problems(task_form(about, VOICE, thing=things[0], title=sought)) == []
        assert view_problems(date_form(about, things[0], NOW.date(), VOICE)) == []
        assert view_problems(log_form(about, things[0], Control.LOG_CALL, VOICE)) == []


NOTICES = {
    "welcome": welcome,
    "link_request": link_request,
    "link_answer": link_answer,
    "trouble": trouble,
}


@some
@given(
    st.sampled_from(sorted(NOTICES)),
    st.sampled_from(["asked", "started", "declined", "confirmed", "refused", "mended"]),
    hostile,
)
def test_every_notice_is_taken_by_slack(kind: str, state: str, text: str) -> None:
    names = ("name", "who", "email", "by", "connection", "why")
    params = {"state": state, **dict.fromkeys(names, text)}
    for things_ in (text, to_json(verbatim(text)), None):
        made = NOTICES[kind]({**params, "things": things_, "request_id": "r1"}, VOICE)
        assert_taken_by_slack(*made)


@some
@given(st.sampled_from(["missing", "doubt", "there", "refused"]), hostile, st.integers(1, 20))
def test_what_did_not_get_to_a_crm_is_told_whatever_it_is_called(
    state: str, text: str, count: int
) -> None:
    change = {"said": to_json(say("Created “{task}”", task=text)), "state": state, "why": text}
    made = undelivered({"connection": text, "changes": [change] * count}, VOICE)
    assert made is not None
    assert_taken_by_slack(*made)


@some
@given(st.sampled_from(["under_way", "over", "unlinked"]), hostile, st.integers(0, 10**12))
def test_whatever_is_taken_over_is_taken_by_slack(state: str, text: str, count: int) -> None:
    names = ("connection", "provider", "account", "key")
    whys = {"error": text, "held_up": text}
    kinds = [{"called": text, "count": count, "whole": whole, **whys} for whole in (True, False)]
    params = {**dict.fromkeys(names, text), "state": state, "kinds": kinds * 9}
    who = {"owners": 10, "unknown": 9, "names": [text] * 9, "paused_until": NOW.isoformat()}
    for each in (params, {**params, **who}):
        assert_taken_by_slack(*taking_over(each, VOICE))


@some
@given(hostile)
def test_a_sentence_is_taken_by_slack(text: str) -> None:
    text = text.strip() or "x"
    assert problems(sentence(verbatim(text))[1], "message") == []
    assert view_problems(sentence_modal(verbatim(text))) == []


items = st.builds(
    Item,
    ref=st.builds(Ref, st.sampled_from(["c1", "c2"]), st.text(min_size=1, max_size=600)),
    title=messages,
    facts=st.lists(messages, max_size=4),
    controls=st.lists(st.sampled_from(Control), max_size=6, unique=True).map(tuple),
    due_date=st.one_of(st.none(), st.dates(date(2000, 1, 1), date(2099, 1, 1))),
    # More than a menu holds, or longer than it shows: both at once only make examples unwieldy.
    stages=st.lists(st.text(min_size=1, max_size=20), max_size=120, unique=True)
    | st.lists(hostile.filter(bool), max_size=10, unique=True),
    done=st.one_of(st.none(), messages),
)


@some
@given(st.lists(items, max_size=20, unique_by=lambda item: item.ref), hostile)
def test_every_screen_of_things_is_taken_by_slack(things: list[Item], text: str) -> None:
    elements: list[Element] = [Note(verbatim(text))]
    elements += things
    view = screen_modal(Screen(say("Overdue tasks"), say("Done"), elements), VOICE, "f" * 32)
    assert view_problems(view) == []
    assert len(json.dumps(view)) < 250_000


@some
@given(hostile, hostile)
def test_every_form_is_taken_by_slack(title: str, note: str) -> None:
    fields: list[Element] = [
        TextField("title", say("Title"), title, hint=verbatim(note)),
        DateField("due_date", say("Due date"), date(2026, 11, 24)),
        ChoiceField(
            "priority", say("Priority"), [("high", say("High")), ("low", say("Low"))], "low"
        ),
        TextField("note", say("Note"), note, long=True, optional=True, max_length=2000),
    ]
    form = Screen(say("Create a task"), say("Create task"), fields)
    assert view_problems(screen_modal(form, VOICE, "f")) == []


def test_ten_ordinary_insights_are_listed_whole() -> None:
    ten = [insight(fingerprint=f"{n:032}") for n in range(10)]
    _, blocks = insight_list(ten, VOICE, lambda _: PROMISE, now=NOW)
    assert sum(block["type"] == "actions" for block in blocks) >= 7
    view = home(ANA, VOICE, ten, lambda _: PROMISE, NOW)
    assert sum(block["type"] == "actions" for block in view["blocks"]) == 11
