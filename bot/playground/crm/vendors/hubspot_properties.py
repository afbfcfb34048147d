"""Which properties HubSpot's objects have for what is known of a thing."""

from typing import Any

from bot.playground.crm.vendors.standin import CONTACT, DEAL, TASK, Facts

#: Which property holds a fact.
PROPERTIES = {
    DEAL: {
        "title": "dealname", "stage": "dealstage", "value": "amount", "owner": "hubspot_owner_id",
    },
    CONTACT: {
        "name": "lastname", "email": "email", "status": "lifecyclestage",
        "owner": "hubspot_owner_id",
    },
    TASK: {
        "title": "hs_task_subject", "done": "hs_task_status", "due_date": "hs_timestamp",
        "owner": "hubspot_owner_id",
    },
}  # fmt: skip

_LIVES = {"LEAD": "lead", "PROSPECT": "opportunity", "CUSTOMER": "customer"}


def properties_of(kind: str, facts: Facts) -> dict[str, Any]:
    """All of them but whose it is and its stage, which have ids of HubSpot's own."""
    if kind == DEAL:
        return {
            "dealname": facts["title"],
            "pipeline": "default",
            "amount": facts["value"],
            "deal_currency_code": facts["currency"],
            "closedate": facts["closed_at"],
            "createdate": facts["created_at"],
        }
    if kind == CONTACT:
        first, _, last = facts["name"].partition(" ")
        return {
            "firstname": first,
            "lastname": last,
            "email": facts["email"],
            "lifecyclestage": _LIVES.get(facts["status"]),
            "createdate": facts["created_at"],
            "notes_last_contacted": facts["last_contacted_at"],
        }
    due = facts["due_date"]
    return {
        "hs_task_subject": facts["title"],
        "hs_task_body": facts["note"],
        "hs_task_status": "COMPLETED" if facts["done"] else "NOT_STARTED",
        "hs_task_priority": facts["priority"].upper().replace("URGENT", "HIGH"),
        "hs_timestamp": f"{due}T09:00:00.000Z" if due else None,
        "hs_createdate": facts["created_at"],
        "hs_task_completion_date": facts["completed_at"],
    }


#: This file is no vendor's.
VENDOR = None
