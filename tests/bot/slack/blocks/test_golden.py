"""Tests that every message and view is exactly as recorded, for eyes and for Slack's schema.

`UPDATE_GOLDEN=1 make test ARGS=tests/bot/slack/blocks/test_golden.py` records them anew.
"""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.coaching.acts import Act
from bot.coaching.choosing import Choice
from bot.coaching.connecting import Asked, Begun, Health, Linked, Outcome, Page, Progress, Vendor
from bot.coaching.explaining import Explanation
from bot.coaching.listing import Kind, Listing, Place
from bot.playground.slack.blocks import problems, view_problems
from bot.simulating.previewing import Preview
from bot.slack.administering import Administration
from bot.slack.blocks.act_forms import (
    About,
    call_form,
    date_form,
    log_form,
    several_form,
    stage_form,
    task_form,
)
from bot.slack.blocks.administration import administration, match_form
from bot.slack.blocks.arrival import arrival
from bot.slack.blocks.asides import sentence, sentence_modal, working_modal
from bot.slack.blocks.card import card
from bot.slack.blocks.connecting import begun_modal, connect_modal, linked_list, outcome_modal
from bot.slack.blocks.home import home
from bot.slack.blocks.links import deal_modal, for_everybody, for_its_person
from bot.slack.blocks.lists import insight_list
from bot.slack.blocks.mutes import mute_list, mute_modal, mute_rows
from bot.slack.blocks.notices import hello, link_answer, link_request, trouble, welcome
from bot.slack.blocks.preview import preview
from bot.slack.blocks.screen import screen_modal
from bot.slack.blocks.settings import settings_modal
from bot.slack.blocks.snooze import snooze_modal
from bot.slack.blocks.taking_over import taking_over
from bot.slack.blocks.team_channel import (
    administered,
    form,
    own_place,
    week,
    wins,
)
from bot.slack.blocks.team_channel import hello as channel_hello
from bot.slack.blocks.team_channel import news as channel_news
from bot.slack.blocks.things import thing_list
from bot.slack.blocks.undelivered import undelivered
from bot.slack.blocks.why import why_modal
from coach import team_week
from coach.action import Action, ActionView, load_actions
from coach.engine import load_rules
from coach.explaining import Outcomes, Told, of_kind
from coach.models import (
    Contact,
    DealStatus,
    Dismissed,
    Enrolment,
    Insight,
    InsightState,
    InsightType,
    Level,
    Often,
    Priority,
    Ref,
    Settings,
    SubjectKind,
)
from coach.phrases import Money, Phrase, Thing, counted, names, say, to_json, verbatim
from coach.presenting import done_so_far
from coach.report import Closed
from coach.screens import Control
from coach.verdicts import Decided, Reason, Verdict
from coach.wording import ENGLISH
from storage.crm_writes import Did
from storage.mutes import Muted
from storage.team_channels import TeamChannel
from tests.bot.slack.blocks.values import ANA, DEALS, INSIGHT, NOW, PROMISE, TASKS, VOICE, insight

FOLDER = Path(__file__).parents[3] / "golden"

Payload = dict[str, Any]

STALE = insight(
    fingerprint="a" * 32,
    type=InsightType.TIME,
    message=say(
        "Warm leads going cold: {leads} haven't been contacted in 9+ days.",
        leads=names([Thing("Cy"), Thing("Bo")], 3),
    ),
    reason=say(
        "Silent: Cy for 9 days and Bo for 12 days. "
        "Your limit is 7 working days without a call, mail, meeting or note."
    ),
)
TIP = insight(
    fingerprint="b" * 32,
    priority=Priority.LOW,
    type=InsightType.PATTERN,
    message=say("Tip: add a follow-up task within 24 hours for {deal}.", deal=Thing("Blue pilot")),
    reason=say("A new deal has no next step until you give it one."),
)
LEADS = [
    Contact(
        "c1", "C-1", "Bo Berg", "bo@blue.example", "LEAD", url="https://crm.example/contacts/1",
        last_contacted_at=NOW - timedelta(days=12), silent_since=NOW - timedelta(days=12),
    ),
    Contact("c1", "C-2", "Cy Cole", status="PROSPECT", silent_since=NOW - timedelta(days=9)),
]  # fmt: skip


def _message(made: tuple[str, list[dict[str, Any]]] | None) -> Payload:
    assert made is not None
    return {"text": made[0], "blocks": made[1]}


def _promise(given: Insight) -> Phrase:
    return PROMISE


def _called(muted: Muted) -> Phrase:
    return say("{name}", name=muted.name) if muted.name else say("Stuck deals")


def _card(**changes: object) -> Payload:
    made = insight(**changes)
    return _message(card(made, VOICE, promise=PROMISE, now=NOW))


STANDS = Administration(
    linked=[
        Linked(
            "hubspot", "hubspot", "123", "Northwind", Health.OK, None, NOW, None, (), True, False
        )
    ],
    matched=3,
    unmatched=[(replace(ANA, id="p2", name="A. Muster", email=None, slack_user_id=None), 2)],
    more_unmatched=4,
    failed_deliveries=2,
    failed_changes=1,
    administrators=["U1", "U2"],
)


def _listing(kind: Kind, things: list[Any], first: int = 0, count: int | None = None) -> Listing:
    total = len(things) if count is None else count
    return Listing(Place(kind, first), ANA, date(2026, 11, 23), things, total)


DEAL_PAGE = Page(Ref("c1", "D-17"), "HubSpot")

TEAM_CHANNEL = TeamChannel(
    "w", "C0SALES", wins=True, figures=True, amounts=False, chosen_by="U1", chosen_at=NOW,
    figures_at=NOW + timedelta(days=4),
)  # fmt: skip

TEAM_WON = [
    to_json(
        say(
            "{who} has won {deal}: {amount}.",
            who="Ana Ruiz",
            deal=DEALS[0].thing,
            amount=Money(Decimal(12000), "EUR"),
        )
    ),
    to_json(say("{deal} is won.", deal=Thing("<!channel> *Bold* & Co"))),
]

_CLOSED = [
    Closed(NOW - timedelta(weeks=back), DealStatus.WON, Decimal(9000), "EUR")
    for back in range(1, 9)
]

_WEEK = team_week.team_week(_CLOSED, 12, {"EUR": Decimal(120_000)}, 7, NOW, ANA)

TEAM_WEEK = {
    "title": to_json(team_week.title(_WEEK)),
    "said": [to_json(each) for each in team_week.lines(_WEEK, amounts=True)],
    "of": to_json(team_week.counted_of(_WEEK)),
}


def _about(does: str, kind: SubjectKind) -> About:
    return About(does, kind, Ref("c1", "X-1"), Place(Kind.TASKS), "https://hooks.slack.com/x")


def _screen(name: str, **known: Any) -> Payload:
    actions: dict[str, Action] = load_actions()
    view = ActionView(
        now=NOW,
        person=ANA,
        today=date(2026, 11, 23),
        new_id="new",
        params=known.pop("params", {}),
        **known,
    )
    return screen_modal(actions[name].screen(view), VOICE, INSIGHT.fingerprint)


LINKED = [
    Linked(
        "hubspot", "hubspot", "123", "HubSpot account 123", Health.OK, None, NOW, None,
        (Progress("owners", 3, whole=True), Progress("deals", 50, whole=False),
         Progress("contacts", 0, whole=False, error="HTTP 403")),
        known=True, testable=False, granted=True,
    ),
    Linked(
        "native", "native", None, None, Health.SILENT, None, None, None, (), known=True,
        testable=True,
    ),
    Linked(
        "close", "close", "orga_1", None, Health.TROUBLE, "Close has paused the webhook.", NOW,
        None, (), known=True, testable=False,
    ),
    Linked(
        "twenty", "twenty", None, None, Health.PAUSED, None, NOW, NOW + timedelta(hours=1), (),
        known=True, testable=False,
    ),
    Linked(
        "old", "old", None, None, Health.OK, None, NOW, None, (), known=False, testable=False
    ),
]  # fmt: skip
HUBSPOT = Vendor(
    "hubspot",
    "HubSpot, by a private app.",
    (
        Asked("token", "Access token", "Auth, Show token", needed=True),
        Asked("client_secret", "Client secret", "on the same page", needed=True),
    ),
    linked=False,
)
IN_BROWSER = Vendor(
    "hubspot",
    "HubSpot, by OAuth: an app that you allow in your browser.",
    (
        Asked("client_id", "Client ID", "your app, Auth", needed=True),
        Asked("client_secret", "Client secret", "beside the client ID", needed=True),
    ),
    linked=False,
    redirect="https://coach.example.com/crm/hubspot/callback",
)
BEGUN = Begun(
    "https://coach.example.com/crm/hubspot/connect?link=l", "l", NOW, "HubSpot",
    "https://coach.example.com/crm/hubspot/callback", "your app, Auth, Redirect URLs",
)  # fmt: skip
NATIVE = Vendor("native", "Anything that posts JSON.", (), linked=False)


def _outcome(**changes: Any) -> Payload:
    made = Outcome(
        "native", "native", "", made=True,
        paste=((say("Webhook URL"), "https://coach.example.com/webhooks/native/t"),
               (say("Signing secret"), "whsec_s"), (say("Bearer token"), "b")),
        steps=("Post JSON to the webhook URL.",), lacking=(), subscribed=False, refusal=None,
        public=True, testable=True,
    )  # fmt: skip
    return outcome_modal(replace(made, **changes), VOICE)


def _undelivered(*states: str) -> dict[str, Any]:
    done = (
        (say("Created “{task}”", task="Ask Ann Lee for referral"), "HTTP 500, 14 times"),
        (say("Logged a call with {contact}", contact="Ann Lee"), "the answer was lost"),
    )
    changes = [
        {"said": to_json(said), "state": state, "why": why, "key": f"f:{state}"}
        for (said, why), state in zip(done, states, strict=False)
    ]
    unlinked = any(state.endswith("_for_good") for state in states)
    params = {"connection": "close", "changes": changes, "unlinked": unlinked}
    made = undelivered(params, VOICE)
    assert made is not None
    return _message(made)


def _trouble(state: str) -> dict[str, Any]:
    why = "Close has paused the webhook: too many requests failed."
    return _message(trouble({"connection": "close", "why": why, "state": state}, VOICE))


def _kind(called: str, count: int = 0, **more: object) -> dict[str, object]:
    return {"called": called, "count": count, "whole": False, "error": None, **more}


OWNERS, DEALS_READ = _kind("owners", 3, whole=True), _kind("deals", 1200, whole=True)


def _taking_over(state: str, *kinds: dict[str, object], **more: object) -> Payload:
    params = {
        "connection": "hubspot",
        "provider": "hubspot",
        "account": "HubSpot account 123",
        "state": state,
        "kinds": kinds,
        "owners": 3,
        **more,
    }
    return _message(taking_over(params, VOICE))


def _arrived(**params: Any) -> dict[str, Any]:
    return _message(arrival(params, VOICE))


def _link(state: str) -> Payload:
    params = {
        "request_id": "r1",
        "who": "Ben Okafor",
        "email": "b.okafor@old.example",
        "things": to_json(verbatim("12 open deals, 3 open tasks")),
        "state": state,
        "by": "Chris Vale",
    }
    return _message(link_request(params, VOICE))


WHY = Explanation(
    Told(STALE, Decided(Verdict.NOW, Reason.SAID), said_at=NOW, said_by="brief"),
    ANA,
    load_rules()["stale_leads"],
    LEADS,
    7,
    Outcomes(told=9, done=4, dismissed=1, resolved=2, expired=1),
)
MUTED = [
    Muted("rule:stuck_deals", "", None, NOW),
    Muted("deal:c1:D-17", "Acme <renewal>", NOW + timedelta(days=7), NOW),
]
PREVIEWS = [
    Preview(Level.MINIMAL, 0, 0, {}, []),
    Preview(Level.BALANCED, 1, 1, {"referral_ask": 1}, [INSIGHT.message]),
    Preview(Level.ACTIVE, 21, 14, {"stale_leads": 19, "gone": 2}, [STALE.message, TIP.message]),
]
OFF = replace(ANA, settings=Settings(enabled=False))
NEW = replace(ANA, enrolment=Enrolment.INVITED, time_zone=None)
PARTICULAR = Settings(
    True, Level.ACTIVE, 10, 21, (1, 2, 3, 4, 6), time(8), time(16, 30), "DE-BY", False, time(8, 30),
    Often.DAILY, time(15), 4,
)  # fmt: skip
STAGES = ["Proposal", "Prospecting", "Qualified", "Negotiation", "Closed Won", "Closed Lost"]

BUILT: dict[str, Callable[[], Payload]] = {
    "card_open": lambda: _card(),
    "card_open_time": lambda: _message(
        card(STALE, ENGLISH, promise=say("Take Action lists these leads."), now=NOW)
    ),
    "card_open_pattern": lambda: _message(card(TIP, VOICE, promise=PROMISE, now=NOW)),
    "card_open_progress": lambda: _card(
        type=InsightType.TIME,
        message=counted(
            "You have {count} overdue task.", "You have {count} overdue tasks.", "count", count=3
        ),
        outcome=done_so_far([say("Completed “{task}”", task=Thing("Call Bo"))]),
    ),
    "card_taken": lambda: _card(
        state=InsightState.TAKEN, outcome=say("Created the task “Ask Ann Lee” for Tue 24 Nov.")
    ),
    "card_resolved": lambda: _card(
        state=InsightState.RESOLVED, outcome=say("Done in the CRM: {task}.", task="Ask Ann Lee")
    ),
    "card_dismissed": lambda: _card(state=InsightState.DISMISSED),
    "card_taken_undo": lambda: _card(
        state=InsightState.TAKEN,
        outcome=say("Created the task “Ask Ann Lee” for Tue 24 Nov."),
        undo_until=NOW + timedelta(minutes=9),
    ),
    "card_dismissed_why": lambda: _card(
        state=InsightState.DISMISSED, undo_until=NOW + timedelta(minutes=9)
    ),
    "card_dismissed_as": lambda: _card(
        state=InsightState.DISMISSED,
        dismissed_as=Dismissed.ALREADY_DONE,
        outcome=say("Counted as done."),
        undo_until=NOW + timedelta(minutes=9),
    ),
    "card_put_off": lambda: _card(
        snoozed_until=NOW + timedelta(hours=20), undo_until=NOW + timedelta(minutes=9)
    ),
    "card_muted": lambda: _card(
        state=InsightState.MUTED, outcome=say("Muted: {what}", what=say("Referrals"))
    ),
    "card_undone": lambda: _card(outcome=say("Undone: {done}.", done="Created “Ask Ann Lee”")),
    "card_expired": lambda: _card(state=InsightState.EXPIRED),
    "notice_welcome": lambda: _message(welcome({"state": "asked", "name": "Ben"}, VOICE)),
    "notice_welcome_started": lambda: _message(welcome({"state": "started"}, VOICE)),
    "notice_welcome_declined": lambda: _message(welcome({"state": "declined"}, VOICE)),
    "notice_arrival": lambda: _arrived(),
    "notice_arrival_on_the_way": lambda: _arrived(crm=True, matched=4, unmatched=2),
    "notice_arrival_done": lambda: _arrived(crm=True, people=True, started=True, matched=6),
    "notice_hello": lambda: _message(hello({"coach": "on"}, VOICE)),
    "notice_hello_off": lambda: _message(hello({"coach": "off"}, VOICE)),
    "notice_hello_paused": lambda: _message(hello({"coach": "paused"}, VOICE)),
    "notice_hello_new": lambda: _message(hello({"coach": "new"}, VOICE)),
    "notice_link_request": lambda: _link("asked"),
    "notice_link_request_confirmed": lambda: _link("confirmed"),
    "notice_link_request_refused": lambda: _link("refused"),
    "notice_link_answer_confirmed": lambda: _message(
        link_answer({"email": "b.okafor@old.example", "state": "confirmed"}, VOICE)
    ),
    "notice_link_answer_refused": lambda: _message(
        link_answer({"email": "b.okafor@old.example", "state": "refused"}, VOICE)
    ),
    "notice_trouble": lambda: _trouble("found"),
    "notice_trouble_mended": lambda: _trouble("mended"),
    "undelivered": lambda: _undelivered("missing", "doubt"),
    "undelivered_one": lambda: _undelivered("missing"),
    "undelivered_there": lambda: _undelivered("there"),
    "undelivered_by_hand": lambda: _undelivered("by_hand", "there"),
    "undelivered_unlinked": lambda: _undelivered("missing_for_good", "doubt_for_good"),
    "notice_taking_over": lambda: _taking_over(
        "under_way", OWNERS, _kind("deals", 1200), _kind("contacts"), _kind("tasks")
    ),
    "notice_taking_over_held_up": lambda: _taking_over(
        "under_way",
        OWNERS,
        _kind("deals", 1200, held_up="HTTP 502"),
        _kind("tasks"),
        paused_until=NOW.isoformat(),
    ),
    "notice_taken_over": lambda: _taking_over(
        "over", OWNERS, DEALS_READ, unknown=2, names=["Bo Berg", "78"], key="hubspot/id:78"
    ),
    "notice_taken_over_faults": lambda: _taking_over(
        "over", OWNERS, DEALS_READ, _kind("tasks", error="HTTP 403"), connection="north"
    ),
    "notice_taken_over_unlinked": lambda: _taking_over("unlinked"),
    "modal_create_task": lambda: _screen(
        "create_task",
        params={"connection_id": "c1", "title": "Ask Ann Lee for referral", "priority": "high"},
    ),
    "modal_create_task_mail": lambda: _screen(
        "create_task",
        params={"connection_id": "c1", "title": "Ask Bo Berg for referral", "mail": "referral"},
        deal=DEALS[0],
        contact=LEADS[0],
    ),
    "modal_view_task": lambda: _screen("view_task", task=TASKS[0]),
    "modal_view_task_done": lambda: _screen(
        "view_task", task=TASKS[0], done={"T-1": say("Completed “{task}”", task=TASKS[0].thing)}
    ),
    "modal_view_deal": lambda: _screen("view_deal", deal=DEALS[0], contact=LEADS[0], stages=STAGES),
    "modal_view_stale_leads": lambda: _screen("view_stale_leads", contacts=LEADS),
    "modal_view_overdue_tasks": lambda: _screen(
        "view_overdue_tasks",
        tasks=TASKS,
        done={
            "T-2": say("Moved “{task}” to {date}", task=Thing("Call Bo"), date=date(2026, 11, 27))
        },
    ),
    "modal_view_old_deals": lambda: _screen(
        "view_old_deals",
        deals=DEALS,
        more=60,
        ways={deal.id: STAGES for deal in DEALS},
        params={"days": 138, "count": 80},
    ),
    "modal_view_pattern": lambda: _screen(
        "view_pattern",
        params={
            "said": to_json(say("Your deals by source.")),
            "group": "<Referral>",
            "n": 31,
            "k": 12,
            "rest_n": 210,
            "rest_k": 41,
            "low": 0.237,
            "high": 0.562,
            "one_in": 71,
            "looked": 40,
        },
    ),
    "modal_settings": lambda: settings_modal(ANA, VOICE, NOW, load_rules()),
    "modal_settings_changed": lambda: settings_modal(
        replace(OFF, settings=PARTICULAR), VOICE, NOW, load_rules()
    ),
    "modal_why": lambda: why_modal(WHY, VOICE, NOW, [STALE, INSIGHT]),
    "modal_why_over": lambda: why_modal(
        replace(WHY, told=Told(replace(STALE, state=InsightState.DISMISSED)), rule=None),
        VOICE,
        NOW,
    ),
    "home_all": lambda: home(
        ANA,
        VOICE,
        [INSIGHT],
        _promise,
        NOW,
        due=_listing(Kind.HOME, TASKS),
        did=[
            Did(say("Completed “{task}”", task="Call Bo"), NOW - timedelta(minutes=2), "a" * 32),
            Did(say("Completed “{task}”", task="Call Cy"), NOW - timedelta(days=2), ""),
        ],
        administration=administration(STANDS, {"U1": "Chris Vale", "U2": "Ben Okafor"}, VOICE),
    ),
    "modal_act_date": lambda: date_form(
        _about("date", SubjectKind.TASK), TASKS[0], date(2026, 11, 30), VOICE
    ),
    "modal_act_stage": lambda: stage_form(
        _about("stage", SubjectKind.DEAL), DEALS[0], STAGES, VOICE
    ),
    "modal_act_log": lambda: log_form(
        _about("log", SubjectKind.CONTACT), LEADS[0], Control.LOG_CALL, VOICE
    ),
    "modal_act_task": lambda: task_form(_about("task", SubjectKind.DEAL), VOICE, thing=DEALS[0]),
    "modal_act_task_of_few": lambda: task_form(
        About("task"), VOICE, title="Call them", choice=Choice([*DEALS, *LEADS], whole=True)
    ),
    "modal_act_task_of_many": lambda: task_form(
        About("task"), VOICE, title="Call them", choice=Choice([*DEALS, *LEADS], whole=False)
    ),
    "modal_act_call": lambda: call_form(About("call"), Choice(LEADS, whole=True), VOICE),
    "modal_act_call_of_many": lambda: call_form(About("call"), Choice(LEADS, whole=False), VOICE),
    "modal_match": lambda: match_form([ANA, replace(ANA, id="p2", email=None)], VOICE),
    "modal_match_of_many": lambda: match_form([ANA] * 101, VOICE),
    "modal_act_several_tasks": lambda: several_form(
        _about("several", SubjectKind.TASK), TASKS, date(2026, 11, 30), VOICE
    ),
    "modal_act_several_contacts": lambda: several_form(
        _about("several", SubjectKind.CONTACT), LEADS, date(2026, 11, 30), VOICE
    ),
    "team_won": lambda: _message(wins({"said": TEAM_WON[:1]}, VOICE)),
    "team_won_several": lambda: _message(wins({"said": TEAM_WON}, VOICE)),
    "team_week": lambda: _message(week(TEAM_WEEK, VOICE)),
    "team_hello": lambda: _message(
        channel_hello({"by": "Chris Vale", "wins": True, "figures": True}, VOICE)
    ),
    "team_news": lambda: _message(
        channel_news({"said": to_json(say("Chosen:")), "channel": "C0SALES"}, VOICE)
    ),
    "home_team_channel": lambda: {
        "type": "home",
        "blocks": [
            *administered(TEAM_CHANNEL._replace(too_few=3), VOICE),
            *own_place(TEAM_CHANNEL, VOICE, named=False),
        ],
    },
    "link_for_everybody": lambda: {"blocks": for_everybody(DEAL_PAGE, VOICE)},
    "link_for_its_person": lambda: {
        "blocks": for_its_person(_listing(Kind.DEAL, DEALS[:1]), DEAL_PAGE.deal, VOICE, NOW)
    },
    "modal_deal": lambda: deal_modal(
        replace(_listing(Kind.DEAL, DEALS[:1]), contact=LEADS[0], planned=TASKS[:2]), VOICE, NOW
    ),
    "modal_team_channel": lambda: form(TEAM_CHANNEL, VOICE),
    "modal_team_channel_first": lambda: form(None, VOICE),
    "modal_snooze": lambda: snooze_modal(INSIGHT.fingerprint, date(2026, 11, 30), ANA, VOICE),
    "modal_connect": lambda: connect_modal(HUBSPOT, VOICE),
    "modal_connect_again": lambda: connect_modal(replace(HUBSPOT, linked=True), VOICE),
    "modal_connect_in_browser": lambda: connect_modal(IN_BROWSER, VOICE),
    "modal_connect_begun": lambda: begun_modal(BEGUN, VOICE),
    "modal_connect_native": lambda: connect_modal(NATIVE, VOICE),
    "modal_connected": _outcome,
    "modal_connected_account": lambda: _outcome(
        id="hubspot",
        account="HubSpot account 123",
        testable=False,
        public=False,
        lacking=("Tasks cannot be read.",),
        refusal="It refused. Try again later.",
    ),
    "modal_connected_before": lambda: _outcome(made=False, paste=(), steps=()),
    "modal_mute": lambda: mute_modal(
        INSIGHT.fingerprint,
        [
            ("rule:referral_ask", say("Referrals")),
            ("deal:c1:D-17", say("{name}", name="Acme renewal")),
        ],
        VOICE,
    ),
    "modal_sentence": lambda: sentence_modal(say("You have already taken care of this.")),
    "modal_working": lambda: working_modal(),
    "answer_sentence": lambda: _message(sentence(say("Your coach is on."))),
    "answer_insights": lambda: _message(
        insight_list([INSIGHT, STALE, TIP], VOICE, _promise, now=NOW)
    ),
    "answer_no_insights": lambda: _message(insight_list([], VOICE, _promise, now=NOW)),
    "answer_insights_muted": lambda: _message(insight_list([], VOICE, _promise, now=NOW, muted=2)),
    "answer_connections": lambda: _message(linked_list(LINKED, [HUBSPOT, NATIVE], VOICE)),
    "answer_no_connections": lambda: _message(linked_list([], [HUBSPOT, NATIVE], VOICE)),
    "answer_mutes": lambda: _message(mute_list(MUTED, VOICE, _called)),
    "answer_no_mutes": lambda: _message(mute_list([], VOICE, _called)),
    "answer_preview": lambda: _message(preview(PREVIEWS, ANA, load_rules(), VOICE)),
    "answer_tasks": lambda: _message(thing_list(_listing(Kind.TASKS, TASKS), VOICE, NOW)),
    "answer_deals": lambda: _message(thing_list(_listing(Kind.DEALS, DEALS), VOICE, NOW)),
    "answer_contacts": lambda: _message(thing_list(_listing(Kind.CONTACTS, LEADS), VOICE, NOW)),
    "answer_deal": lambda: _message(
        thing_list(
            replace(_listing(Kind.DEAL, DEALS[:1]), contact=LEADS[0], planned=TASKS[:2]), VOICE, NOW
        )
    ),
    "answer_tasks_done": lambda: _message(
        thing_list(
            _listing(Kind.TASKS, TASKS, first=10, count=25),
            VOICE,
            NOW,
            Act("a" * 32, say("{done}.", done=say("Completed “{task}”", task="Call Jonas"))),
        )
    ),
    "home_on": lambda: home(ANA, VOICE, [INSIGHT, STALE], _promise, NOW),
    "home_off": lambda: home(OFF, VOICE, [], _promise, NOW),
    "home_not_started": lambda: home(NEW, VOICE, [TIP], _promise, NOW),
    "home_paused": lambda: home(
        replace(ANA, paused_until=NOW + timedelta(days=1)),
        VOICE,
        [insight(snoozed_until=NOW + timedelta(hours=1)), STALE],
        _promise,
        NOW,
        muted=mute_rows(MUTED, VOICE, _called),
        helped=[
            of_kind(say("Referrals"), Outcomes(4, done=2, dismissed=1, muted=1)),
            of_kind(say("Stuck deals"), Outcomes(3, resolved=1, expired=1)),
        ],
    ),
}


@pytest.mark.parametrize("name", sorted(BUILT))
def test_a_message_or_view_is_as_recorded_and_taken_by_slack(name: str) -> None:
    made = BUILT[name]()
    found = (
        view_problems(made)
        if made.get("type") in {"modal", "home"}
        else problems(made["blocks"], "message")
    )
    assert found == []
    file = FOLDER / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert json.loads(file.read_text(encoding="utf-8")) == made


def test_no_recording_is_left_over() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == set(BUILT)
