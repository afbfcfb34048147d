"""How a message is posted, whoever does it."""

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack import finding
from bot.slack.blocks.pieces import Blocks
from storage.messages import Message


async def post(
    client: AsyncWebClient, message: Message, text: str, blocks: Blocks
) -> AsyncSlackResponse:
    """Post it to its addressee, marked so that it can be found. Raises what the client raises."""
    # What stands in it may be a CRM's: nothing of it is formatted or unfolded.
    return await client.chat_postMessage(
        channel=message.addressee,
        text=text,
        blocks=blocks,
        mrkdwn=False,
        unfurl_links=False,
        unfurl_media=False,
        metadata=finding.marked(message),
    )
