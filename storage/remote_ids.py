"""What a CRM calls the things that the coach has made there."""

from collections.abc import Collection

from sqlalchemy import select

from coach.models import SubjectKind
from storage.database import Tx, chunks, insert
from storage.tables import remote_ids


async def tie(
    tx: Tx, workspace_id: str, connection_id: str, kind: SubjectKind, id: str, remote_id: str
) -> bool:
    """Note what the CRM calls a thing of ours; says whether that is new."""
    result = await tx.execute(
        insert(tx, remote_ids)
        .values(
            workspace_id=workspace_id,
            connection_id=connection_id,
            kind=kind.value,
            id=id,
            remote_id=remote_id,
        )
        .on_conflict_do_nothing()
        .returning(remote_ids.c.id)
    )
    return result.first() is not None


async def ours(
    tx: Tx, workspace_id: str, connection_id: str, kind: SubjectKind, named: Collection[str]
) -> dict[str, str]:
    """Our ids of those among `named` that the CRM calls so: its id -> ours."""
    found: dict[str, str] = {}
    for piece in chunks(sorted(named)):
        query = select(remote_ids.c.remote_id, remote_ids.c.id).where(
            remote_ids.c.workspace_id == workspace_id,
            remote_ids.c.connection_id == connection_id,
            remote_ids.c.kind == kind.value,
            remote_ids.c.remote_id.in_(piece),
        )
        found.update({row[0]: row[1] for row in await tx.execute(query)})
    return found


async def theirs(
    tx: Tx, workspace_id: str, connection_id: str, kind: SubjectKind, ids: Collection[str]
) -> dict[str, str]:
    """What the CRM calls those among `ids` that we made: our id -> its."""
    found: dict[str, str] = {}
    for piece in chunks(sorted(ids)):
        query = select(remote_ids.c.id, remote_ids.c.remote_id).where(
            remote_ids.c.workspace_id == workspace_id,
            remote_ids.c.connection_id == connection_id,
            remote_ids.c.kind == kind.value,
            remote_ids.c.id.in_(piece),
        )
        found.update({row[0]: row[1] for row in await tx.execute(query)})
    return found
