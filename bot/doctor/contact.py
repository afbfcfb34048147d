"""What first contact with an account has shown, and what is still unproven."""

from collections.abc import Iterator
from datetime import datetime

from bot.crm.provider import Provider
from bot.doctor.findings import Finding, note, ok
from storage.connections import Connection


def first_contact(
    connection: Connection, provider: Provider | None, taken_at: datetime | None
) -> Iterator[Finding]:
    """One finding for an account that is linked by credentials; `taken_at` is the first change."""
    if provider is None or provider.setup is None:
        # Whoever writes to an address of ours goes by our own documents, and is told at once.
        return
    heard_at = connection.first_delivery_at or connection.last_delivery_at
    looks = [
        ("a webhook with the right signature", heard_at, True),
        ("an answer that could be read", connection.first_answer_at, bool(provider.fetching)),
        ("a change that was taken", taken_at, provider.writing is not None),
    ]
    shown = [f"{what} by {at:%Y-%m-%d %H:%M} UTC" for what, at, _ in looks if at is not None]
    missing = [what for what, at, wanted in looks if wanted and at is None]
    said = f"First contact with {connection.id}: {'; '.join(shown) or 'nothing so far'}."
    if not missing:
        yield ok("crm", said)
        return
    yield note(
        "crm",
        f"{said} Not seen yet: {', '.join(missing)}.",
        "Change something in the CRM, and complete a task from Slack; then look again.",
        tuple(provider.unproven),
    )
