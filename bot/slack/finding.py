"""Messages whose answer from Slack was lost: whether one stands there already.

Each carries its id as metadata (https://docs.slack.dev/messaging/message-metadata/), which only
the app sees.
"""

from datetime import UTC, datetime
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.faults import Means, fault
from storage.messages import Message

HISTORY = "conversations.history"

#: What we call it that a message carries its id.
EVENT_TYPE = "coach_message"

#: Of so many of the latest messages one is looked for: nothing else is sent to somebody meanwhile,
#: but they may write, and what they type is answered. Some apps get no more at once
#: (https://docs.slack.dev/apis/web-api/rate-limits).
LATEST = 15


def marked(message: Message) -> dict[str, Any]:
    """The metadata of a message."""
    return {"event_type": EVENT_TYPE, "event_payload": {"id": message.id}}


def posted_at(ts: str) -> datetime:
    """When Slack has taken a message with this time stamp."""
    return datetime.fromtimestamp(float(ts), UTC)


async def copies(client: AsyncWebClient, channel: str, message: Message) -> list[str]:
    """The time stamps under which a message stands in its channel, the latest first.

    Nothing is found where we may not look (`im:history`). Raises what passes, as `fault` says.
    """
    try:
        answer = await client.conversations_history(
            channel=channel, limit=LATEST, include_all_metadata=True
        )
    except SlackApiError as error:
        if fault(error).means is Means.AGAIN:
            raise
        return []
    wanted = marked(message)
    listed = answer.get("messages") or []
    return [str(each["ts"]) for each in listed if each.get("metadata") == wanted]
