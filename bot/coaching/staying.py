"""Lists that stand in a digest: counted anew there, until answered or told of elsewhere."""

from collections.abc import Sequence
from datetime import datetime

from coach.attention import takes_its_place
from coach.history import Past
from coach.models import InsightType
from coach.truth import said_anew
from coach.waiting import Waiting
from storage import attention, deciding, following, insights, people, sayings
from storage.database import Tx
from storage.insights import NewInsight


async def left_standing(
    tx: Tx, workspace_id: str, new: Sequence[NewInsight], now: datetime
) -> list[NewInsight]:
    """The drafts, without those that say anew what stands in a digest and are not to be said now.

    What stands there says by then what they would have said.
    """
    whose = {each.draft.person_id for each in new if _is_list(each)}
    if not whose:
        return list(new)
    there = await sayings.lists_in_digests(tx, workspace_id, whose, now)
    if not there:
        return list(new)
    persons = await people.load(tx, workspace_id, {person_id for person_id, _, _ in there})
    past = await attention.past_of(tx, workspace_id, list(persons.values()), now)
    left: list[NewInsight] = []
    anew: dict[str, NewInsight] = {}
    for each in new:
        draft = each.draft
        print_ = there.get((draft.person_id, each.rule, draft.subject))
        if print_ is None or each.type is not InsightType.TIME:
            left.append(each)
            continue
        person = persons[draft.person_id]
        waiting = Waiting(
            "", draft.priority, now, draft.expires_at,
            rule=each.rule, type=each.type, subject=draft.subject, backlog=each.backlog,
        )  # fmt: skip
        if takes_its_place(person, waiting, past.get(person.id, Past()), now):
            left.append(each)
        else:
            anew[print_] = each
    if anew:
        whose = {each.draft.person_id for each in anew.values()}
        await deciding.reconsider(tx, workspace_id, whose, now)
        before = await insights.subjects(tx, workspace_id, anew)
        said = {print_: said_anew(each.draft) for print_, each in anew.items()}
        await following.say_anew(tx, workspace_id, said, before)
    return left


def _is_list(new: NewInsight) -> bool:
    return new.type is InsightType.TIME and new.draft.subject.startswith("person:")
