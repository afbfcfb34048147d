"""Tests that answers go to Slack and nowhere else."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.slack.blocks.asides import sentence
from bot.slack.listeners.response_url import allowed, respond
from coach.phrases import say
from tests.bot.playground.fake_bot import served
from tests.bot.surface import ANA, Surface

SLACK = "https://slack.com/api/"
STAND_IN = "http://127.0.0.1:4000/api/"


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://hooks.slack.com/actions/T1/2/x", SLACK),
        ("https://hooks.slack.com/commands/T1/2/x", STAND_IN),
        ("http://127.0.0.1:4000/response/1", STAND_IN),
    ],
)
def test_slack_and_the_stand_in_in_its_place_may_be_answered(url: str, api: str) -> None:
    assert allowed(url, api)


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("", SLACK),
        ("http://hooks.slack.com/actions/x", SLACK),
        ("https://hooks.slack.com.evil.example/x", SLACK),
        ("https://evil.example/#hooks.slack.com", SLACK),
        ("https://hooks.slack.com:8080/x", SLACK),
        ("http://169.254.169.254/latest/meta-data", SLACK),
        ("http://127.0.0.1:4000/response/1", SLACK),
        ("http://127.0.0.1:5432/", STAND_IN),
        ("file:///etc/passwd", SLACK),
        ("https://[broken/", SLACK),
    ],
)
def test_no_other_address_is_ever_asked(url: str, api: str) -> None:
    assert not allowed(url, api)


async def test_an_answer_to_another_host_is_not_sent_and_said_in_the_log(
    surface: Surface, caplog: pytest.LogCaptureFixture
) -> None:
    url = "http://169.254.169.254/latest/meta-data"
    sent = await respond(surface.client, SLACK, url, *sentence(say("Hello")))
    assert not sent
    assert "169.254.169.254" in caplog.text


async def test_an_answer_is_tried_a_second_time(surface: Surface) -> None:
    key = surface.slack.new_response_url(ANA)
    url = f"{surface.slack.own_url}/response/{key}"
    api = surface.parts.slack_api_url
    surface.slack.response_urls[key].left = 0
    assert not await respond(surface.client, api, url, *sentence(say("Hello")))
    surface.slack.response_urls[key].left = 1
    assert await respond(surface.client, api, url, *sentence(say("Hello")))
    assert surface.ephemerals(ANA) == ["Hello\nHello"]


async def redirect(request: Request) -> RedirectResponse:
    return RedirectResponse("/caught", status_code=307)


async def test_a_redirect_is_not_followed(surface: Surface) -> None:
    caught: list[str] = []

    async def catch(request: Request) -> Response:
        caught.append(request.url.path)
        return Response()

    routes = [
        Route("/moved", redirect, methods=["POST"]),
        Route("/caught", catch, methods=["POST"]),
    ]
    async with served(Starlette(routes=routes)) as url:
        api = f"{url}/api/"
        assert await respond(surface.client, api, f"{url}/caught", *sentence(say("Hello")))
        assert not await respond(surface.client, api, f"{url}/moved", *sentence(say("Hello")))
    assert caught == ["/caught"]
