"""What the coach writes comes back to ``/crm/callback``, signed, and is done once each."""

import json
import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.playground.crm.board import LOGGED, STAGES, Crm
from bot.playground.crm.fields import CrmRefusal, Json, one_of, there
from bot.playground.crm.signing import webhook_fault
from bot.playground.crm.webhooks import entry


class Callback:
    """The CRM's door for the coach's changes, signed with ``secret`` (``whsec_…``).

    ``log`` is called with each request and answer.
    """

    def __init__(self, crm: Crm, *, secret: str, log: Callable[[Json], None] | None = None) -> None:
        self.crm = crm
        self.secret = secret
        self.log = log
        self.routes = [Route("/crm/callback", self._callback, methods=["POST"])]

    async def _callback(self, request: Request) -> Response:
        begun = time.perf_counter()
        body = await request.body()
        fault = webhook_fault(self.secret, request.headers, body, time.time())
        event: Json = {}
        status = 202
        answer: Json = {}
        if fault is not None:
            status, answer = 401, {"error": fault}
        else:
            try:
                event = json.loads(body)
                answer = self.take(request.headers["webhook-id"], event)
            except CrmRefusal as refusal:
                status, answer = 404, {"error": str(refusal)}
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                status, answer = 400, {"error": f"The body is not of the native form: {error!r}."}
        if self.log is not None:
            kind = str(event.get("type", "callback"))
            ms = round((time.perf_counter() - begun) * 1000, 1)
            problem = str(answer.get("error")) if "error" in answer else None
            self.log(entry("to CRM", kind, status, ms, event, answer, problem))
        return JSONResponse(answer, status)

    def take(self, webhook_id: str, event: Json) -> Json:
        """Do what the coach wrote, once for each webhook id.

        Raises:
            CrmRefusal: a record it is about does not exist.
            KeyError: a part of the native form is missing.
        """
        if webhook_id in self.crm.received:
            return {"accepted": 0, "duplicates": 1}
        verb, at, data = event["type"], event["timestamp"], event["data"]
        owner = self._owner_of(event)
        if "task" in data:
            self._take_task(verb, at, data["task"], owner)
        if "deal" in data:
            self._take_deal(verb, at, data["deal"])
        if "contact" in data:
            self._take_contact(verb, at, data["contact"], alone=len(data) == 1)
        self.crm.received[webhook_id] = verb
        self.crm.tell()
        return {"accepted": 1, "duplicates": 0}

    def _take_task(self, verb: str, at: str, given: Json, owner: str) -> None:
        task_id = str(given.get("id") or self.crm.next_id("T"))
        task = self.crm.tasks.get(task_id)
        if task is None:
            if verb != "task_created":
                raise CrmRefusal(f"There is no task {task_id}.")
            whose = self.crm.owner_by_email(given.get("owner_email")) or owner
            task = self.crm.made_by_coach(task_id, whose, at)
        fields = (
            "title",
            "status",
            "priority",
            "due_date",
            "completed_at",
            "note",
            "contact_id",
            "deal_id",
        )
        task.update({name: given[name] for name in fields if given.get(name) is not None})
        if task["status"] == "pending":
            task["completed_at"] = None
        if verb == "task_completed":
            task.update(status="completed", completed_at=given.get("completed_at") or at)
        if verb == "task_deleted":
            del self.crm.tasks[task_id]

    def _take_deal(self, verb: str, at: str, given: Json) -> None:
        deal = there(self.crm.deals, str(given["id"]), "deal")
        stage = given.get("stage")
        if stage is not None and stage != deal["stage"]:
            self.crm.move(deal, one_of(stage, STAGES, "stage"), at)
        fields = ("title", "value", "currency", "source")
        deal.update({name: given[name] for name in fields if given.get(name) is not None})
        if verb == "deal_deleted":
            del self.crm.deals[deal["id"]]

    def _take_contact(self, verb: str, at: str, given: Json, *, alone: bool) -> None:
        contact_id = str(given["id"])
        contact = self.crm.contacts.get(contact_id)
        if contact is None:
            if alone:
                raise CrmRefusal(f"There is no contact {contact_id}.")
            return
        fields = ("name", "email", "status", "last_contacted_at")
        contact.update({name: given[name] for name in fields if given.get(name) is not None})
        if verb in LOGGED.values():
            contact["last_contacted_at"] = given.get("last_contacted_at") or at

    def _owner_of(self, event: Json) -> str:
        owner = event.get("owner")
        found = self.crm.owner_by_email(owner.get("email")) if isinstance(owner, dict) else None
        return found or next(iter(self.crm.owners))
