"""What stands above a list of the person's own things, or in its place where it is empty."""

from bot.coaching.listing import Kind, Listing
from coach.phrases import Phrase, counted, say, together

_ELSEWHERE = say("If the CRM knows you by another address, an id or a name: `/coach link OWNER`.")


def title(listing: Listing) -> Phrase:
    """How many there are, and of what."""
    count, name = listing.count, listing.place.sought
    if name:
        return _matching(listing.place.kind, count, name)
    match listing.place.kind:
        case Kind.TASKS | Kind.HOME:
            return counted(
                "Your {count} open task", "Your {count} open tasks", "count", count=count
            )
        case Kind.CONTACTS:
            return counted("Your {count} contact", "Your {count} contacts", "count", count=count)
        case Kind.DEALS | Kind.DEAL:
            return counted(
                "Your {count} open deal", "Your {count} open deals", "count", count=count
            )


def _matching(kind: Kind, count: int, name: str) -> Phrase:
    match kind:
        case Kind.TASKS | Kind.HOME:
            return counted(
                "{count} open task of yours for “{name}”",
                "{count} open tasks of yours for “{name}”",
                "count",
                count=count,
                name=name,
            )
        case Kind.CONTACTS:
            return counted(
                "{count} contact of yours for “{name}”",
                "{count} contacts of yours for “{name}”",
                "count",
                count=count,
                name=name,
            )
        case Kind.DEALS | Kind.DEAL:
            return counted(
                "{count} open deal of yours for “{name}”",
                "{count} open deals of yours for “{name}”",
                "count",
                count=count,
                name=name,
            )


def nothing(listing: Listing) -> Phrase:
    """What is said where there is none, and how there can be."""
    kind, name = listing.place.kind, listing.place.sought
    if name:
        match kind:
            case Kind.TASKS | Kind.HOME:
                return say(
                    "None of your open tasks is called “{name}”. `/coach tasks` lists them.",
                    name=name,
                )
            case Kind.CONTACTS:
                return say(
                    "None of your contacts is called “{name}”. `/coach contacts` lists them.",
                    name=name,
                )
            case Kind.DEALS | Kind.DEAL:
                return say(
                    "None of your open deals is called “{name}”. `/coach deals` lists them.",
                    name=name,
                )
    match kind:
        case Kind.TASKS | Kind.HOME:
            return together(
                say("You have no open tasks in the CRM. `/coach task Call Ana friday` makes one."),
                _ELSEWHERE,
            )
        case Kind.CONTACTS:
            return together(say("You have no contacts in the CRM."), _ELSEWHERE)
        case Kind.DEALS | Kind.DEAL:
            return together(say("You have no open deals in the CRM."), _ELSEWHERE)
