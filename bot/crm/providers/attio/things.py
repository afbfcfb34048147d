"""Records, list entries, tasks and notes as Attio's API tells them.

Every value of a record says since when it holds, so each field is told as of then: what the coach
changed a moment ago is not undone by an answer that is older. https://docs.attio.com/rest-api
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.crm.calls import Account
from bot.crm.pages import page
from bot.crm.providers.attio.calling import DEALS, PEOPLE, slug_of
from bot.crm.things import inner, moment, name_of, needed, rows, thing, words
from coach.events import Change
from coach.models import SubjectKind, TaskStatus

#: At the end of what the coach logs itself, so that it is known again when it comes back.
MARK = "(logged from Slack by Coach)"

#: Where workspaces keep when a deal is to close, there being no such field of Attio's own.
_CLOSING = ("close_date", "expected_close_date")

_TOUCHES = ("last_interaction", "last_email_interaction", "last_calendar_interaction")


def first(values: object, *slugs: str) -> Mapping[str, Any]:
    """The first value of the first of these attributes that has one; empty when none has."""
    for slug in slugs:
        if found := rows(inner(values, slug)):
            return found[0]
    return {}


def _since(value: Mapping[str, Any], at: datetime) -> datetime:
    return min(moment(value.get("active_from")) or at, at)


class _Telling:
    """What is told of one thing, by the time as of which it is."""

    def __init__(self, kind: SubjectKind, id: object, at: datetime) -> None:
        self._kind, self._id, self._at = kind, needed(id), at
        self._told: dict[datetime, dict[str, Any]] = defaultdict(dict)

    def tell(self, holder: Mapping[str, Any], /, **fields: Any) -> None:
        """Fields that a value holds; without a value they are empty as of now."""
        self._told[_since(holder, self._at) if holder else self._at].update(fields)

    def changes(self) -> tuple[Change, ...]:
        """One change for each time, the oldest first; those with a stage came to it then."""
        told = [
            thing(self._kind, {"id": self._id, **fields}, at)
            for at, fields in sorted(self._told.items())
        ]
        return tuple(
            replace(each, came=True) if each.fields.get("stage") else each for each in told
        )


def _stage(telling: _Telling, values: object, slug: str) -> None:
    stage = first(values, slug)
    title = words(inner(stage, "status", "title"), 120)
    if stage and title:
        telling.tell(stage, stage=title)


def _owner(telling: _Telling, values: object) -> None:
    owner = first(values, "owner")
    if owner.get("referenced_actor_type") in ("workspace-member", None):
        telling.tell(owner, owner_id=name_of(owner.get("referenced_actor_id")))


def _money(telling: _Telling, values: object) -> None:
    value = first(values, "value")
    telling.tell(value, value=value.get("currency_value"), currency=value.get("currency_code"))


def _closing(telling: _Telling, values: object) -> None:
    for slug in _CLOSING:
        if isinstance(values, dict) and slug in values:
            day = first(values, slug)
            telling.tell(day, expected_close_date=day.get("value"))
            return


def deal_of_link(account: Account, url: str) -> str | None:
    """The record of a page: `https://app.attio.com/<workspace>/<object>/record/<id>/…`.

    Ids are never given twice, so that one of another workspace is no deal that is known.
    """
    found = page(url)
    if found is None or found.host != "app.attio.com":
        return None
    match found.path:
        case (_, _, "record", id, *_):
            return id
    return None


def _made(telling: _Telling, data: Mapping[str, Any]) -> None:
    fields: dict[str, Any] = {}
    if (created := moment(data.get("created_at"))) is not None:
        fields["created_at"] = created
    if url := words(data.get("web_url"), 2000):
        fields["url"] = url
    if fields:
        telling.tell({"active_from": data.get("created_at")}, **fields)


def deal(data: Mapping[str, Any], at: datetime) -> tuple[Change, ...]:
    """A record of the object deals. Raises `PayloadError` when it has no id."""
    values = data.get("values")
    telling = _Telling(SubjectKind.DEAL, inner(data, "id", "record_id"), at)
    _made(telling, data)
    name = first(values, "name")
    telling.tell(name, title=name.get("value"))
    _stage(telling, values, "stage")
    _money(telling, values)
    _owner(telling, values)
    _closing(telling, values)
    person = first(values, "associated_people")
    telling.tell(person, contact_id=name_of(person.get("target_record_id")))
    return telling.changes()


def person(data: Mapping[str, Any], at: datetime) -> tuple[Change, ...]:
    """A record of the object people. Raises `PayloadError` when it has no id."""
    values = data.get("values")
    telling = _Telling(SubjectKind.CONTACT, inner(data, "id", "record_id"), at)
    _made(telling, data)
    name = first(values, "name")
    telling.tell(name, name=name.get("full_name"))
    address = first(values, "email_addresses")
    telling.tell(address, email=address.get("email_address"))
    touched = [moment(first(values, slug).get("interacted_at")) for slug in _TOUCHES]
    last = max((each for each in touched if each is not None and each <= at), default=None)
    if last is not None:
        telling.tell({"active_from": last.isoformat()}, last_contacted_at=last)
    return telling.changes()


def entry(data: Mapping[str, Any], stage: str, at: datetime) -> tuple[Change, ...]:
    """An entry of the list that is the pipeline. Raises `PayloadError` when it has no id."""
    values = data.get("entry_values")
    telling = _Telling(SubjectKind.DEAL, inner(data, "id", "entry_id"), at)
    _made(telling, data)
    _stage(telling, values, stage)
    for tells in (_money, _owner, _closing):
        tells(telling, values)
    if data.get("parent_object") == PEOPLE:
        telling.tell({"active_from": data.get("created_at")}, **_of_parent(data))
    return telling.changes()


def _of_parent(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"contact_id": name_of(data.get("parent_record_id"))}


def title(entry_id: str, parent: Mapping[str, Any], at: datetime) -> tuple[Change, ...]:
    """What an entry is called: it has no name of its own, so it has that of its record."""
    name = first(parent.get("values"), "name")
    called = words(name.get("full_name"), 500) or words(name.get("value"), 500)
    if not called:
        return ()
    fields = {"id": entry_id, "title": called}
    if "full_name" not in name:
        fields["account"] = called
    return (thing(SubjectKind.DEAL, fields, _since(name, at)),)


def task(account: Account, data: Mapping[str, Any], at: datetime) -> Change:
    """A task. Raises `PayloadError` when it has no id."""
    told: dict[str, Any] = {"id": name_of(inner(data, "id", "task_id"))}
    text = words(data.get("content_plaintext"), 6000)
    heading, _, rest = text.partition("\n")
    told |= {"title": heading, "note": rest.strip() or None}
    if isinstance(data.get("is_completed"), bool):
        told["status"] = TaskStatus.COMPLETED if data["is_completed"] else TaskStatus.PENDING
    if "deadline_at" in data:
        deadline = moment(data["deadline_at"])
        told["due_date"] = deadline.date() if deadline else None
    if (created := moment(data.get("created_at"))) is not None:
        told["created_at"] = created
    linked = {
        slug: name_of(each.get("target_record_id"))
        for each in reversed(rows(data.get("linked_records")))
        if (slug := slug_of(account, each.get("target_object_id") or each.get("target_object")))
    }
    told |= {"deal_id": linked.get(DEALS), "contact_id": linked.get(PEOPLE)}
    assigned = [
        name_of(each.get("referenced_actor_id"))
        for each in rows(data.get("assignees"))
        if each.get("referenced_actor_type") == "workspace-member"
    ]
    told["owner_id"] = assigned[0] if assigned else None
    return thing(SubjectKind.TASK, told, at)
