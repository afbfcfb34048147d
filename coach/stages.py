"""The stages of deals: their order, and what each means."""

from dataclasses import dataclass
from decimal import Decimal

from coach.models import DealStatus


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage as the CRM knows it."""

    #: What the CRM calls it in events: an id, or the name itself.
    id: str
    name: str
    #: Which of several pipelines it belongs to; empty where there is one only.
    pipeline: str = ""
    #: Its place in the pipeline, from the left.
    place: int | None = None
    #: What it means for a deal to be here; `None` when the CRM does not say.
    meaning: DealStatus | None = None
    #: How likely a deal here is to be won, from 0 to 1.
    probability: Decimal | None = None
