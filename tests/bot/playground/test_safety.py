"""The playground never meets a real workspace, nor sends loopback calls through a proxy."""

import pytest

from bot.playground.safety import RealTokenError, drop_proxies, refuse_real_tokens


@pytest.mark.parametrize(
    "token", ["xoxb-1-2-abc", "xapp-1-A0-abc", "xoxp-1", "xoxe.xoxb-1-abc", " xoxb-1-2-abc"]
)
def test_a_real_token_in_the_environment_stops_the_playground(token: str) -> None:
    with pytest.raises(RealTokenError) as raised:
        refuse_real_tokens({"HOME": "/home/ana", "SLACK_BOT_TOKEN": token, "OTHER": "x"})
    assert "SLACK_BOT_TOKEN" in str(raised.value)
    assert token.strip() not in str(raised.value), "the token itself is never shown"


def test_an_ordinary_environment_is_fine() -> None:
    refuse_real_tokens({"HOME": "/home/ana", "SLACK_BOT_TOKEN": "", "TERM": "xterm"})


def test_proxies_are_dropped_in_both_cases() -> None:
    environment = {
        "HTTP_PROXY": "a", "https_proxy": "b", "All_Proxy": "c", "NO_PROXY": "d", "HOME": "e"
    }  # fmt: skip
    assert sorted(drop_proxies(environment)) == ["All_Proxy", "HTTP_PROXY", "https_proxy"]
    assert environment == {"NO_PROXY": "d", "HOME": "e"}
