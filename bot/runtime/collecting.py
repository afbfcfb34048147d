"""Garbage collection for a process that serves: rare, and never over what was made at the start."""

import gc

#: New objects after which the young ones are looked through; Python's own 700 is for small
#: programs. A batch of webhooks makes hundreds of thousands, and hardly any in cycles.
YOUNG = 20_000


def settle() -> None:
    """Leave all that exists now out of collections, and collect less often from here on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 50)
