"""Which rows an import holds: sorted row ids, kept as small as they are regular."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray


def packed(numbers: NDArray[np.int64]) -> bytes:
    """Whole numbers as their differences, compressed: a run of neighbours takes next to nothing."""
    return zlib.compress(np.diff(numbers, prepend=np.int64(0)).astype("<i8").tobytes(), 1)


def unpacked(data: bytes) -> NDArray[np.int64]:
    """The numbers that were packed."""
    return np.cumsum(np.frombuffer(zlib.decompress(data), "<i8"), dtype=np.int64)
