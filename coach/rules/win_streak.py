"""More deals won in a row than ever before: rare praise, and true.

When: a deal is won and with it the person's run of deals won without a lost one between is longer
than any of theirs before; once a run. Why it helps: people hear of what is late all week, and what
they do well goes by unsaid. What it must not say: anything of others or in comparison with them,
that the next one will be won too, or praise that figures do not bear out: it is silent for whoever
has few deals decided, or loses too seldom for a run to mean anything. Where no hour is known of a
day's deals, none is told to have come after another: what was won on the day of a loss is no run.
"""

from datetime import timedelta

from coach import settling
from coach.keys import about, subject_key
from coach.knowledge import WIN_RUN, Run
from coach.models import Deal, DealStatus, Draft, Level, Priority, Suggestion, Verb
from coach.phrases import say
from coach.rule import ActionLook, ActionRule
from coach.truth import TRUE, Changed, Over, Standing, TruthLook

#: So many in a row are a run, among so many decided before and so many lost of these.
LEAST, DECIDED, LOST = 4, 20, 5


def evaluate(look: ActionLook) -> Draft | None:
    """One word of praise for a run that is the longest so far."""
    deal = look.activity.deal
    if deal is None or deal.status is not DealStatus.WON:
        return None
    run = look.known[WIN_RUN].get(subject_key(deal))
    if run is None or run.ended or run.length < LEAST or run.length <= run.longest:
        return None
    if run.decided < DECIDED or run.lost < LOST:
        return None
    said = _said(deal, run)
    return Draft(
        person_id=look.person.id,
        subject=f"person:{look.person.id}",
        # However much longer it grows.
        occasion=f"run since {run.since.isoformat()}",
        priority=Priority.LOW,
        message=said.message,
        reason=said.reason,
        suggestion=said.suggestion,
        expires_at=look.told_at + timedelta(days=3),
        about=said.about,
    )


def still_true(look: TruthLook) -> Standing:
    """While the deal that made it so is won, in a run that is the longest until then."""
    deal = look.only(Deal)
    if deal is None:
        return Over(settling.gone(look))
    if deal.status is not DealStatus.WON:
        return Over(say("{deal} is not won any more.", deal=deal.thing))
    if deal.person_id != look.person.id:
        return TRUE
    run = look.known[WIN_RUN].get(subject_key(deal))
    if run is None or run.length <= run.longest:
        return Over(say("By the deals as they are now, it is no longest run."))
    return _said(deal, run)


def _said(deal: Deal, run: Run) -> Changed:
    if run.ended or run.last > 1:
        # It was not the last of them, or nobody knows that it was.
        message = say(
            "You won {count} deals in a row, {deal} among them: your longest run until then.",
            deal=deal.thing,
            count=run.length,
        )
    else:
        message = say(
            "With {deal} you have won {count} deals in a row: your longest run so far.",
            deal=deal.thing,
            count=run.length,
        )
    return Changed(
        message,
        say(
            "No run before was longer than {longest}, in {decided} deals decided. Well done.",
            longest=run.longest,
            decided=run.decided,
        ),
        Suggestion("view_deal", {"connection_id": deal.connection_id, "deal_id": deal.id}),
        (about(deal),),
    )


RULE = ActionRule(
    called=say("Runs of wins"),
    summary=say("When you win more deals in a row than ever before: a word of praise."),
    level=Level.BALANCED,
    verbs=frozenset({Verb.DEAL_CLOSED}),
    evaluate=evaluate,
    still_true=still_true,
    shown=(WIN_RUN,),
)
