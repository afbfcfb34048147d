"""Who is coached, and which owner of a CRM they are."""

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
    UniqueConstraint,
    text,
)

from storage.columns import UtcDateTime
from storage.tables.naming import metadata, where

people = Table(
    "people",
    metadata,
    Column("workspace_id", String(64)),
    Column("id", String(28)),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("slack_user_id", String(32)),
    Column("time_zone", String(64)),
    Column("locale", String(35)),
    # When Slack may be asked (again) who this is; empty when there is nothing to ask by.
    Column("lookup_after", UtcDateTime),
    Column("enrolment", String(16), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("level", Integer, nullable=False),
    Column("stale_lead_days", Integer),
    Column("stuck_deal_days", Integer),
    Column("working_days", String(7), nullable=False),
    # Times of day are minutes after midnight, on the person's own clock.
    Column("work_from", Integer, nullable=False, server_default="540"),
    Column("work_until", Integer, nullable=False, server_default="1080"),
    Column("holidays", String(8)),
    Column("brief", Boolean, nullable=False, server_default=text("true")),
    Column("brief_at", Integer),
    # off, daily or weekly
    Column("digest", String(8), nullable=False, server_default="weekly"),
    Column("digest_at", Integer),
    Column("daily_cap", Integer),
    # Rules that are off until somebody wants them and that they have switched on, with blanks
    # between.
    Column("also", Text, nullable=False, server_default=""),
    # Whether the team's channel may name them when they win a deal.
    Column("named", Boolean, nullable=False, server_default=text("false")),
    Column("began_at", UtcDateTime),
    Column("paused_until", UtcDateTime),
    # Until when Slack is not to disturb them, and when it was asked.
    Column("dnd_until", UtcDateTime),
    Column("dnd_asked_at", UtcDateTime),
    Column("brief_made_at", UtcDateTime),
    Column("digest_made_at", UtcDateTime),
    # Since when a backlog waits to be told of, and when one was told of last.
    Column("backlog_at", UtcDateTime),
    Column("backlog_made_at", UtcDateTime),
    # When attention must decide about their insights (again); empty when there is nothing to.
    Column("decide_at", UtcDateTime),
    # When they last opened the Home tab, which is kept true for them from then on.
    Column("home_seen_at", UtcDateTime),
    # Since when it is to be drawn again, because something on it has changed.
    Column("home_due_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "slack_user_id"),
    ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
    Index("ix_people_decide_at", "decide_at", **where("decide_at IS NOT NULL")),
    Index("ix_people_home_due_at", "home_due_at", **where("home_due_at IS NOT NULL")),
    Index("ix_people_lookup_after", "lookup_after", **where("lookup_after IS NOT NULL")),
)

#: Which person an owner named by a CRM is. Several people may bear one name; whatever else owners
#: are known by is one person's.
owners = Table(
    "owners",
    metadata,
    Column("workspace_id", String(64)),
    # The connection that an id or a name holds in; empty for an address, which holds in all.
    Column("connection_id", String(64)),
    # email:…, id:… or name:…
    Column("owner_key", Text),
    Column("person_id", String(28)),
    # Of a name: said alone it means this person, as somebody who may say so has said.
    Column("chosen", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("workspace_id", "connection_id", "owner_key", "person_id"),
    ForeignKeyConstraint(
        ["workspace_id", "person_id"], ["people.workspace_id", "people.id"], ondelete="CASCADE"
    ),
    Index("ix_owners_person_id", "workspace_id", "person_id"),
    Index(
        "ix_owners_sure",
        "workspace_id",
        "connection_id",
        "owner_key",
        unique=True,
        **where("substr(owner_key, 1, 5) <> 'name:'"),
    ),
)

#: What a person wants to hear nothing of: a kind of advice, or all about one thing.
mutes = Table(
    "mutes",
    metadata,
    Column("workspace_id", String(64)),
    Column("person_id", String(28)),
    # `rule:stuck_deals`, or the key of a deal, contact or task.
    Column("what", Text),
    # What the thing is called, for the list of what is muted; a kind is called by its rule.
    Column("name", Text, nullable=False),
    # Until when; empty: for good.
    Column("until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workspace_id", "person_id", "what"),
    ForeignKeyConstraint(
        ["workspace_id", "person_id"], ["people.workspace_id", "people.id"], ondelete="CASCADE"
    ),
    Index("ix_mutes_until", "until", **where("until IS NOT NULL")),
    sqlite_with_rowid=False,
)

link_requests = Table(
    "link_requests",
    metadata,
    Column("workspace_id", String(64)),
    Column("id", String(28)),
    Column("person_id", String(28), nullable=False),
    # The key of the owner they say they are, as in `owners`.
    Column("connection_id", String(64), nullable=False, server_default=""),
    Column("owner_key", Text, nullable=False),
    # asked, confirmed or refused
    Column("state", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("decided_by", String(32)),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "person_id"], ["people.workspace_id", "people.id"], ondelete="CASCADE"
    ),
    Index("ix_link_requests_person_id", "workspace_id", "person_id"),
)
