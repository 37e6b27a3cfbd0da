"""Groups of photos that show the same image, so that a split does not tear them apart.

Perceptual hash: DCT hash of 64 bits (imagehash.phash, https://www.hackerfactor.com/blog/ ,
"Looks Like It"). Two images are near-duplicates when at most ``max_bits`` of the bits differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAX_BITS = 8  # measured on 6,046 photos of four sources: at 10, strangers begin to chain


def perceptual_hash(photo: Path) -> int:
    """The 64-bit hash of one image, upright."""
    import imagehash
    from PIL import Image

    from facesort.photos import open_photo

    rgb = open_photo(photo, min_long_side_px=128).rgb
    return int(str(imagehash.phash(Image.fromarray(rgb))), 16)


def group_by_hash(hashes: Sequence[int], max_bits: int = MAX_BITS) -> NDArray[np.int64]:
    """The group number of each hash, (n,): connected through pairs at most ``max_bits`` apart.

    A group is numbered by its first member, so that numbers do not depend on later photos.
    """
    bits = np.asarray(hashes, dtype=np.uint64)
    parent = list(range(len(bits)))
    for i in range(len(bits)):
        distance = np.bitwise_count(bits[i + 1 :] ^ bits[i])
        for j in np.flatnonzero(distance <= max_bits) + i + 1:
            a, b = sorted((_root(parent, i), _root(parent, int(j))))
            parent[b] = a
    return np.array([_root(parent, i) for i in range(len(bits))], dtype=np.int64)


def _root(parent: list[int], i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i
