"""Two people who are found to be one: everything of one becomes the other's."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Table, and_, bindparam, delete, exists, func, select, update

from coach.models import MessageState
from storage import rounds
from storage.database import Tx
from storage.people import load
from storage.tables import messages, metadata, people

#: Everything that belongs to a person. Each of these tables has an index that leads with the
#: workspace and the person, so that one person's part is found without reading the rest.
OF_A_PERSON: tuple[Table, ...] = tuple(
    table for table in metadata.sorted_tables if "person_id" in table.c
)


async def merge(tx: Tx, workspace_id: str, gone: str, into: str) -> None:
    """Make two people one: everything of `gone` becomes `into`'s, whose settings stay."""
    if gone != into:
        await merge_all(tx, workspace_id, {gone: into})


async def merge_all(tx: Tx, workspace_id: str, joined: Mapping[str, str]) -> None:
    """The same for several at once: who is to go -> who they are."""
    if not joined:
        return
    await rounds.hold(tx, workspace_id, {*joined, *joined.values()})
    pairs = [{"gone": gone, "stays": into} for gone, into in sorted(joined.items())]
    for table in OF_A_PERSON:
        of_gone = (table.c.workspace_id == workspace_id) & (table.c.person_id == bindparam("gone"))
        if "person_id" in table.primary_key.columns:
            # What both have is kept once.
            other = table.alias()
            same = and_(
                *(
                    other.c[column.name] == column
                    for column in table.primary_key
                    if column.name != "person_id"
                ),
                other.c.person_id == bindparam("stays"),
            )
            await tx.execute(delete(table).where(of_gone, exists().where(same)), pairs)
        await tx.execute(update(table).where(of_gone).values(person_id=bindparam("stays")), pairs)
    await _take_over(tx, workspace_id, joined)
    await _redirect(tx, workspace_id, pairs)
    await tx.execute(
        delete(people).where(
            people.c.workspace_id == workspace_id, people.c.id == bindparam("gone")
        ),
        pairs,
    )


async def _redirect(tx: Tx, workspace_id: str, pairs: Sequence[Mapping[str, str]]) -> None:
    """What those who stay have not got yet goes where they are; what is next is decided anew."""
    stays = (people.c.workspace_id == workspace_id) & (people.c.id == bindparam("stays"))
    # Some time in the past is as good as now.
    at_once = func.coalesce(people.c.decide_at, people.c.created_at)
    await tx.execute(update(people).where(stays).values(decide_at=at_once), pairs)
    user = select(people.c.slack_user_id).where(stays).scalar_subquery()
    await tx.execute(
        update(messages)
        .where(
            messages.c.workspace_id == workspace_id,
            messages.c.person_id == bindparam("stays"),
            messages.c.state.in_([MessageState.DUE.value, MessageState.WITHDRAWN.value]),
            # What they have written is for somebody else.
            messages.c.kind != "feedback",
        )
        .values(addressee=func.coalesce(user, messages.c.addressee)),
        pairs,
    )


async def _take_over(tx: Tx, workspace_id: str, joined: Mapping[str, str]) -> None:
    """What was known of those who go and is not of those who stay: an address to look up."""
    known = await load(tx, workspace_id, {*joined, *joined.values()})
    rows = [
        {"stays": into, "address": known[gone].email}
        for gone, into in sorted(joined.items())
        if gone in known and into in known and known[gone].email and not known[into].email
    ]
    if rows:
        await tx.execute(
            update(people)
            .where(people.c.workspace_id == workspace_id, people.c.id == bindparam("stays"))
            .values(
                email=bindparam("address"),
                lookup_after=func.coalesce(people.c.lookup_after, people.c.created_at),
            ),
            rows,
        )
