"""What a message of the team's channel says of won deals, line by line, and with whose name.

Each line knows its deal and whom it names. So a line stands when its deal is not followed any more,
and the name can be taken out of it all the same.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from coach.models import Deal, DealStatus, Ref
from coach.phrases import Money, Phrase, Value, from_json, say, to_json
from storage import messages, people
from storage.database import Tx
from storage.team_wins import KIND


class Line(NamedTuple):
    """What is said of one deal, as it is kept."""

    ref: Ref
    said: dict[str, Any]
    #: Whom it names.
    person_id: str | None = None


def lines(params: Mapping[str, Any]) -> list[Line]:
    """The lines that a message keeps."""
    return [
        Line(Ref(connection_id, id), said, person_id)
        for (connection_id, id, person_id), said in zip(params["of"], params["said"], strict=True)
    ]


def kept(lines: Collection[Line]) -> dict[str, Any]:
    """Lines as a message keeps them."""
    return {
        "said": [each.said for each in lines],
        "of": [[each.ref.connection_id, each.ref.id, each.person_id] for each in lines],
    }


def stands(deal: Deal | None) -> bool:
    """Whether a deal is won."""
    return deal is not None and deal.status is DealStatus.WON and not deal.deleted


async def named_of(tx: Tx, workspace_id: str, ids: Collection[str | None]) -> Mapping[str, str]:
    """The names of those who want to be named."""
    known = await people.load(tx, workspace_id, {each for each in ids if each})
    return {id: each.name for id, each in known.items() if each.is_named and each.name}


def new(ref: Ref, deal: Deal, named: Mapping[str, str], *, amounts: bool) -> Line:
    """What is to be said of a deal."""
    who = named.get(deal.person_id or "")
    amount = Money(deal.value, deal.currency) if amounts and deal.value else None
    return Line(ref, to_json(_won(who, deal.thing, amount)), deal.person_id if who else None)


def again(line: Line, named: Mapping[str, str], *, amounts: bool) -> Line:
    """What was said of a deal that is not followed any more: it stands, without what is hidden."""
    names = line.person_id in named if line.person_id else True
    values = from_json(line.said).values
    if names and (amounts or "amount" not in values):
        return line
    said = _won(
        values.get("who") if names else None,
        values["deal"],
        values.get("amount") if amounts else None,
    )
    return Line(line.ref, to_json(said), line.person_id if names else None)


def _won(who: Value | None, deal: Value, amount: Value | None) -> Phrase:
    if who is not None and amount is not None:
        return say("{who} has won {deal}: {amount}.", who=who, deal=deal, amount=amount)
    if who is not None:
        return say("{who} has won {deal}.", who=who, deal=deal)
    if amount is not None:
        return say("{deal} is won: {amount}.", deal=deal, amount=amount)
    return say("{deal} is won.", deal=deal)


async def unname(tx: Tx, workspace_id: str) -> None:
    """Take the names out that nobody wants told any more, of messages that are not followed too."""
    for message in await messages.of_kind(tx, workspace_id, KIND):
        its = lines(message.params)
        named = await named_of(tx, workspace_id, {each.person_id for each in its})
        anew = [again(each, named, amounts=True) for each in its]
        if anew != its:
            await messages.redraw(tx, workspace_id, message.id, {**message.params, **kept(anew)})
