"""What holds for every row though no column says it: `--set status=won`."""

from collections.abc import Mapping, Sequence

from bot.importing.columns import NAMES
from bot.importing.faults import FileError
from bot.importing.things import Thing

#: What a row may say of its own only, or is told as a date or a number.
_EACH_ITS_OWN = frozenset({
    "id", "title", "name", "first_name", "last_name", "email", "url", "value", "probability",
    "created_at", "won_at", "lost_at", "closed_at", "completed_at", "due_date",
    "last_contacted_at", "expected_close_date", "stage_entered_at", "is_won", "is_lost",
    "is_closed", "owner_email", "owner_id", "note",
})  # fmt: skip

_OWNER = ("owner", "owner_email", "owner_id")

#: What may be said, where not everything may.
_WORDS: Mapping[tuple[Thing, str], Sequence[str]] = {
    (Thing.DEALS, "status"): ("won", "lost", "open"),
    (Thing.TASKS, "status"): ("done", "open"),
    (Thing.CONTACTS, "lead"): ("yes", "no"),
    **{(thing, "deleted"): ("yes", "no") for thing in Thing},
}


def constants(thing: Thing, told: Sequence[str]) -> dict[str, str]:
    """Field -> what every row says, from the user's own `field=value` pairs.

    Raises `FileError` for a pair that says nothing.
    """
    fields = [name for name in NAMES[thing] if name not in _EACH_ITS_OWN]
    if thing is Thing.CONTACTS:
        fields.append("lead")
    found: dict[str, str] = {}
    for pair in told:
        name, sign, value = (part.strip() for part in pair.partition("="))
        name = name.lower().replace("-", "_")
        if not sign or not value:
            raise FileError(f"--set {pair} is not of the form FIELD=VALUE.")
        if name not in fields:
            raise FileError(
                f"--set: “{name}” cannot be the same in all rows; choose one of: "
                f"{', '.join(fields)}."
            )
        known = _WORDS.get((thing, name))
        if known is not None and value.lower() not in known:
            raise FileError(f"--set {name}={value} says nothing; write {' or '.join(known)}.")
        found[name] = value
    if "@" in found.get("owner", ""):
        found["owner_email"] = found.pop("owner")
    return found


def replaced(found: Mapping[str, str]) -> set[str]:
    """The fields no column is looked for, because every row says the same of them."""
    names = set(found)
    if names & set(_OWNER):
        names |= set(_OWNER)
    if "status" in names:
        names |= {"is_won", "is_lost", "is_closed"}
    return names
