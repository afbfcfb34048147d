"""Every table; each key leads with the workspace, so that many teams can share a database."""

from storage.tables.accounts import (
    administrators,
    connections,
    grants,
    install_states,
    installations,
    workspaces,
)
from storage.tables.checks import (
    FAULTY_CHECK,
    FAULTY_ROUND,
    OLD_CHECK,
    UNFINISHED_PLAN,
    WAITING_ROUND,
    check_plans,
    checks,
    rounds,
)
from storage.tables.coaching import (
    MARKED_SUBJECT,
    OPEN_INSIGHT,
    PUT_OFF,
    WAITING_MESSAGE,
    decisions,
    insight_subjects,
    insights,
    message_insights,
    messages,
)
from storage.tables.crm import fetches, remote_ids, stages, usual
from storage.tables.intake import (
    PENDING_LARGE,
    PENDING_SMALL,
    activities,
    deliveries,
    event_keys,
)
from storage.tables.naming import metadata
from storage.tables.patterns import pattern_turns, patterns
from storage.tables.persons import link_requests, mutes, owners, people
from storage.tables.rights import exports
from storage.tables.team import team_channels, team_wins
from storage.tables.things import (
    DECIDED_DEAL,
    OPEN_DEAL,
    PENDING_TASK,
    contacts,
    contacts_made,
    deals,
    stage_visits,
    tasks,
)
from storage.tables.work import crm_writes

__all__ = [
    "DECIDED_DEAL",
    "FAULTY_CHECK",
    "FAULTY_ROUND",
    "MARKED_SUBJECT",
    "OLD_CHECK",
    "OPEN_DEAL",
    "OPEN_INSIGHT",
    "PENDING_LARGE",
    "PENDING_SMALL",
    "PENDING_TASK",
    "PUT_OFF",
    "UNFINISHED_PLAN",
    "WAITING_MESSAGE",
    "WAITING_ROUND",
    "activities",
    "administrators",
    "check_plans",
    "checks",
    "connections",
    "contacts",
    "contacts_made",
    "crm_writes",
    "deals",
    "decisions",
    "deliveries",
    "event_keys",
    "exports",
    "fetches",
    "grants",
    "insight_subjects",
    "insights",
    "install_states",
    "installations",
    "link_requests",
    "message_insights",
    "messages",
    "metadata",
    "mutes",
    "owners",
    "pattern_turns",
    "patterns",
    "people",
    "remote_ids",
    "rounds",
    "stage_visits",
    "stages",
    "tasks",
    "team_channels",
    "team_wins",
    "usual",
    "workspaces",
]
