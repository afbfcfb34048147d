"""What is known of the CRMs themselves, and what is to be asked of them."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from storage.columns import Json, Money, UtcDateTime
from storage.tables.naming import metadata, where

#: The stages of deals: what the CRM lists, and what was seen as deals came through them.
stages = Table(
    "stages",
    metadata,
    Column("workspace_id", String(64)),
    Column("connection_id", String(64)),
    Column("pipeline", Text),
    # What the CRM calls it in events; of one that was only seen, its name.
    Column("id", Text),
    Column("name", Text, nullable=False),
    # Whether it is in the CRM's own list, and where from the left.
    Column("told", Boolean, nullable=False),
    Column("place", Integer),
    # open, won or lost; empty where the CRM does not say
    Column("meaning", String(8)),
    Column("probability", Money),
    # Deals that came here, and the sum of how many stages each had been in by then.
    Column("visits", Integer, nullable=False, server_default="0"),
    Column("places", Integer, nullable=False, server_default="0"),
    # How often a deal here was said to be open, won or lost.
    Column("told_open", Integer, nullable=False, server_default="0"),
    Column("told_won", Integer, nullable=False, server_default="0"),
    Column("told_lost", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("workspace_id", "connection_id", "pipeline", "id"),
    Index("ix_stages_name", "workspace_id", "connection_id", "name"),
)

#: What a CRM calls the things that the coach has made there.
remote_ids = Table(
    "remote_ids",
    metadata,
    Column("workspace_id", String(64)),
    Column("connection_id", String(64)),
    Column("kind", String(16)),
    Column("remote_id", Text),
    Column("id", Text, nullable=False),
    PrimaryKeyConstraint("workspace_id", "connection_id", "kind", "remote_id"),
    Index("ix_remote_ids_id", "workspace_id", "connection_id", "kind", "id", unique=True),
)

#: What is to be looked up at vendors: things that a webhook only named, pages of history, stages.
fetches = Table(
    "fetches",
    metadata,
    Column("workspace_id", String(64)),
    Column("connection_id", String(64)),
    # thing, history, stages or owners
    Column("want", String(16)),
    # Which sort of thing, and which one, in the provider's words.
    Column("kind", Text),
    Column("id", Text),
    # Of what comes in pages: where the next one begins.
    Column("cursor", Text, nullable=False),
    # What the provider will want to know when it reads the answer.
    Column("hints", Json, nullable=False),
    # waiting, failed, or aside: failed, and to be left alone until it is asked for again; or read,
    # as all of a kind is once: what else was answered is gone from here
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", UtcDateTime, nullable=False),
    Column("leased_until", UtcDateTime),
    Column("fence", Integer, nullable=False, server_default="0"),
    # How often it was asked for: an answer under way when it is asked for again may be too old.
    Column("wishes", Integer, nullable=False, server_default="1"),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    # Of what comes in pages: when its first page was asked for, how many things its pages have
    # brought, when the last one was read whole, and since when changes are asked for, if not all.
    Column("began_at", UtcDateTime),
    Column("brought", Integer, nullable=False, server_default="0"),
    Column("read_at", UtcDateTime),
    Column("since", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "connection_id", "want", "kind", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "connection_id"],
        ["connections.workspace_id", "connections.id"],
        ondelete="CASCADE",
    ),
    Index("ix_fetches_waiting", "not_before", **where("state = 'waiting'")),
)

#: What is usual with a team, learned from its own history.
usual = Table(
    "usual",
    metadata,
    Column("workspace_id", String(64)),
    # stay: how many days its won deals were in a stage; answer: how many minutes of working time it
    # took until its won leads were first contacted
    Column("what", String(16)),
    # Which stage, of which pipeline, if any; empty for what is of none.
    Column("connection_id", String(64)),
    Column("pipeline", Text),
    Column("stage", Text),
    # Nine of ten took so long at most, and how many that was learned from.
    Column("amount", Integer, nullable=False),
    Column("cases", Integer, nullable=False),
    Column("learned_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workspace_id", "what", "connection_id", "pipeline", "stage"),
    ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
)
