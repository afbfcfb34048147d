"""What the app asks to be allowed, as manifest.yml has it (https://docs.slack.dev/reference/scopes)."""

#: Without these nothing works.
NEEDED = frozenset({"chat:write", "commands", "users:read", "users:read.email"})

#: What each of the others is for: what is so without it.
BETTER_WITH = {
    "dnd:read": "Do Not Disturb is not seen, and messages come in spite of it",
    "im:history": "who writes to the coach gets no answer, and a message comes twice where Slack's "
    "answer to it was lost",
}

#: What is asked for only where links to deals are to get a button: to hear of them, and to add it.
LINKS = frozenset({"links:read", "links:write"})

#: All of them, as whoever installs the app is asked for.
ASKED = tuple(sorted(NEEDED | BETTER_WITH.keys()))
