"""What was freed goes back to the system."""

import ctypes
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# In a process of its own: nothing else may allocate meanwhile. Every thousandth piece stays, so
# that the heap cannot shrink from its end.
HOLES = """
    from pathlib import Path
    from bot.runtime.collecting import give_back

    def held():
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

    before = held()
    pieces = [bytes(2000) for _ in range(50_000)]
    kept = pieces[::1000]
    del pieces
    freed = held()
    give_back()
    print(before, freed, held())
"""


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="Only glibc keeps what was freed."
)
def test_freed_memory_is_given_back_though_some_of_it_is_still_in_use() -> None:
    code = [sys.executable, "-c", textwrap.dedent(HOLES)]
    told = subprocess.run(code, cwd=ROOT, capture_output=True, text=True, check=True)
    before, freed, after = (int(number) for number in told.stdout.split())
    assert freed - before > 50_000
    assert after - before < 20_000


# Each thread holds a piece until all have one: glibc gives each a heap of its own as far as it may.
THREADS = """
    import ctypes, threading
    from bot.runtime.collecting import settle

    settle()
    libc, together = ctypes.CDLL(None), threading.Barrier(9)

    def hold():
        libc.malloc(100)
        together.wait()
        together.wait()

    threads = [threading.Thread(target=hold) for _ in range(8)]
    for each in threads:
        each.start()
    together.wait()
    libc.malloc_stats()
    together.wait()
"""


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_stats"), reason="Only glibc has heaps by thread."
)
def test_all_threads_share_a_few_heaps() -> None:
    code = [sys.executable, "-c", textwrap.dedent(THREADS)]
    told = subprocess.run(code, cwd=ROOT, capture_output=True, text=True, check=True)
    assert 1 <= told.stderr.count("Arena ") <= 2
