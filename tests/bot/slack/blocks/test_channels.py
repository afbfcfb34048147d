"""Whatever deals and people are called, Slack takes what is told in channels, and calls nobody."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.coaching.connecting import Page
from bot.coaching.listing import Kind, Listing, Place
from bot.playground.slack.blocks import problems, view_problems
from bot.slack.blocks.links import deal_modal, for_everybody, for_its_person
from bot.slack.blocks.team_channel import administered, form, hello, news, week, wins
from coach import team_week
from coach.models import Deal, DealStatus, Ref, Task
from coach.phrases import Money, say, to_json
from coach.report import Closed
from storage.team_channels import TeamChannel
from tests.bot.slack.blocks.test_limits import assert_taken_by_slack, hostile, some, urls
from tests.bot.slack.blocks.values import ANA, NOW, VOICE

CHANNEL = TeamChannel(
    "w", "C0SALES", wins=True, figures=True, amounts=True, chosen_by="U1", chosen_at=NOW,
    figures_at=NOW, too_few=4,
)  # fmt: skip


@some
@given(st.lists(st.tuples(hostile, hostile, urls), min_size=1, max_size=60))
def test_whatever_is_won_is_told(told: list[tuple[str, str, str | None]]) -> None:
    said = [
        to_json(
            say(
                "{who} has won {deal}: {amount}.",
                who=who or "?",
                deal=Deal("c1", str(number), title, url=url).thing,
                amount=Money(Decimal(10) ** 30, title[:8]),
            )
        )
        for number, (who, title, url) in enumerate(told)
    ]
    for some_ in (said[:1], said):
        made = wins({"said": some_}, VOICE)
        assert made is not None
        assert_taken_by_slack(*made)
    assert wins({"said": []}, VOICE) is None


def test_of_deals_with_long_links_as_many_are_named_as_slack_takes() -> None:
    told = [
        to_json(
            say(
                "{who} has won {deal}: {amount}.",
                who="…" * 60,
                deal=Deal("c1", str(n), "…" * 60, url="https://crm.example/" + "x" * 400).thing,
                amount=Money(Decimal(10) ** 30, "EUR"),
            )
        )
        for n in range(30)
    ]
    made = wins({"said": told}, VOICE)
    assert made is not None
    assert_taken_by_slack(*made)
    (rows,) = made[1][1]["elements"]
    left_out = len(told) - (len(rows["elements"]) - 1)
    assert 0 < left_out < len(told)
    assert f"… and {left_out} more" in str(rows["elements"][-1])


@some
@given(st.lists(hostile, max_size=40), hostile)
def test_whatever_currencies_are_called_the_week_is_told(named: list[str], by: str) -> None:
    closed = [
        Closed(NOW - timedelta(weeks=1 + number % 9), DealStatus.WON, Decimal(10) ** 20, name)
        for number, name in enumerate(named)
    ]
    amounts = {each.currency: each.value or Decimal() for each in closed}
    made = team_week.team_week(closed, len(named), amounts, 7, NOW, ANA)
    params = {
        "title": to_json(team_week.title(made)),
        "said": [to_json(each) for each in team_week.lines(made, amounts=True)],
        "of": to_json(team_week.counted_of(made)),
    }
    assert_taken_by_slack(*week(params, VOICE))
    assert_taken_by_slack(*hello({"by": by, "wins": True, "figures": True}, VOICE))
    said = to_json(say("{by} has chosen what the team's channel is told:", by=by))
    assert_taken_by_slack(*news({"said": said, "channel": "C0SALES"}, VOICE))


@some
@given(hostile, urls, hostile)
def test_whatever_a_deal_is_called_its_link_shows_it(
    title: str, url: str | None, stage: str
) -> None:
    deal = Deal("c1", title or "x", title, stage, url=url, account=title)
    listing = Listing(
        Place(Kind.DEAL, sought=title), ANA, NOW.date(), [deal], 1,
        planned=[Task("c1", "T-1", title)],
    )  # fmt: skip
    ref = Ref("c1", deal.id)
    assert problems(for_everybody(Page(ref, title), VOICE), "message") == []
    assert problems(for_its_person(listing, ref, VOICE, NOW), "message") == []
    assert view_problems(deal_modal(listing, VOICE, NOW)) == []


def test_the_window_and_its_place_in_home_are_taken_whatever_is_chosen() -> None:
    for known in (None, CHANNEL, CHANNEL._replace(trouble="x" * 200, wins=False, amounts=False)):
        assert view_problems(form(known, VOICE)) == []
        assert problems(administered(known, VOICE), "message") == []
