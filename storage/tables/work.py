"""Work under way: changes for CRMs."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from storage.columns import Json, SaidText, UtcDateTime
from storage.tables.naming import metadata, where

#: Changes made in Slack, on their way to the CRM.
crm_writes = Table(
    "crm_writes",
    metadata,
    Column("workspace_id", String(64)),
    Column("key", Text),
    Column("fingerprint", String(32), nullable=False),
    Column("connection_id", String(64), nullable=False),
    # Who did it; empty for what was done before this was kept.
    Column("person_id", String(28)),
    # What it changes: the kind of thing, and the id the coach knows it by.
    Column("subject_kind", String(16), nullable=False),
    Column("subject_id", Text, nullable=False),
    # The changes to one thing in the order in which they were made.
    Column("turn", Integer, nullable=False),
    # What was done, as the card says it.
    Column("words", SaidText, nullable=False),
    # The change itself, as `coach.writes` has it; it becomes a request when it is sent.
    Column("write", Json, nullable=False),
    # How what it changes was before, as far as it changes it.
    Column("before", Json),
    # When its person took it back; so it is with what takes another one back, from the beginning.
    Column("undone_at", UtcDateTime),
    # local (nowhere to send), queued, done, failed, by_hand (it failed, and its person has made it
    # there), refused by the CRM, or withdrawn: taken back before it was sent
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", UtcDateTime),
    # Who sends it now has it until then, by the database's clock, and knows it by this number.
    Column("leased_until", UtcDateTime),
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    # Of one that was given up: whether nobody knows if the CRM has it, as its answer was lost; and
    # the message that tells its person, also that the CRM has it after all.
    Column("in_doubt", Boolean, nullable=False, server_default=text("false")),
    Column("told_in", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "key"),
    Index("ix_crm_writes_fingerprint", "workspace_id", "fingerprint"),
    Index("ix_crm_writes_queued", "not_before", **where("state = 'queued'")),
    Index("ix_crm_writes_person_id", "workspace_id", "person_id"),
    Index(
        "ix_crm_writes_turn", "workspace_id", "connection_id", "subject_kind", "subject_id", "turn"
    ),
)
