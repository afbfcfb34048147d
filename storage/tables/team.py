"""What a team is told together, in a channel that an administrator has chosen."""

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
    text,
)

from storage.columns import UtcDateTime
from storage.tables.naming import metadata

#: The channel, and what is told there.
team_channels = Table(
    "team_channels",
    metadata,
    Column("workspace_id", String(64)),
    Column("channel", String(32), nullable=False),
    # Whether won deals are told, and the week's figures; and whether with amounts.
    Column("wins", Boolean, nullable=False),
    Column("figures", Boolean, nullable=False),
    Column("amounts", Boolean, nullable=False),
    # The Slack user whose hours and time zone are the team's here.
    Column("chosen_by", String(32), nullable=False),
    Column("chosen_at", UtcDateTime, nullable=False),
    # When the figures of the week before are to be told; empty while they are not.
    Column("figures_at", UtcDateTime),
    # How many people were active in the last week whose figures were not told, being too few.
    Column("too_few", Integer),
    # Why nothing can be told there any more, in Slack's word, and whether administrators know.
    Column("trouble", Text),
    Column("trouble_told", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("workspace_id"),
    ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
    Index("ix_team_channels_figures_at", "figures_at"),
)

#: Deals that were won of late, and the message that tells of each.
team_wins = Table(
    "team_wins",
    metadata,
    Column("workspace_id", String(64)),
    Column("connection_id", String(64)),
    Column("deal_id", Text),
    # When it was won, or where the hour of that is not known, when we were told.
    Column("told_at", UtcDateTime, nullable=False),
    # When it is to be looked at next: to be told, to be told otherwise, and at last to be let go.
    Column("due_at", UtcDateTime, nullable=False),
    # Empty until it is told.
    Column("message_id", String(96)),
    PrimaryKeyConstraint("workspace_id", "connection_id", "deal_id"),
    ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
    Index("ix_team_wins_due_at", "due_at"),
)
