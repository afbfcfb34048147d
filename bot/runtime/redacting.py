"""Logs without secrets."""

import logging
import re

#: Slack tokens, signing secrets of webhooks, and tokens in webhook addresses.
_SECRET = re.compile(r"(xox[a-z]-|xoxe[.-]|xapp-|whsec_|/webhooks/\w+/)[\w./+=-]{4,}")


def redacted(text: str) -> str:
    """The text with every secret cut off after its first characters."""
    return _SECRET.sub(r"\1…", text)


class Redacting(logging.Formatter):
    """A formatter whose lines, tracebacks included, hold no secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, or more with a traceback."""
        return redacted(super().format(record))


def _is_news(record: logging.LogRecord) -> bool:
    return "`token`" not in str(record.msg)


def quiet_logs(level: str) -> None:
    """Our own lines at `level`, those of libraries only from warnings on."""
    handler = logging.StreamHandler()
    handler.setFormatter(Redacting("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    # Bolt finds the token in the environment by itself and warns that it does not use it.
    logging.getLogger("slack_bolt.AsyncApp").addFilter(_is_news)
    # Slack's client asks its own logger alone, and writes out every call for lines nobody sees.
    logging.getLogger("slack_sdk.web.async_base_client").setLevel(logging.WARNING)
    for name in ("bot", "coach", "storage"):
        logging.getLogger(name).setLevel(level)
