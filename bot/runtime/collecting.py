"""The memory of a process that serves: collected rarely, and given back when it is free."""

import ctypes
import gc

#: New objects after which the young ones are looked through; Python's own 700 is for small
#: programs. A batch of webhooks makes hundreds of thousands, and hardly any in cycles.
YOUNG = 20_000


#: How often freed memory is given back, in seconds.
EVERY = 10

#: Heaps of the C library's for all threads together. By itself glibc has eight for each core, and
#: each keeps what is freed in it: a statement's rows are made in whichever thread has the turn.
HEAPS = 2

#: The number under which glibc's `mallopt` knows that (malloc.h).
_M_ARENA_MAX = -8


def settle() -> None:
    """Leave all that exists now out of collections, and collect less often from here on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 50)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, HEAPS)


def give_back() -> None:
    """Give the system what was freed and lies within the C library's heap, where that keeps it.

    glibc keeps it, for each thread that ever allocated: after a burst that is most of the memory.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
