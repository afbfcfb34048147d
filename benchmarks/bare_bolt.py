"""The reference for the buttons: Bolt as it comes, with a listener that only acknowledges."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from benchmarks import team
from benchmarks.processes import serve


def application() -> Any:
    """An ASGI app around Bolt that does no more than hand it the request."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, bot_token=team.BOT_TOKEN
        )

    bolt = AsyncApp(
        # A client, so that none is made with the token in the environment.
        client=AsyncWebClient(),
        signing_secret=team.SIGNING_SECRET,
        authorize=authorize,
        process_before_response=True,
    )

    @bolt.action("insight:take")
    @bolt.action("insight:dismiss")
    async def empty(ack: AsyncAck) -> None:
        await ack()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        request = AsyncBoltRequest(body=body.decode(), query="", headers=headers)
        response = await bolt.async_dispatch(request)
        content = response.body.encode()
        sent = [(b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": response.status, "headers": sent})
        await send({"type": "http.response.body", "body": content})

    return app


if __name__ == "__main__":
    serve(application(), lifespan=False)
