"""The kinds of array that patterns are found in.

NumPy is imported inside the functions that compute, and nowhere else: a server that starts, answers
and ticks does not need it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
else:
    Ints = Floats = Bools = Any

__all__ = ["Bools", "Floats", "Ints"]
