"""No secret reaches a log, not even in a traceback."""

import io
import logging

import pytest

from bot.runtime.redacting import Redacting, quiet_logs, redacted

# Put together here, so that nobody's scanner takes them for real ones.
SECRETS = [
    "xoxb" + "-1234567890-abcdefghij",
    "xoxe" + ".xoxp-1-abcdefghij",
    "xapp" + "-1-A1-1234-abcdef",
    "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZg==",
    "https://coach.example/webhooks/native/" + "a-very-secret-token",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_cut_off_and_the_rest_stays(secret: str) -> None:
    line = redacted(f"posting with {secret} failed")
    assert secret not in line
    assert secret[-8:] not in line
    assert line.startswith("posting with ")
    assert line.endswith(" failed")


def test_what_is_no_secret_stays_as_it_is() -> None:
    line = "sent referral_ask to U01ANA: whsec is a prefix, /webhooks/native is a path"
    assert redacted(line) == line


def test_a_traceback_holds_no_secret_either() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Redacting("%(message)s"))
    logger = logging.getLogger("of a test")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        raise ValueError(f"the token {SECRETS[0]} is wrong")
    except ValueError:
        logger.exception("failed with %s", SECRETS[1])
    assert "Traceback" in stream.getvalue()
    for secret in SECRETS[:2]:
        assert secret[-8:] not in stream.getvalue()


def test_our_own_lines_are_told_at_the_level_and_those_of_others_from_warnings_on() -> None:
    root = logging.getLogger()
    kept = root.handlers[:], root.level, [(n, logging.getLogger(n).level) for n in ("bot", "coach")]
    try:
        quiet_logs("INFO")
        assert logging.getLogger("bot.slack.sender").isEnabledFor(logging.INFO)
        assert not logging.getLogger("bot.slack.sender").isEnabledFor(logging.DEBUG)
        assert not logging.getLogger("slack_bolt").isEnabledFor(logging.INFO)
        assert isinstance(root.handlers[0].formatter, Redacting)
    finally:
        root.handlers, level, levels = kept
        root.setLevel(level)
        for name, each in levels:
            logging.getLogger(name).setLevel(each)
        logging.getLogger("storage").setLevel(logging.NOTSET)
