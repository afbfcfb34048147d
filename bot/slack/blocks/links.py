"""Links to deals: what stands below one, for everybody or for its person alone, and the window."""

from datetime import datetime

from bot.coaching.connecting import Page
from bot.coaching.listing import Listing
from bot.slack.blocks.choosing import box_of
from bot.slack.blocks.pieces import (
    Blocks,
    Json,
    actions,
    button,
    context,
    modal,
    plain_text,
    section,
)
from bot.slack.blocks.text import flat, shorter
from bot.slack.blocks.things import thing_list
from coach.models import Ref
from coach.phrases import Phrase, say
from coach.wording import Voice, plain, words

#: The `action_id` of the button, and the `callback_id` of the window.
SHOW, CALLBACK = "link:show", "deal"

#: Longest value of a button, in characters.
_LONGEST = 2000


def for_everybody(page: Page, voice: Voice) -> Blocks:
    """What a channel sees: that it is a deal, of which CRM, and nothing of what it is."""
    told = say("A deal in {crm}.", crm=page.crm) if page.crm else say("A deal in the CRM.")
    text = plain_text(flat(shorter(words(told, voice), 200)))
    return [section(text, accessory=_show(say("Show its state"), page.deal, voice))]


def for_its_person(listing: Listing, ref: Ref, voice: Voice, now: datetime) -> Blocks:
    """The state of somebody's own deal, where they alone see it; what is done opens a window."""
    _, blocks = thing_list(listing, voice, now)
    # A menu below a message of somebody's could not replace it by what came of it.
    state = [{key: each[key] for key in each if key != "accessory"} for each in blocks]
    # It stands there as it was: a message of somebody's is not drawn again.
    as_of = context(plain_text(plain(say("As of {time}.", time=now), voice)))
    return [*state, as_of, actions([_show(say("Do something…"), ref, voice)])]


def _show(label: Phrase, ref: Ref, voice: Voice) -> Json:
    return button(plain(label, voice), SHOW, box_of(ref)[:_LONGEST])


def deal_modal(listing: Listing, voice: Voice, now: datetime) -> Json:
    """The window with a deal's state and what can be done."""
    _, blocks = thing_list(listing, voice, now)
    return modal(
        plain(say("Deal"), voice),
        blocks,
        callback_id=CALLBACK,
        close=plain(say("Close"), voice),
    )
