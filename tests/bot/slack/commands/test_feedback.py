"""`/coach feedback`: a word to whoever runs the coach."""

from bot.playground.slack.api import words_of
from tests.bot.slack.rights import ask, left
from tests.bot.surface import ANA, CHRIS, Surface


async def test_feedback_goes_to_who_runs_the_coach_once_a_minute(surface: Surface) -> None:
    assert "Your name goes with it" in words_of(await ask(surface, "feedback"))
    for _ in range(3):
        said = words_of(await ask(surface, "feedback *Too* early, <!channel>"))
    assert "of this minute was passed on" in said
    (told,) = [each for each in surface.slack.messages(CHRIS) if "says of the coach" in each.text]
    assert "<!channel>" not in told.text
    assert "Too* early" in words_of(told)


async def test_it_is_given_and_forgotten_with_all_else_of_who_wrote_it(surface: Surface) -> None:
    await ask(surface, "feedback Too early")
    assert (await left(surface))["messages"] == 1
    asked = await ask(surface, "forget-me")
    assert (await surface.slack.press(ANA, asked.ts, label="Delete my data")).ok
    await surface.settle()
    assert (await left(surface))["messages"] == 0
