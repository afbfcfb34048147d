"""How far an account is taken over: the message that follows it, for the administrator."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.slack.blocks.asides import sentence
from bot.slack.blocks.pieces import Blocks, emoji, fitted, line, paragraph
from bot.slack.blocks.text import escaped, flat, one_line, shortened
from coach.phrases import Phrase, counted, facts, names, say, verbatim
from coach.wording import Voice, words

#: How many kinds and how many of what went wrong are told.
KINDS, FAULTS = 10, 3

#: By these signs in what an answer was, a credential lacks a permission or is none.
_NOT_LET_IN = ("HTTP 401", "HTTP 403")

Kinds = Sequence[Mapping[str, Any]]


def taking_over(params: Mapping[str, Any], voice: Voice) -> tuple[str, Blocks]:
    """How far it is, or what came of it and what is to be done next.

    Params: `connection`, `provider`, `account`, `state` (under_way, over or unlinked), `kinds`,
    each with `called`, `count`, `whole`, `error` and `held_up`, `paused_until`, and of the owners
    `owners`, `unknown`, `names`, `key` and `asking`; see `bot/slack/taking_over.py`.
    """
    account = verbatim(_short(params.get("account"), 100) or "?")
    if params.get("state") == "unlinked":
        said = say(
            "{account} is not linked any more. What was taken over from it is forgotten.",
            account=account,
        )
        return _made(said, "wastebasket", lambda share: (), voice)
    kinds: Kinds = list(params.get("kinds") or ())[:KINDS]
    if params.get("state") == "under_way":
        said = _so_far(account, kinds)
        return _made(said, "inbox_tray", lambda share: _goes_on(params, kinds, share), voice)
    failed = any(each.get("error") for each in kinds)
    icon = "warning" if failed else "white_check_mark"
    return _made(_taken(account, kinds), icon, lambda share: _next(params, kinds, share), voice)


def _most(share: float) -> int:
    return int(200 * share) + 20


def _short(value: object, most: int) -> str:
    return shortened(one_line(str(value or "")).strip(), most)


def _called(kind: Mapping[str, Any]) -> str:
    return _short(kind.get("called"), 40) or "?"


def _count(kind: Mapping[str, Any]) -> int:
    return int(kind.get("count") or 0)


def _so_far(account: Phrase, kinds: Kinds) -> Phrase:
    begun = [each for each in kinds if each.get("whole") or _count(each)]
    if not begun:
        return say("Taking over what {account} holds. Nothing was read so far.", account=account)
    counts = facts(*(_how_many(each) for each in begun))
    return say("Taking over what {account} holds: {counts}.", account=account, counts=counts)


def _how_many(kind: Mapping[str, Any]) -> Phrase:
    if kind.get("whole"):
        return say("{what} {count}", what=_called(kind), count=_count(kind))
    return say("{what} {count} so far", what=_called(kind), count=_count(kind))


def _goes_on(params: Mapping[str, Any], kinds: Kinds, share: float) -> Iterator[Phrase]:
    left = [
        _called(each)
        for each in kinds
        if not (each.get("whole") or each.get("error") or _count(each))
    ]
    if left:
        yield say("Still to come: {kinds}.", kinds=facts(*left))
    # One kind is read after the other.
    held_up = next((each for each in kinds if each.get("held_up")), None)
    if held_up is not None:
        yield say(
            "The last try to read {what} brought nothing ({why}). It is tried again by itself.",
            what=_called(held_up),
            why=_short(held_up["held_up"], _most(share)),
        )
    yield from _faults(params, kinds, share)
    if paused := params.get("paused_until"):
        yield say(
            "It is left alone until {time} UTC, and goes on by itself then.",
            time=datetime.fromisoformat(str(paused)),
        )


def _taken(account: Phrase, kinds: Kinds) -> Phrase:
    brought = [each for each in kinds if each.get("whole") or _count(each)]
    if not brought:
        return say("Nothing could be taken over from {account}.", account=account)
    counts = facts(
        *(say("{what} {count}", what=_called(each), count=_count(each)) for each in brought)
    )
    return say("Taken over from {account}: {counts}.", account=account, counts=counts)


def _next(params: Mapping[str, Any], kinds: Kinds, share: float) -> Iterator[Phrase]:
    yield from _faults(params, kinds, share)
    if params.get("asking"):
        yield say("Slack is being asked who its owners are.")
    unknown = int(params.get("unknown") or 0)
    if unknown:
        yield from _unknown(params, unknown, share)
    elif params.get("owners") and not params.get("asking"):
        yield say("Each of its owners is somebody in Slack.")


def _faults(params: Mapping[str, Any], kinds: Kinds, share: float) -> Iterator[Phrase]:
    """What was given up, and how that is mended."""
    failed = [each for each in kinds if each.get("error")]
    for each in failed[:FAULTS]:
        what, why = _called(each), _short(each["error"], _most(share)).rstrip(".")
        if each.get("whole") or _count(each):
            yield say("Not all of the {what} could be read: {why}.", what=what, why=why)
        else:
            yield say("The {what} could not be read: {why}.", what=what, why=why)
    if not failed:
        return
    if any(sign in str(each["error"]) for each in failed for sign in _NOT_LET_IN):
        yield _let_in(_short(params.get("provider"), 40), _short(params.get("connection"), 60))
    else:
        yield say(
            "To have it tried again from where it stopped, whoever runs the coach types "
            "`coach replay`; `coach doctor` tells more."
        )


def _let_in(provider: str, connection: str) -> Phrase:
    if provider == connection:
        return say(
            "The credentials may not read it. Allow them to in the CRM, and give them anew with "
            "`/coach connect`: it is read then from where it stopped."
        )
    return say(
        "The credentials may not read it. Allow them to in the CRM, and have whoever runs the "
        "coach type `coach connect {provider} --id {connection}`: it is read then from where it "
        "stopped.",
        provider=provider,
        connection=connection,
    )


def _unknown(params: Mapping[str, Any], count: int, share: float) -> Iterator[Phrase]:
    called = [_short(name, int(50 * share) + 10) or "?" for name in params.get("names") or ()][:5]
    yield counted(
        "{count} of its owners is nobody in Slack so far: {names}.",
        "{count} of its owners are nobody in Slack so far: {names}.",
        "count",
        count=count,
        names=names(called or ["?"], 5, count),
    )
    yield say(
        "What is theirs waits until it is known who they are. They type `/coach link` and how the "
        'CRM knows them; or whoever runs the coach types `coach owners link "{key}" ADDRESS`, with '
        "the address that Slack knows them by.",
        key=_short(params.get("key"), 120) or "?",
    )


def _made(
    said: Phrase, icon: str, more: Callable[[float], Iterable[Phrase]], voice: Voice
) -> tuple[str, Blocks]:
    made = words(said, voice)

    def build(share: float) -> Blocks:
        first = paragraph([*emoji(icon), *line(made, int(1000 * share))])
        return [first, *(block for each in more(share) for block in sentence(each, voice)[1])]

    return escaped(flat(made), 500), fitted(build)
