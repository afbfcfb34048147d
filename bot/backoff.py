"""How long to wait before trying again."""

from datetime import timedelta

from coach.ids import Entropy

#: The longest wait between two tries.
LONGEST = timedelta(hours=6)


def backoff(attempts: int, entropy: Entropy) -> timedelta:
    """Two seconds after the first failure, then twice as long each time, and up to a quarter more.

    The random part keeps many failures at once from coming back at once.
    """
    base: timedelta = min(timedelta(seconds=2 << min(max(attempts - 1, 0), 20)), LONGEST)
    return base * (1 + entropy(1)[0] / 1024)
