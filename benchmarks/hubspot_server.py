"""HubSpot's stand-in in a process of its own, with as many deals, contacts and tasks as told."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from benchmarks.processes import serve
from bot.playground.crm.vendors.hubspot import Hubspot
from bot.playground.crm.vendors.standin import Asked, Member

#: The first id of every kind; the others follow it without a gap.
FIRST = 10_001

#: The stages of the stand-in's pipeline: two open, one won, one lost.
STAGES = ("101", "102", "103", "104")

#: Days over which what is there came about.
DAYS = 700


class Large(Hubspot):
    """The stand-in with things made when they are asked for: as many as wanted at no memory."""

    def __init__(self, counts: Mapping[str, int], people: int) -> None:
        super().__init__()
        self._counts = counts
        self._sellers = people
        self._since = datetime.now(UTC) - timedelta(days=DAYS)
        self.people = [
            Member(n, f"Seller {n}", f"seller{n}@northwind.example") for n in range(people)
        ]

    def answer(self, asked: Asked) -> Response:
        # Who asks is measured: what was asked is not kept.
        self.asked.clear()
        return super().answer(asked)

    def _page(self, plural: str, asked: Asked) -> Response:
        limit = int(asked.query["limit"])
        begin = int(asked.query.get("after", str(FIRST))) - FIRST
        end = min(begin + limit, self._counts[plural])
        results = [self._told(self._thing(plural, n), asked.query) for n in range(begin, end)]
        content: dict[str, Any] = {"results": results}
        if end < self._counts[plural]:
            content["paging"] = {"next": {"after": str(FIRST + end), "link": "?after=..."}}
        return JSONResponse(content)

    def _thing(self, plural: str, number: int) -> dict[str, Any]:
        at = self._since + timedelta(days=number % DAYS)
        made = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        stage = STAGES[number % len(STAGES)]
        contact = FIRST + number % self._counts["contacts"]
        properties: dict[str, dict[str, str]] = {
            "deals": {
                "dealname": f"Renewal no. {number} of a customer of ours",
                "dealstage": stage,
                "pipeline": "default",
                "amount": "12000.00",
                "deal_currency_code": "EUR",
                "closedate": made,
            },
            "contacts": {
                "firstname": "Ann",
                "lastname": f"Lee {number}",
                "email": f"ann{number}@acme.example",
                "company": f"Acme {number % 5000}",
                "lifecyclestage": "customer",
            },
            "tasks": {
                "hs_task_subject": f"Call Ann Lee {number} about the renewal",
                "hs_task_status": "COMPLETED" if number % 4 else "NOT_STARTED",
                "hs_task_priority": "HIGH",
                "hs_timestamp": made,
            },
        }
        about = {"contacts": {"results": [{"id": str(contact), "type": "to_contact"}]}}
        return {
            "id": str(FIRST + number),
            "properties": {"hubspot_owner_id": str(number % self._sellers), **properties[plural]},
            "createdAt": made,
            "updatedAt": made,
            "versions": [{"value": stage, "timestamp": made}],
            "associations": about if plural != "contacts" else {},
        }


def application(counts: Mapping[str, int], people: int) -> ASGIApp:
    """The API of an account of that size."""
    large = Large(counts, people)
    methods = ["GET", "POST"]
    return Starlette(routes=[Route("/{path:path}", large.__call__, methods=methods)])


if __name__ == "__main__":
    deals, contacts, tasks, people = map(int, sys.argv[1:])
    wanted = {"deals": deals, "contacts": contacts, "tasks": tasks}
    serve(application(wanted, people), lifespan=False)
