"""Work under way: changes for CRMs, and turns of jobs."""

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from storage.columns import SaidText, UtcDateTime
from storage.tables.naming import metadata, where

#: Changes made in Slack, on their way to the CRM.
crm_writes = Table(
    "crm_writes",
    metadata,
    Column("workspace_id", String(64)),
    Column("key", Text),
    Column("fingerprint", String(32), nullable=False),
    Column("connection_id", String(64), nullable=False),
    Column("subject_id", Text, nullable=False),
    # What was done, as the card says it.
    Column("words", SaidText, nullable=False),
    # The request's body; empty when the connection has nowhere to send it.
    Column("body", Text),
    # local (nowhere to send), queued, done or failed
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", UtcDateTime),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "key"),
    Index("ix_crm_writes_fingerprint", "workspace_id", "fingerprint"),
    Index("ix_crm_writes_queued", "not_before", **where("state = 'queued'")),
)

#: The last slot each job ran in, over all processes.
job_slots = Table(
    "job_slots",
    metadata,
    Column("job", String(32), primary_key=True),
    Column("slot", UtcDateTime, nullable=False),
)
