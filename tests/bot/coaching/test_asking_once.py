"""A client is asked for a referral once in 90 days by one seller, however the wins come in."""

from datetime import timedelta
from typing import Any

from bot.coaching import decisions
from bot.runtime.parts import Parts
from coach.models import InsightState
from coach.wording import plain
from storage import ending, insights
from tests.bot.coaching.test_following_cost import asked
from tests.bot.coaching.test_ticking import pass_time
from tests.world import ANA, BEGINNING, BEN, WORKSPACE, batch, by, deliver, enrol, insights_of, told

DAY = timedelta(days=1)


def _is_of_past(sql: str) -> bool:
    """Whether it is asked what was said of clients: by their marks, and not by what is left out."""
    return "AND insight_subjects.mark" in sql and "insight_subjects.mark !=" not in sql


def win(number: int, client: str = "C-1", **more: Any) -> dict[str, Any]:
    """A deal with a client is won."""
    deal = {"id": f"D-{number}", "title": f"Deal {number}", "status": "won"}
    contact = {"id": client, "name": f"Contact {client}", "status": "CUSTOMER"}
    event = told("deal_closed", deal={**deal, "contact_id": client}, contact=contact, **more)
    return {**event, "id": f"won-{number}-{more.get('at', BEGINNING).isoformat()}"}


async def test_of_four_deals_won_with_a_client_one_asks(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, batch(win(1), win(2)))
    await deliver(parts, win(3))
    pass_time(parts, 80 * DAY)
    await deliver(parts, win(4, at=BEGINNING + 80 * DAY))
    (only,) = await insights_of(parts, ana)
    assert plain(only.reason) == "You won Deal 1 on Wed 25 Nov."
    # After ninety days it is another matter; another client and another seller always are.
    pass_time(parts, 10 * DAY)
    now = BEGINNING + 90 * DAY
    ben = await enrol(parts, BEN)
    await deliver(parts, win(5, at=now), win(6, "C-2", at=now), win(7, owner=BEN, at=now))
    assert len(await insights_of(parts, ana)) == 3
    assert len(await insights_of(parts, ben)) == 1


async def test_a_company_is_asked_once_where_there_is_no_contact(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    for number, account in enumerate(["Acme Corp", "ACME Corp", "Blue"]):
        deal = {"id": f"D-{number}", "title": "Deal", "status": "won", "account": account}
        await deliver(parts, told("deal_closed", deal=deal))
    assert len(await insights_of(parts, ana)) == 2


async def test_what_was_dismissed_was_asked_and_what_passed_unseen_was_not(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, win(1), win(2, "C-2"))
    (first,) = [each for each in await insights_of(parts, ana) if each.subject.endswith("D-1")]
    await decisions.dismiss(parts, by(ANA), first.fingerprint)
    pass_time(parts, 4 * DAY)
    now = BEGINNING + 4 * DAY
    async with parts.database.write() as tx:
        assert await ending.expire(tx, now) == 1
    await deliver(parts, win(3, at=now), win(4, "C-2", at=now))
    open_ = [each for each in await insights_of(parts, ana) if each.state is InsightState.OPEN]
    assert [each.subject for each in open_] == ["deal:native:D-4"]


async def test_what_was_won_no_more_is_asked_when_the_next_is_won(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, win(1))
    undone = {"id": "D-1", "status": "open", "stage": "Proposal"}
    await deliver(parts, told("deal_updated", deal=undone, at=BEGINNING + timedelta(seconds=1)))
    await deliver(parts, win(2))
    states = sorted(each.state for each in await insights_of(parts, ana))
    assert states == [InsightState.OPEN, InsightState.RESOLVED]


async def test_what_it_costs_does_not_follow_how_many_were_won(parts: Parts) -> None:
    await enrol(parts, ANA)
    counts = []
    for wins in (range(1), range(1, 12)):
        events = batch(*(win(n, f"C-{n}") for n in wins))
        with asked(parts) as seen:
            await deliver(parts, events)
        counts.append(len(list(filter(_is_of_past, seen))))
    assert counts == [1, 1]
    with asked(parts) as seen:
        await deliver(parts, told("deal_updated", deal={"id": "D-1", "title": "Renamed"}))
    assert not list(filter(_is_of_past, seen))


async def test_what_was_said_of_other_clients_is_not_read(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, batch(*(win(n, f"C-{n}") for n in range(5))))
    mark = "contact:native:C-3"
    async with parts.database.read() as tx:
        asked_of = {("referral_ask", mark), ("stuck_deals", mark)}
        now = parts.clock.now()
        found = await insights.marked(tx, WORKSPACE, asked_of, [ana.id], now)
    ((place, (only,)),) = found.items()
    assert place == (ana.id, "referral_ask", mark)
    assert only.subject == "deal:native:D-3"
