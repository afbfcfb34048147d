"""The CRMs that are linked, the window in which one is, and what came of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.coaching.connecting import Asked, Begun, Health, Linked, Outcome, Progress, Vendor
from bot.slack.blocks.asides import sentence
from bot.slack.blocks.pieces import (
    VALUE,
    Blocks,
    Json,
    actions,
    button,
    context,
    field,
    fitted,
    header,
    line,
    modal,
    option,
    paragraph,
    plain_text,
    section,
)
from coach.phrases import Phrase, facts, say, verbatim
from coach.wording import Voice, plain, words

#: The `callback_id` of the window, and the `action_id`s of the menu, of the test's button and of
#: the button that opens a browser.
CALLBACK = "connect"
CHOOSE, TEST, OPEN = "connect:choose", "connect:test", "connect:open"

#: After a vendor's name: access to it is granted in a browser.
IN_BROWSER = ":oauth"

#: How many links are shown, and of each, how many kinds that were taken over.
ROWS, KINDS = 20, 10

#: Longest step and secret, in characters.
LONGEST = 1000


def linked_list(
    linked: Sequence[Linked], vendors: Sequence[Vendor], voice: Voice
) -> tuple[str, Blocks]:
    """What is linked, each with how it is, and a menu of what can be."""
    title = plain(say("CRMs that are linked"), voice)
    nothing = say("No CRM is linked yet.")

    def build(share: float) -> Blocks:
        shown = linked[: max(int(ROWS * share), 1)]
        rows = [block for each in shown for block in _row(each, voice)]
        more: Blocks = []
        if left := len(linked) - len(shown):
            more = _said(say("… and {count} more: `coach connections`.", count=left), voice)
        empty = [paragraph(line(words(nothing, voice), LONGEST))]
        return [header(title), *(rows or empty), *more, actions([_menu(vendors, voice)], CALLBACK)]

    return title, fitted(build)


def _row(linked: Linked, voice: Voice) -> Blocks:
    what = linked.name or linked.provider
    name = (
        say("{name} ({what}, by OAuth)", name=linked.id, what=what)
        if linked.granted
        else say("{name} ({what})", name=linked.id, what=what)
    )
    told = plain_text(plain(say("{name}: {how}", name=name, how=health(linked, voice)), voice))
    if not linked.testable:
        rows = [section(told)]
    else:
        rows = [section(told, accessory=_test(linked.id, voice), block_id=f"connect:{linked.id}")]
    if linked.taken:
        kinds = facts(*(_kind(each) for each in linked.taken[:KINDS]))
        said = say("Taken over: {kinds}.", kinds=kinds)
        rows.append(context(plain_text(plain(said, voice))))
    return rows


def health(linked: Linked, voice: Voice) -> Phrase:
    """How a link is, in a sentence."""
    if not linked.known:
        return say("this version does not know such a CRM.")
    match linked.health:
        case Health.TROUBLE:
            return say("trouble: {why}", why=linked.trouble or "")
        case Health.PAUSED if linked.paused_until is not None:
            if voice.time_zone is None:
                return say("left alone until {time} UTC, as it asked.", time=linked.paused_until)
            return say("left alone until {time}, as it asked.", time=linked.paused_until)
        case Health.OK if linked.last_delivery_at is not None:
            if voice.time_zone is None:
                return say("well; last heard of {time} UTC.", time=linked.last_delivery_at)
            return say("well; last heard of {time}.", time=linked.last_delivery_at)
        case _:
            return say("no webhook has come yet.")


def _kind(progress: Progress) -> Phrase:
    if progress.error:
        return say("{what} given up ({why})", what=progress.called, why=progress.error)
    if progress.whole:
        return say("{what} {count}", what=progress.called, count=progress.brought)
    return say("{what} {count} so far", what=progress.called, count=progress.brought)


def _menu(vendors: Sequence[Vendor], voice: Voice) -> Json:
    return {
        "type": "static_select",
        "action_id": CHOOSE,
        "placeholder": plain_text(plain(say("Link a CRM"), voice)),
        "options": [option(each.summary.rstrip("."), named(each)) for each in vendors[:100]],
    }


def named(vendor: Vendor) -> str:
    """By which a way to link a CRM is chosen: by the vendor's name, and how."""
    return f"{vendor.name}{IN_BROWSER}" if vendor.redirect is not None else vendor.name


def _test(connection_id: str, voice: Voice) -> Json:
    return button(plain(say("Send a test event"), voice), TEST, connection_id)


def connect_modal(vendor: Vendor, voice: Voice) -> Json:
    """The window in which one is linked; what is there already need not be given again."""
    blocks: Blocks = []
    if vendor.redirect is not None:
        blocks += _redirect(vendor.redirect, voice)
    if vendor.asked:
        if vendor.linked:
            blocks += _said(say("It is linked. What you leave empty stays as it is."), voice)
        blocks += _said(
            say(
                "Slack shows what you type here: it has no field that hides it. It goes to the "
                "coach alone and is kept sealed. If you would rather not, whoever runs the coach "
                "can type `coach connect {name}` in a terminal.",
                name=vendor.name if vendor.redirect is None else f"{vendor.name} --oauth",
            ),
            voice,
        )
        blocks += [_field(each, voice) for each in vendor.asked]
    elif vendor.linked:
        blocks += _said(say("It is linked already, and stays as it is."), voice)
    else:
        blocks += _said(
            say(
                "Nothing is to be typed: you get an address to which the CRM posts, and a secret "
                "with which it signs."
            ),
            voice,
        )
    return modal(
        plain(say("Link a CRM"), voice),
        [paragraph(line(vendor.summary, 300)), *blocks],
        callback_id=CALLBACK,
        submit=plain(say("Link") if vendor.redirect is None else say("Get the link"), voice),
        close=plain(say("Cancel"), voice),
        private_metadata=named(vendor),
    )


def _redirect(redirect: str, voice: Voice) -> Blocks:
    title = line(words(say("The redirect address of your app there"), voice), 100, bold=True)
    return [paragraph(title, [_code(redirect)])]


def begun_modal(begun: Begun, voice: Voice) -> Json:
    """The way into a browser; what comes of it is told there."""
    said = say(
        "Open {vendor} in your browser and allow the app there; the page you come back to says "
        "what came of it. The button is good for half an hour, and in the first browser that "
        "opens it.",
        vendor=begun.called,
    )
    where = say("It is entered there: {where}.", where=begun.redirects)
    title = plain(say("Open {vendor}", vendor=begun.called), voice)
    blocks = [
        *_redirect(begun.redirect, voice),
        *_said(where, voice),
        *_said(said, voice),
        actions([{**button(title, OPEN), "url": begun.address}]),
    ]
    return modal(
        plain(say("Link a CRM"), voice),
        blocks,
        callback_id="aside",
        close=plain(say("Close"), voice),
    )


def _field(asked: Asked, voice: Voice) -> Json:
    return field(
        asked.name,
        asked.label[:1].upper() + asked.label[1:],
        {"type": "plain_text_input", "max_length": 3000},
        optional=not asked.needed,
        hint=plain(say("Where it is: {where}.", where=asked.where), voice),
    )


def given_in(view: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Which vendor was to be linked, and what was typed for it, by the credential's name."""
    state = (view.get("state") or {}).get("values") or {}
    typed = {name: str((held.get(VALUE) or {}).get("value") or "") for name, held in state.items()}
    return str(view.get("private_metadata") or ""), typed


def outcome_modal(outcome: Outcome, voice: Voice) -> Json:
    """What came of it; the one place where what is to be pasted is told, and the one time."""
    account = verbatim(outcome.account or outcome.provider)
    blocks = _said(_done(outcome, account), voice)
    for each in outcome.lacking:
        blocks += _said(verbatim(each), voice)
    if outcome.refusal:
        blocks += _said(
            say("{why} All else is done; then link it once more.", why=outcome.refusal), voice
        )
    for called, secret in outcome.paste:
        title = line(words(called, voice), 100, bold=True)
        blocks.append(paragraph(title, [_code(secret)]))
    if outcome.paste:
        blocks += _said(
            say(
                "This is shown now and not again in Slack: copy it before you close the window. "
                "`coach connect {name}` in a terminal shows it too.",
                name=outcome.id,
            ),
            voice,
        )
    if outcome.paste and not outcome.public:
        blocks += _said(
            say(
                "This address works on the coach’s own machine only, until whoever runs it has "
                "set COACH_PUBLIC_URL."
            ),
            voice,
        )
    if outcome.steps:
        title = line(words(say("To be done in the CRM"), voice), 100, bold=True)
        steps = [line(each.strip(), LONGEST, links=False) for each in outcome.steps]
        blocks.append(paragraph(title, *steps))
    if outcome.testable:
        blocks.append(actions([_test(outcome.id, voice)]))
    else:
        blocks += _said(
            say(
                "To try it, change something in the CRM, such as the name of a contact: within a "
                "minute `/coach connect` says when it was last heard of."
            ),
            voice,
        )
    return modal(
        plain(say("Link a CRM"), voice),
        blocks,
        callback_id="aside",
        close=plain(say("Close"), voice),
    )


def _done(outcome: Outcome, account: Phrase) -> Phrase:
    if not outcome.made:
        return say(
            "{account} was linked before and still is. Its address and secrets stay as they "
            "were, and are not shown again here.",
            account=account,
        )
    if outcome.subscribed:
        return say(
            "{account} is linked. It sends its webhooks to the coach from now on.", account=account
        )
    return say("{account} is linked.", account=account)


def _code(text: str) -> Json:
    return {"type": "text", "text": text, "style": {"code": True}}


def _said(said: Phrase, voice: Voice) -> Blocks:
    return sentence(said, voice)[1]
