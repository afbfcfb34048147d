"""What was put before people in Slack: messages, the newest first, and what became of each."""

from collections.abc import Iterable, Sequence

from bot.terminal.showing.insights import said
from bot.terminal.showing.listing import Json, Listing, Names, Wish
from bot.terminal.showing.values import value
from storage import showing
from storage.database import Tx
from storage.showing import Place, Put


async def _page(tx: Tx, wish: Wish, after: Put | None, most: int) -> Sequence[Put]:
    return await showing.put(
        tx,
        wish.workspace_id,
        person_id=wish.person_id,
        since=wish.since,
        after=after,
        most=most,
    )


def _needs(put: Put) -> tuple[Iterable[str | None], Iterable[Place]]:
    return [put.message.person_id, *(each.person_id for each in put.insights)], []


def _json(put: Put, names: Names) -> Json:
    message = put.message
    return {
        "id": message.id,
        "created_at": value(put.created_at),
        "kind": message.kind,
        **names.of(message.person_id),
        "addressee": message.addressee,
        "state": value(message.state),
        "sent_at": value(message.sent_at),
        "channel": message.channel,
        "ts": message.ts,
        "attempts": message.attempts,
        "error": message.error,
        "insights": [
            {"id": each.fingerprint, "message": said(each.message, each.person_id, names)}
            for each in put.insights
        ],
    }


def _cells(put: Put, names: Names) -> tuple[str, ...]:
    message = put.message
    words = [said(each.message, each.person_id, names) or "" for each in put.insights]
    return (
        names.when(put.created_at, message.person_id),
        names.who(message.person_id) or message.addressee,
        message.kind.replace("_", " "),
        " · ".join(words),
        message.state.value,
        names.when(message.sent_at, message.person_id),
        message.error or "",
    )


MESSAGES = Listing(
    days=30,
    page=_page,
    needs=_needs,
    json=_json,
    columns=("when", "to", "kind", "shows", "state", "sent", "error"),
    cells=_cells,
)
