"""Train, val and test: whole groups stay together, rare classes are spread, names decide.

The split depends on nothing but names, groups and classes, so that a rebuild on another machine
puts every photo where it was.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from hashlib import blake2b

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
