"""Tests of what a person reads on a card in each of its states."""

import json
from dataclasses import replace
from datetime import date, timedelta
from functools import reduce
from typing import Any

import pytest

from bot.slack.blocks.card import card, settled_line, what_and_why
from coach.models import Insight, InsightState, InsightType, Priority
from coach.phrases import Thing, say, together
from coach.wording import Voice, plain
from tests.bot.slack.blocks.values import INSIGHT, NOW, PROMISE, insight


def shown(
    given: Insight, zone: str | None = "Europe/Madrid", morning: date | None = None
) -> tuple[str, list[dict[str, Any]]]:
    return card(given, Voice(time_zone=zone), promise=PROMISE, now=NOW, morning=morning)


def buttons(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for block in blocks if block["type"] == "actions" for each in block["elements"]]


def words(blocks: list[dict[str, Any]]) -> str:
    found: list[str] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            if part.get("type") == "emoji" and "name" in part:
                found.append(f":{part['name']}:")
            elif isinstance(part.get("text"), str):
                found.append(part["text"])
            for inner in part.values():
                walk(inner)
        elif isinstance(part, list):
            for inner in part:
                walk(inner)

    walk(blocks)
    return "".join(found)


def test_an_open_card_says_what_and_why_in_two_lines_and_promises_what_the_button_does() -> None:
    _, blocks = shown(INSIGHT)
    assert [block["type"] for block in blocks] == ["rich_text", "context", "context", "actions"]
    what, why = words(blocks[:1]).split("\n")
    assert what.startswith(":zap: Great close! This is the perfect moment to ask Ann Lee")
    assert why == "You won Acme renewal (€12,000)."
    assert words(blocks[2:3]) == plain(PROMISE)


def test_a_sentence_that_does_not_fit_is_left_out_and_no_other_is_cut() -> None:
    said = [say("It is the {n} in a row of some length, which is told.", n=n) for n in range(9)]
    whole = reduce(together, said)
    why = words([what_and_why(insight(reason=whole), Voice())]).split("\n")[1]
    assert why == " ".join(plain(each) for each in said[:4])
    # A name gives way before a sentence does.
    named = together(say("Of {deal} more is known.", deal="x" * 300), say("This too."))
    why = words([what_and_why(insight(reason=named), Voice())]).split("\n")[1]
    assert why.endswith("… more is known. This too.")


def test_the_buttons_are_take_action_and_dismiss_and_the_first_is_the_primary_one() -> None:
    _, blocks = shown(INSIGHT)
    take, dismiss, _ = buttons(blocks)
    assert take["text"]["text"] == "Take Action"
    assert take["style"] == "primary"
    assert take["action_id"] == "insight:take"
    assert dismiss["text"]["text"] == "Dismiss"
    assert "style" not in dismiss
    assert dismiss["action_id"] == "insight:dismiss"
    assert blocks[-1]["block_id"] == f"insight:{INSIGHT.fingerprint}"


def test_beside_the_buttons_a_menu_offers_to_put_it_off() -> None:
    menu = buttons(shown(INSIGHT, morning=NOW.date() + timedelta(days=1))[1])[-1]
    assert (menu["type"], menu["action_id"]) == ("overflow", "insight:menu")
    assert [each["text"]["text"] for each in menu["options"]][:3] == [
        "Snooze for an hour",
        "Snooze until tomorrow",
        "Snooze until…",
    ]


@pytest.mark.parametrize(
    ("days", "label", "value"),
    [
        (1, "Snooze until tomorrow", "tomorrow"),
        # It is Monday: the week has holidays.
        (3, "Snooze until Thursday", "tomorrow:2026-11-26"),
        (9, "Snooze until Wed 2 Dec", "tomorrow:2026-12-02"),
        (None, "Snooze until the next day of work", "tomorrow"),
    ],
)
def test_the_menu_says_which_morning_it_means(days: int | None, label: str, value: str) -> None:
    morning = None if days is None else NOW.date() + timedelta(days=days)
    menu = buttons(shown(INSIGHT, morning=morning)[1])[-1]
    entry = menu["options"][1]
    assert (entry["text"]["text"], entry["value"]) == (label, value)


def test_what_was_put_off_says_until_when_where_they_are_and_can_be_had_back() -> None:
    until = NOW + timedelta(days=1)
    text, blocks = shown(insight(snoozed_until=until))
    assert text.startswith("Put off until Tue 24 Nov, 10:00: Great close!")
    assert [each["text"]["text"] for each in buttons(blocks)] == ["Undo"]
    assert "10:00" not in words(shown(insight(snoozed_until=until), None)[1])
    again = shown(insight(snoozed_until=NOW))[1]
    assert [each["text"]["text"] for each in buttons(again)[:2]] == ["Take Action", "Dismiss"]


@pytest.mark.parametrize(
    ("kind", "icon"),
    [
        (InsightType.ACTION, ":zap:"),
        (InsightType.TIME, ":hourglass_flowing_sand:"),
        (InsightType.PATTERN, ":bar_chart:"),
    ],
)
def test_the_type_is_shown_by_an_icon(kind: InsightType, icon: str) -> None:
    assert words(shown(insight(type=kind))[1]).startswith(icon)


def test_each_priority_has_a_sign_and_a_word_of_its_own() -> None:
    lines = [words(shown(insight(priority=each))[1][1:2]) for each in Priority]
    assert [each.split()[1] for each in lines] == ["Low", "Medium", "High"]
    assert len({each.split()[0] for each in lines}) == 3


def test_the_subject_is_linked_when_the_crm_gave_a_safe_link() -> None:
    assert '"url": "https://crm.example/contacts/9"' in json.dumps(shown(INSIGHT)[1])
    unsafe = insight(
        message=say("Ask {contact}", contact=Thing("Ann", "http://crm.example/9")),
        reason=say("Why."),
    )
    assert '"link"' not in json.dumps(shown(unsafe)[1])


def test_the_time_left_is_told_in_the_persons_own_zone_or_not_at_all() -> None:
    today = insight(expires_at=NOW + timedelta(hours=4))
    assert "until 14:00" in words(shown(today)[1])
    assert "until Thu 26 Nov, 10:00" in words(shown(INSIGHT)[1])
    assert "until" not in words(shown(INSIGHT, zone=None)[1][:-1])


def test_the_notification_reads_well_alone() -> None:
    assert shown(INSIGHT)[0] == (
        "Coach: Great close! This is the perfect moment to ask Ann Lee for a referral "
        "while they're happy."
    )


def test_markup_in_a_title_reaches_neither_notification_nor_blocks() -> None:
    hostile = insight(message=say("Deal “{deal}” waits", deal=Thing("<!channel> *x*")))
    text, blocks = shown(hostile)
    assert "<!channel>" not in text
    assert "&lt;!channel&gt;" in text
    assert "mrkdwn" not in json.dumps(blocks)


def test_a_taken_card_says_what_was_done_and_about_what() -> None:
    done = insight(
        state=InsightState.TAKEN,
        outcome=say(
            "Created the task “{task}” for {date}.", task="Ask Ann Lee", date=date(2026, 11, 24)
        ),
    )
    text, blocks = shown(done)
    assert words(blocks).startswith(
        ":white_check_mark: Created the task “Ask Ann Lee” for Tue 24 Nov."
    )
    assert "Great close!" in words(blocks)
    assert text == "Done: Created the task “Ask Ann Lee” for Tue 24 Nov."
    assert buttons(blocks) == []


@pytest.mark.parametrize("state", [InsightState.DISMISSED, InsightState.EXPIRED])
def test_a_card_that_has_ended_is_one_line_without_buttons(state: InsightState) -> None:
    _, blocks = shown(insight(state=state))
    assert len(blocks) == 1
    assert "\n" not in words(blocks)
    assert state.capitalize() in words(blocks)
    assert buttons(blocks) == []


def test_a_card_whose_time_is_up_has_no_buttons_even_before_the_clock_noticed() -> None:
    late = replace(INSIGHT, expires_at=NOW)
    assert "Expired" in words(shown(late)[1])
    assert buttons(shown(late)[1]) == []


def test_a_line_of_what_was_done_names_the_deal_it_was_done_for_once() -> None:
    deal = Thing("Acme renewal", "https://crm.example/deals/17")
    stuck = insight(
        state=InsightState.TAKEN,
        message=say("Deal “{deal}” is stuck.", deal=deal),
        outcome=say("Logged a call with {contact}", contact=Thing("Jonas Weber")),
    )
    line = words([settled_line(stuck, Voice(), 1)])
    assert line.endswith("Acme renewal: Logged a call with Jonas Weber")
    moved = replace(stuck, outcome=say("Moved “{deal}” to {stage}", deal=deal, stage="Won"))
    assert words([settled_line(moved, Voice(), 1)]).endswith("Moved “Acme renewal” to Won")
