"""What whoever administers the coach sees in their Home tab, below what is their own."""

from collections.abc import Mapping, Sequence

from bot.coaching.connecting import Linked
from bot.slack.administering import Administration
from bot.slack.blocks.choosing import MOST_CHOICES, menu
from bot.slack.blocks.connecting import health
from bot.slack.blocks.pieces import (
    Blocks,
    Json,
    actions,
    button,
    context,
    field,
    header,
    modal,
    option,
    plain_text,
    section,
)
from bot.slack.blocks.team_channel import administered
from bot.slack.blocks.text import flat, shortened, shorter
from bot.slack.blocks.usages import RUN
from bot.slack.switches import Switch
from coach.models import Person
from coach.phrases import Phrase, counted, facts, say
from coach.wording import Voice, plain, words

#: What begins the `action_id` of everything here; the owner or user it is about may follow.
MATCH, RETRY, ADD, REMOVE = "admin:match", "admin:retry", "admin:add", "admin:remove"
SWITCH, OTHER = "admin:switch", "admin:other"

#: The `callback_id` of the window in which one of many owners is matched.
CALLBACK = "match"

#: How many connections and administrators are shown.
ROWS = 10


def administration(stands: Administration, called: Mapping[str, str], voice: Voice) -> Blocks:
    """Connections, people, what failed, and who administers; `called` is who that is by name."""
    return [
        {"type": "divider"},
        header(plain(say("You administer this coach"), voice)),
        *_connections(stands, voice),
        *_people(stands, voice),
        *_failed(stands, voice),
        *_switches(stands, voice),
        *administered(stands.channel, voice),
        *_administrators(stands, called, voice),
    ]


def _connections(stands: Administration, voice: Voice) -> Blocks:
    rows: Blocks = [
        section(
            _text(
                say("{name}: {how}", name=_called(each), how=health(each, voice)),
                voice,
            )
        )
        for each in stands.linked[:ROWS]
    ]
    if not rows:
        rows = [section(_text(say("No CRM is linked yet."), voice))]
    connect = button(plain(say("CRMs…"), voice), f"{RUN}:connect")
    return [*rows, actions([connect], block_id="admin:connect")]


def _called(linked: Linked) -> Phrase:
    what = linked.name or linked.provider
    if what == linked.id:
        return say("{name}", name=what)
    return say("{name} ({what})", name=linked.id, what=what)


def _matched(matched: int, left: int) -> Phrase:
    """How many owners in CRMs are somebody in Slack, and how many are not."""
    if not matched and not left:
        return say("No owner in a CRM is known yet.")
    if not matched:
        return counted(
            "{count} owner of your CRM is nobody in Slack yet.",
            "{count} owners of your CRM are nobody in Slack yet.",
            "count",
            count=left,
        )
    are = counted(
        "{count} owner of your CRM is somebody in Slack",
        "{count} owners of your CRM are people in Slack",
        "count",
        count=matched,
    )
    if not left:
        return say("{told}.", told=are)
    nobody = counted("{count} is nobody yet", "{count} are nobody yet", "count", count=left)
    return say("{told}.", told=facts(are, nobody))


def _people(stands: Administration, voice: Voice) -> Blocks:
    left = len(stands.unmatched) + stands.more_unmatched
    blocks: Blocks = [section(_text(_matched(stands.matched, left), voice))]
    for person, waiting in stands.unmatched:
        named = say("{name}", name=person.name)
        if person.email and person.email != person.name:
            named = say("{name} ({email})", name=person.name, email=person.email)
        said = counted(
            "Who is {who}? {count} insight waits for them.",
            "Who is {who}? {count} insights wait for them.",
            "count",
            count=waiting,
            who=named,
        )
        if not waiting:
            said = say("Who is {who}?", who=named)
        blocks.append(
            section(
                _text(said, voice),
                accessory=_picker(f"{MATCH}:{person.id}", say("Choose them"), voice),
                block_id=f"{MATCH}:{person.id}",
            )
        )
    if stands.more_unmatched:
        more = counted(
            "… and {count} more.", "… and {count} more.", "count", count=stands.more_unmatched
        )
        another = button(plain(say("Match another…"), voice), OTHER)
        blocks.append(section(_text(more, voice), accessory=another, block_id=OTHER))
    return blocks


def match_form(owners: Sequence[Person], voice: Voice) -> Json:
    """Which owner of a CRM is whom, of however many."""
    offered = {"options": owner_entries(owners)}
    which = menu(offered, voice, whole=len(owners) <= MOST_CHOICES)
    return modal(
        plain(say("Match an owner"), voice),
        [
            field("owner", plain(say("Owner in your CRM"), voice), which),
            field("who", plain(say("Who it is in Slack"), voice), {"type": "users_select"}),
        ],
        callback_id=CALLBACK,
        submit=plain(say("Match"), voice),
        close=plain(say("Cancel"), voice),
    )


def owner_entries(owners: Sequence[Person]) -> list[Json]:
    """So many of these as a menu holds, by name and address."""
    return [option(_owner(each), each.id) for each in owners[:MOST_CHOICES]]


def _owner(person: Person) -> str:
    if person.email and person.email != person.name:
        return f"{shortened(person.name, 36)} ({shortened(person.email, 36)})"
    return person.name


def _failed(stands: Administration, voice: Voice) -> Blocks:
    if not stands.failed_deliveries and not stands.failed_changes:
        return [section(_text(say("Nothing has failed."), voice))]
    told: list[Phrase] = []
    if count := stands.failed_deliveries:
        told.append(counted("{count} delivery", "{count} deliveries", "count", count=count))
    if count := stands.failed_changes:
        told.append(counted("{count} change", "{count} changes", "count", count=count))
    said = say("Failed: {told}. `coach doctor` says why.", told=facts(*told))
    again = button(plain(say("Try again"), voice), RETRY)
    return [section(_text(said, voice), accessory=again, block_id=RETRY)]


_SWITCHES: Mapping[Switch, Phrase] = {
    Switch.MAKE_TASK: say("Shortcut on messages: “Make this a task”"),
    Switch.LOG_CALL: say("Shortcut anywhere: “Log a call”"),
    Switch.LINKS: say("The button below a link to a deal, which shows its owner the state,"),
}


def _switches(stands: Administration, voice: Voice) -> Blocks:
    blocks: Blocks = []
    for each, what in _SWITCHES.items():
        is_on = each in stands.switched_on
        label = say("Switch off") if is_on else say("Switch on")
        told = say("{what} is on.", what=what) if is_on else say("{what} is off.", what=what)
        flip = button(plain(label, voice), f"{SWITCH}:{each}")
        blocks.append(section(_text(told, voice), accessory=flip, block_id=f"{SWITCH}:{each}"))
    if Switch.LINKS in stands.switched_on and stands.lacks:
        lacking = say(
            "Slack tells the coach of no links: the app lacks {scopes}. `coach manifest --links` "
            "prints what it is to be; then it is installed again.",
            scopes=facts(*sorted(stands.lacks)),
        )
        blocks.append(context(_text(lacking, voice)))
    return blocks


def _administrators(stands: Administration, called: Mapping[str, str], voice: Voice) -> Blocks:
    first, *named = stands.administrators
    blocks: Blocks = [
        section(_text(say("Administers: {name}", name=called.get(first, first)), voice))
    ]
    for each in named[:ROWS]:
        off = button(plain(say("Take off"), voice), f"{REMOVE}:{each}")
        name = say("Administers too: {name}", name=called.get(each, each))
        blocks.append(section(_text(name, voice), accessory=off, block_id=f"{REMOVE}:{each}"))
    told = say("The others are told of every change.") if named else say("Nobody else does.")
    blocks.append(
        section(
            _text(told, voice),
            accessory=_picker(ADD, say("Add somebody"), voice),
            block_id=f"{ADD}:{len(named)}",
        )
    )
    return blocks


def _picker(action_id: str, label: Phrase, voice: Voice) -> Json:
    return {
        "type": "users_select",
        "action_id": action_id,
        "placeholder": plain_text(plain(label, voice), 150),
    }


def _text(said: Phrase, voice: Voice) -> Json:
    return plain_text(flat(shorter(words(said, voice), 300)).replace("`", ""), 400)
