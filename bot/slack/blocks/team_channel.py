"""The team's channel: what stands in it, the window that chooses it, and its place in Home."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.slack.blocks.pieces import (
    VALUE,
    Blocks,
    Json,
    actions,
    button,
    context,
    emoji,
    field,
    fitted,
    header,
    line,
    modal,
    mrkdwn,
    option,
    paragraph,
    plain_text,
    section,
)
from bot.slack.blocks.text import escaped, flat
from coach.gate import PEOPLE
from coach.phrases import Phrase, Value, counted, facts, from_json, say, together
from coach.wording import Voice, plain, words
from storage.team_channels import TeamChannel

#: The `callback_id` of the window, and the `action_id` of the button that opens it.
CALLBACK, OPEN = "team_channel", "admin:team_channel"

#: The `action_id`s of who wants to be named there, and who does not.
NAME, UNNAME = "home:named", "home:unnamed"

#: The fields of the window, and the entries of its boxes.
CHANNEL, WHAT = "channel", "what"
WINS, FIGURES, AMOUNTS = "wins", "figures", "amounts"

#: So many won deals are listed in one message; fewer, where Slack would not take their links.
MOST = 30

#: Characters of a line's text, at most; and those below which it is not cut.
LINE, LEAST = 400, 60


def wins(params: Mapping[str, Any], voice: Voice) -> tuple[str, Blocks] | None:
    """Deals that were won, by name; nothing where none is any more.

    Params: `said`, a kept phrase for each.
    """
    said = [from_json(each) for each in params.get("said") or ()]
    if not said:
        return None
    if len(said) == 1:
        made = words(said[0], voice)
        return escaped(flat(made), 500), [paragraph([*emoji("tada"), *line(made, 700)])]
    title = counted("{count} deal is won.", "{count} deals are won.", "count", count=len(said))

    def build(share: float) -> Blocks:
        return [
            paragraph([*emoji("tada"), *line(words(title, voice), 200)]),
            _list(said, voice, int(LINE * share), int(MOST * share * LINE / LEAST)),
        ]

    return escaped(flat(words(title, voice)), 500), fitted(build)


def week(params: Mapping[str, Any], voice: Voice) -> tuple[str, Blocks]:
    """The week in figures. Params: `title`, `said` (a kept phrase for each line) and `of`."""
    title = from_json(params["title"])
    said = [from_json(each) for each in params["said"]]
    heading = plain(title, voice)
    blocks: Blocks = [
        header(heading),
        _list(said, voice, 500),
        context(plain_text(plain(from_json(params["of"]), voice))),
    ]
    return escaped(heading, 300), blocks


def hello(params: Mapping[str, Any], voice: Voice) -> tuple[str, Blocks]:
    """What a channel is told first, and that it is told nothing any more.

    Params: `by`, `wins` and `figures`.
    """
    if not (params.get("wins") or params.get("figures")):
        over = words(say("The coach tells nothing in this channel any more."), voice)
        return escaped(flat(over), 200), [paragraph(line(over, 200))]
    said = together(
        say(
            "{by} has chosen this channel for: {what}.",
            by=str(params.get("by") or "?"),
            what=_what(wins_=bool(params.get("wins")), figures=bool(params.get("figures"))),
        ),
        say(
            "What the coach advises somebody stays with them; who wins a deal is named only if "
            "they want it. Administrators switch this off in the coach's Home tab."
        ),
    )
    made = words(said, voice)
    return escaped(flat(made), 500), [paragraph([*emoji("wave"), *line(made, 1000)])]


def news(params: Mapping[str, Any], voice: Voice) -> tuple[str, Blocks]:
    """What administrators hear of it. Params: `said`, a kept phrase, and `channel`."""
    made = words(from_json(params["said"]), voice)
    where = [{"type": "text", "text": " "}, {"type": "channel", "channel_id": params["channel"]}]
    return escaped(flat(made), 500), [paragraph([*emoji("loudspeaker"), *line(made, 900), *where])]


def _what(*, wins_: bool, figures: bool) -> Value:
    told: list[Value] = []
    if wins_:
        told.append(say("won deals"))
    if figures:
        told.append(
            counted(
                "the week in figures, where {count} or more people had a part in it",
                "the week in figures, where {count} or more people had a part in it",
                "count",
                count=PEOPLE,
            )
        )
    return facts(*told)


def form(known: TeamChannel | None, voice: Voice) -> Json:
    """The window in which the channel is chosen, filled with what is chosen now."""
    menu: Json = {
        "type": "conversations_select",
        "placeholder": plain_text(plain(say("Choose a channel"), voice), 150),
        "filter": {
            "include": ["public", "private"],
            "exclude_external_shared_channels": True,
            "exclude_bot_users": True,
        },
    }
    if known is not None and known.trouble is None:
        menu["initial_conversation"] = known.channel
    options = [
        option(plain(say("Won deals, as they are won"), voice), WINS),
        option(plain(say("The week in figures, on Mondays"), voice), FIGURES),
        option(plain(say("With what deals are worth"), voice), AMOUNTS),
    ]
    ticked = {WINS, FIGURES, AMOUNTS}
    if known is not None:
        each = ((WINS, known.wins), (FIGURES, known.figures), (AMOUNTS, known.amounts))
        ticked = {name for name, on in each if on}
    boxes: Json = {"type": "checkboxes", "options": options}
    if first := [each for each in options if each["value"] in ticked]:
        boxes["initial_options"] = first
    told = say(
        "Each win in the working hours of who has won, or in yours; the figures as your week "
        "begins. What the coach advises somebody is never told there."
    )
    return modal(
        plain(say("The team's channel"), voice),
        [
            context(plain_text(plain(told, voice))),
            field(
                CHANNEL,
                plain(say("Channel"), voice),
                menu,
                hint=plain(
                    say("The coach must be in it: type /invite and its name there first."), voice
                ),
            ),
            field(
                WHAT,
                plain(say("What is told there"), voice),
                boxes,
                optional=True,
                hint=plain(
                    say(
                        "Nothing ticked: nothing is told. The figures are of {count} people at "
                        "least; who wins a deal is named only if they want it.",
                        count=PEOPLE,
                    ),
                    voice,
                ),
            ),
        ],
        callback_id=CALLBACK,
        submit=plain(say("Save"), voice),
        close=plain(say("Cancel"), voice),
    )


def chosen_in(view: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
    """The channel and the boxes that were ticked; what arrives need not be what was offered."""
    values = view["state"]["values"]

    def held(name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = (values.get(name) or {}).get(VALUE) or {}
        return found

    channel = str(held(CHANNEL).get("selected_conversation") or "")
    ticked = held(WHAT).get("selected_options") or ()
    return channel, frozenset(str(each["value"]) for each in ticked)


#: What Slack's words mean for who wants the channel to be told something again.
_TROUBLE = {
    "not_in_channel": say("the coach is not in it any more"),
    "channel_not_found": say("the coach is not in it any more, or it is gone"),
    "is_archived": say("it is archived"),
}


def trouble(code: str) -> Phrase:
    """Why nothing can be told there any more."""
    return _TROUBLE.get(code) or say("Slack takes nothing there ({code})", code=code)


def administered(known: TeamChannel | None, voice: Voice) -> Blocks:
    """How it stands, for who administers."""
    if known is None:
        told = say("The team's channel: none. Won deals and the week in figures can be told there.")
        return _row(escaped(plain(told, voice)), say("Choose…"), voice)
    where = f"<#{known.channel}>"
    if known.trouble is not None:
        said = say(
            "Nothing is told in the team's channel any more: {why}. Choose it again, or another.",
            why=trouble(known.trouble),
        )
        return _row(f"{where}: {escaped(plain(said, voice))}", say("Choose…"), voice)
    on, off = say("on"), say("off")
    said = say(
        "the team's channel. Won deals: {wins}. The week in figures: {figures}. "
        "What deals are worth: {amounts}.",
        wins=on if known.wins else off,
        figures=on if known.figures else off,
        amounts=say("told") if known.amounts else say("not told"),
    )
    blocks = _row(f"{where}: {escaped(plain(said, voice))}", say("Change…"), voice)
    if known.figures and known.figures_at is not None:
        blocks.append(context(plain_text(plain(_next(known, known.figures_at), voice))))
    return blocks


def _next(known: TeamChannel, at: datetime) -> Phrase:
    if known.too_few is None:
        return say("The next figures come {time}.", time=at)
    # Whether there will be enough of them by then nobody knows.
    coming = say("The next can come {time}.", time=at)
    if not known.too_few:
        return together(say("Last week's were not told: nobody was active."), coming)
    few = counted(
        "Last week's were not told: {count} person was active, and that is too few.",
        "Last week's were not told: {count} people were active, and that is too few.",
        "count",
        count=known.too_few,
    )
    return together(few, coming)


def _row(text: str, label: Phrase, voice: Voice) -> Blocks:
    # What is not ours in it is escaped; the channel is named by Slack itself, to who may see it.
    return [section(mrkdwn(text), accessory=button(plain(label, voice), OPEN), block_id=OPEN)]


def own_place(known: TeamChannel | None, voice: Voice, *, named: bool) -> Blocks:
    """Whether somebody is named there when they win a deal, and the button to have it otherwise."""
    if known is None or not known.tells_wins:
        return []
    said, label, does = (
        (say("names you when you win a deal."), say("Leave my name out"), UNNAME)
        if named
        else (say("tells of won deals. It does not name you."), say("Name me there"), NAME)
    )
    return [
        context(mrkdwn(f"<#{known.channel}> {escaped(plain(said, voice))}")),
        actions([button(plain(label, voice), does)], block_id="home:team"),
    ]


def _list(said: list[Phrase], voice: Voice, most: int, lines: int = MOST) -> Json:
    lines = max(1, min(lines, MOST))
    rows: list[Json] = [
        {"type": "rich_text_section", "elements": line(words(each, voice), max(most, LEAST))}
        for each in said[:lines]
    ]
    if len(said) > lines:
        more = say("… and {count} more", count=len(said) - lines)
        rows.append({"type": "rich_text_section", "elements": line(words(more, voice), 60)})
    bullets: Json = {"type": "rich_text_list", "style": "bullet", "elements": rows}
    return {"type": "rich_text", "elements": [bullets]}
