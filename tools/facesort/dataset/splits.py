"""Train, val and test: groups of near-duplicate images stay together, rare classes are spread."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TRAIN = "train"
SPLITS = (TRAIN, "val", "test")
FRACTIONS = {"test": 0.15, "val": 0.10}  # the rest is for training


def split_names(
    names: Sequence[str],
    groups: Sequence[int],
    classes: Sequence[set[int]],
    strata: Sequence[str] | None = None,
    fractions: Mapping[str, float] = FRACTIONS,
) -> list[str]:
    """The split of each photo, in order.

    Photos of one group get one split. Within a stratum (a source and the rarest class of the
    group) the groups are ordered by a hash of their first name, and the first 15 % are test, the
    next 10 % val: a class with few photos is in all three as soon as it has about ten groups.
    ``fractions`` are these two shares; the rest is for training.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for i, group in enumerate(groups):
        members[group].append(i)
    frequency = Counter(c for group in classes for c in group)
    by_stratum: dict[tuple[str, int], list[list[int]]] = defaultdict(list)
    for indices in members.values():
        present = set().union(*(classes[i] for i in indices))
        rarest = min(present, key=lambda c: (frequency[c], c), default=-1)
        source = strata[indices[0]] if strata else ""
        by_stratum[source, rarest].append(indices)
    split = [TRAIN] * len(names)
    for stratum in by_stratum.values():
        stratum.sort(key=lambda indices: _rank(min(names[i] for i in indices)))
        start = 0
        for name, fraction in fractions.items():
            stop = start + round(fraction * len(stratum))
            for indices in stratum[start:stop]:
                for i in indices:
                    split[i] = name
            start = stop
    return split


def _rank(name: str) -> bytes:
    return blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()


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
