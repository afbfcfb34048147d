"""What is known of a deal is said with it, and nothing else."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from coach.circumstances import of_deal
from coach.knowledge import CONTACTS_OF_DEALS, LARGE_VALUE, Known
from coach.models import Contact, Deal
from coach.rule import TimeLook
from coach.rules.stuck_deals import RULE
from coach.wording import plain
from tests.coach.rules.test_stuck_deals import STUCK
from tests.coach.values import ANA, NOW, only, reason, truth_of_reason

JONAS = Contact("c1", "C-9", "Jonas Weber", last_contacted_at=NOW - timedelta(days=4))
WEBER = Deal("c1", "D-1", "Renewal", account="Weber & Sons", value=Decimal(28500), currency="EUR")


def said(deal: Deal, contact: Contact | None = None) -> str | None:
    told = of_deal(deal, contact, ANA, NOW)
    return None if told is None else plain(told)


@pytest.mark.parametrize(
    ("deal", "contact", "sentence"),
    [
        (WEBER, JONAS, "Weber & Sons, €28,500, Jonas Weber last contacted 4 days ago."),
        (
            replace(WEBER, title="Weber & sons renewal"),
            replace(JONAS, last_contacted_at=NOW - timedelta(days=1)),
            "€28,500, Jonas Weber last contacted 1 day ago.",
        ),
        (replace(WEBER, value=None), replace(JONAS, last_contacted_at=NOW),
         "Weber & Sons, Jonas Weber last contacted today."),
        (replace(WEBER, account=None, currency=None), None, "28,500."),
        (replace(WEBER, account=None, value=None), replace(JONAS, last_contacted_at=None),
         "with Jonas Weber."),
        (replace(WEBER, account=None, value=None), replace(JONAS, name_given=""), None),
        (replace(WEBER, account=None, value=None), None, None),
    ],
)  # fmt: skip
def test_each_fact_is_said_only_where_it_is_known(
    deal: Deal, contact: Contact | None, sentence: str | None
) -> None:
    assert said(deal, contact) == sentence


def test_a_stuck_deal_is_told_with_them_and_they_follow() -> None:
    known = Known({CONTACTS_OF_DEALS.name: {"deal:c1:D-17": JONAS}})
    draft = only(RULE.evaluate(TimeLook(NOW, ANA, [STUCK], 1, (), known)))
    assert reason(draft) == (
        "15 of them were working days; your limit is 14. "
        "€12,000, Jonas Weber last contacted 4 days ago."
    )
    # Asked about again when somebody speaks to the contact, not only when the deal changes.
    assert [each.id for each in draft.about] == ["D-17", "C-9"]
    called = Known(
        {CONTACTS_OF_DEALS.name: {"deal:c1:D-17": replace(JONAS, last_contacted_at=NOW)}}
    )
    assert "last contacted today" in truth_of_reason(RULE, draft, STUCK, JONAS, known=called)


def test_what_is_said_with_its_size_is_not_said_twice() -> None:
    known = Known({LARGE_VALUE.name: {"EUR": 12000.0}})
    draft = only(RULE.evaluate(TimeLook(NOW, ANA, [STUCK], 1, (), known)))
    assert reason(draft).count("€12,000") == 1
