"""Slots: of several processes, one runs each turn of a job."""

from datetime import datetime

from sqlalchemy import update

from storage.database import Tx, insert
from storage.tables import job_slots


async def claim(tx: Tx, job: str, slot: datetime) -> bool:
    """Whether this process is the one to run the job's turn at `slot`."""
    await tx.execute(
        insert(tx, job_slots)
        .values(job=job, slot=datetime.fromtimestamp(0, tz=slot.tzinfo))
        .on_conflict_do_nothing(index_elements=["job"])
    )
    result = await tx.execute(
        update(job_slots)
        .where(job_slots.c.job == job, job_slots.c.slot < slot)
        .values(slot=slot)
        .returning(job_slots.c.job)
    )
    return result.first() is not None
