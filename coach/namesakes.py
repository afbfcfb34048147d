"""Deals of one title: what tells each from the others when it is named."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from coach.models import Draft, Ref, Suggestion
from coach.phrases import Money, Phrase, Thing, Value, facts, say, things_in, verbatim, with_things


@dataclass(frozen=True, slots=True)
class Namesake:
    """A deal whose title other open deals of its owner bear, and how many of them share more."""

    id: str
    account: str | None
    amount: Money | None
    #: Others with the same account, with the same amount, and with both.
    of_account: int = 0
    of_amount: int = 0
    of_both: int = 0

    @property
    def apart(self) -> Phrase:
        """What to add to its title: as little as tells it from the others.

        That is its account or its amount, or both; where they leave it open, what the CRM calls
        it, behind its account.
        """
        if self.account and not self.of_account:
            return verbatim(self.account)
        if self.amount and not self.of_amount:
            return verbatim(self.amount)
        if self.account and self.amount and not self.of_both:
            return verbatim(facts(self.account, self.amount))
        number = say("no. {id}", id=self.id)
        return verbatim(facts(self.account, number)) if self.account else number


def deals_named(drafts: Iterable[Draft]) -> set[Ref]:
    """The deals that these drafts name, as far as others may bear their names."""
    return deals_in(
        each
        for draft in drafts
        for each in (draft.message, draft.reason, *draft.suggestion.params.values())
    )


def deals_in(values: Iterable[object]) -> set[Ref]:
    """The same of phrases; what else there is names nothing."""
    return {Ref(*thing.deal) for thing in things_in(values) if thing.deal is not None}


def told_apart(draft: Draft, namesakes: Mapping[Ref, Namesake]) -> Draft:
    """The draft with each deal named so that it is told from its namesakes."""
    return replace(
        draft,
        message=apart(draft.message, namesakes),
        reason=apart(draft.reason, namesakes),
        suggestion=suggested_apart(draft.suggestion, namesakes),
    )


def suggested_apart(suggestion: Suggestion, namesakes: Mapping[Ref, Namesake]) -> Suggestion:
    """The same of what is suggested."""
    params = {
        name: apart(value, namesakes) if isinstance(value, Phrase) else value
        for name, value in suggestion.params.items()
    }
    return replace(suggestion, params=params)


def apart(phrase: Phrase, namesakes: Mapping[Ref, Namesake]) -> Phrase:
    """The phrase with each deal named so that it is told from its namesakes."""

    def instead(thing: Thing) -> Value:
        found = namesakes.get(Ref(*thing.deal)) if thing.deal else None
        return say("{deal} ({apart})", deal=thing, apart=found.apart) if found else thing

    return with_things(phrase, instead)
