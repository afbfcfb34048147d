"""The workspaces and the CRMs connected to them."""

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
from storage.tables.naming import metadata, where

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", String(64), primary_key=True),
    # Known from the first time the token was used.
    Column("team_id", String(32), unique=True),
    Column("name", Text, nullable=False, server_default=""),
    # The organisation of Enterprise Grid that the team is part of, if any.
    Column("enterprise_id", String(32)),
    # The Slack user who confirms links; found when first needed.
    Column("administrator", String(32)),
    # Why nothing can be sent to this workspace, in Slack's word; empty when all is well.
    Column("slack_error", Text),
    Column("slack_error_at", UtcDateTime),
    # Until when Slack wants to be asked about nobody here.
    Column("lookups_after", UtcDateTime),
    # When it is to be learned anew what is usual with this team.
    Column("learn_at", UtcDateTime),
    # Since when the app is gone from there, and from when on what is kept of it is deleted.
    Column("left_at", UtcDateTime),
    Column("delete_at", UtcDateTime),
    # What an administrator has switched on, with blanks between.
    Column("switched_on", Text, nullable=False, server_default=""),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_workspaces_learn_at", "learn_at"),
)

#: The app as Slack lets it into a team, or into an organisation of Enterprise Grid with all its
#: teams. Its workspaces are found by team and organisation.
installations = Table(
    "installations",
    metadata,
    Column("id", String(28), primary_key=True),
    Column("enterprise_id", String(32)),
    # Empty until Slack has said whose the token is, and for an organisation.
    Column("team_id", String(32)),
    Column("is_enterprise_install", Boolean, nullable=False, server_default=text("false")),
    # Encrypted.
    Column("bot_token", Text, nullable=False),
    Column("bot_user_id", String(32)),
    # As Slack writes them: separated by commas.
    Column("scopes", Text, nullable=False, server_default=""),
    Column("installed_at", UtcDateTime, nullable=False),
    # When Slack may be asked about it again, and how often that was done of late.
    Column("ask_after", UtcDateTime),
    Column("asks", Integer, nullable=False, server_default="0"),
    # Where the token ends: when, and (encrypted) by what it is renewed, which is good once. And
    # until when somebody has the turn to do that.
    Column("expires_at", UtcDateTime),
    Column("refresh_token", Text),
    Column("renewing_until", UtcDateTime),
    # The Slack user who has installed it, and when they were sent the first message.
    Column("installed_by", String(32)),
    Column("greeted_at", UtcDateTime),
    # When it is looked at (again) how far they are; empty when there is nothing more to be done.
    Column("steps_at", UtcDateTime),
    Index("ix_installations_team_id", "team_id", unique=True, **where("NOT is_enterprise_install")),
    Index(
        "ix_installations_enterprise_id",
        "enterprise_id",
        unique=True,
        **where("is_enterprise_install"),
    ),
)

#: Installations that a browser was sent to Slack for. What stands in addresses and cookies is kept
#: as its SHA-256 only.
install_states = Table(
    "install_states",
    metadata,
    Column("state_hash", String(64), primary_key=True),
    Column("browser_hash", String(64), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_install_states_expires_at", "expires_at"),
)

connections = Table(
    "connections",
    metadata,
    Column("workspace_id", String(64)),
    Column("id", String(64)),
    Column("provider", String(32), nullable=False),
    # SHA-256 of the token in the webhook's address: the token itself is kept encrypted only.
    Column("token_hash", String(64), nullable=False, unique=True),
    # What the vendor calls the account, where it has told.
    Column("account_id", Text),
    # What people call the account.
    Column("name", Text),
    # Encrypted JSON: {"token", "secrets": [newest first], "bearer", "access": {name: value},
    # "subscription": [ids]}.
    Column("secrets", Text, nullable=False),
    Column("callback_url", Text),
    # Until when the vendor asked to be left alone, and in which words.
    Column("paused_until", UtcDateTime),
    Column("pause_reason", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_delivery_at", UtcDateTime),
    # When the vendor is to be asked again how its webhooks stand; what was wrong last and since
    # when, whether that is mended, and whether the administrator has been told how it is by now.
    Column("look_at", UtcDateTime),
    Column("trouble", Text),
    Column("trouble_at", UtcDateTime),
    Column("mended", Boolean, nullable=False, server_default=text("false")),
    Column("trouble_told", Boolean, nullable=False, server_default=text("false")),
    # When something was last found by looking that no webhook had told of.
    Column("missed_at", UtcDateTime),
    # Until when somebody has the turn to renew what calls are authorized with.
    Column("renewing_until", UtcDateTime),
    # When the administrator is to be told (again) how far it is taken over; and since when there
    # was anything to tell, which names the message.
    Column("progress_at", UtcDateTime),
    Column("progress_since", UtcDateTime),
    # What first contact has shown: when the first request came whose signature was right, and when
    # the first answer to a look-up could be read.
    Column("first_delivery_at", UtcDateTime),
    Column("first_answer_at", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
    Index("ix_connections_account_id", "provider", "account_id", **where("account_id IS NOT NULL")),
)

#: Access to an account that somebody was asked to grant in their browser. What stands in addresses
#: and cookies is kept as its SHA-256 only.
grants = Table(
    "grants",
    metadata,
    Column("workspace_id", String(64)),
    # By the link with which it begins.
    Column("link_hash", String(64), nullable=False, unique=True),
    # Of the connection it is for, which there may be none of yet.
    Column("connection_id", String(64), nullable=False),
    Column("provider", String(32), nullable=False),
    # Encrypted JSON: {"client": {name: value}, "verifier", "api_url"}.
    Column("secrets", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    # The browser that opened the link; no other may go on.
    Column("browser_hash", String(64)),
    # With what the vendor is to send it back, and when it came back with that.
    Column("state_hash", String(64), unique=True),
    Column("came_back_at", UtcDateTime),
    # Whether the account is linked, and in a sentence what came of it last.
    Column("linked", Boolean, nullable=False, server_default=text("false")),
    Column("outcome", Text),
    PrimaryKeyConstraint("workspace_id", "link_hash"),
    ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
    Index("ix_grants_expires_at", "expires_at"),
)

#: Who administers the coach in a workspace besides its owner, or whom the operator has named.
administrators = Table(
    "administrators",
    metadata,
    Column("workspace_id", String(64)),
    Column("slack_user_id", String(32)),
    # Who has said so.
    Column("added_by", String(32), nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workspace_id", "slack_user_id"),
    ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
)
