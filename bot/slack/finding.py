"""Messages whose answer from Slack was lost: whether one stands there already.

Each carries its id as metadata (https://docs.slack.dev/messaging/message-metadata/), which only
the app sees.
"""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.faults import Means, fault
from storage.messages import Message

log = logging.getLogger(__name__)

HISTORY = "conversations.history"

#: What we call it that a message carries its id.
EVENT_TYPE = "coach_message"

#: The first look is at so many of the latest messages: some apps get no more at once, and once a
#: minute (https://docs.slack.dev/apis/web-api/rate-limits).
LATEST = 15

#: What was typed since may have pushed it further back: so many more at once, so often.
MORE, PAGES = 200, 5

#: It was tried after it was made, or so long before at most: one that was taken back is looked for
#: within hours, and may be made again meanwhile.
BEFORE = timedelta(days=1)


def marked(message: Message) -> dict[str, Any]:
    """The metadata of a message."""
    return {"event_type": EVENT_TYPE, "event_payload": {"id": message.id}}


def posted_at(ts: str) -> datetime:
    """When Slack has taken a message with this time stamp."""
    return datetime.fromtimestamp(float(ts), UTC)


async def copies(client: AsyncWebClient, channel: str, message: Message) -> list[str]:
    """The time stamps under which a message stands in its channel, the latest first.

    It is gone back to where it cannot stand yet. Nothing is found where we may not look
    (`im:history`). Raises what passes, as `fault` says.
    """
    wanted, found = marked(message), list[str]()
    try:
        async for page in _pages(client, channel):
            found += [str(each["ts"]) for each in page if each.get("metadata") == wanted]
            if page and _is_before(message, str(page[-1]["ts"])):
                break
    except SlackApiError as error:
        if fault(error).means is Means.AGAIN:
            raise
    return found


async def _pages(client: AsyncWebClient, channel: str) -> AsyncIterator[list[dict[str, Any]]]:
    cursor: str | None = None
    for number in range(PAGES + 1):
        try:
            answer = await client.conversations_history(
                channel=channel,
                limit=MORE if number else LATEST,
                cursor=cursor,
                include_all_metadata=True,
            )
        except SlackApiError as error:
            if number and fault(error).retry_after is not None:
                # To begin anew each time one may look again would never come to an end.
                log.warning("Slack shows no more than the latest messages of %s for now", channel)
                return
            raise
        yield answer.get("messages") or []
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return


def _is_before(message: Message, ts: str) -> bool:
    made = message.created_at
    return made is not None and posted_at(ts) < made - BEFORE
