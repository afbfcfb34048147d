"""Text from outside made harmless for a terminal."""


def harmless(text: str) -> str:
    """The text without signs that move the cursor, change colours or turn the direction of words.

    A CRM's titles are anybody's: what is shown must be what is there.
    """
    return "".join(sign if sign.isprintable() else " " for sign in text)
