"""A person's report: their figures as they are now."""

from bot.runtime.parts import Parts
from coach.models import Person
from coach.report import Report, Span, report, since
from storage import report as figures


async def of(parts: Parts, person: Person, span: Span) -> Report:
    """The report of these weeks or months."""
    now = parts.clock.now()
    async with parts.database.read() as tx:
        stages = await figures.by_stage(tx, person.workspace_id, person.id)
        closed = await figures.closed(tx, person.workspace_id, person.id, since(span, person, now))
    return report(span, person, now, stages, closed)
