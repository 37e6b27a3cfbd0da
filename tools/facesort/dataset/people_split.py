"""Which people are learnt from, which are tuned on and which are for judging: by a fixed hash of
their name, so that every script and every run agrees without a list."""

from __future__ import annotations

from hashlib import blake2b

TRAIN, VALIDATION, TEST = "train", "validation", "test"
PARTS = (TRAIN, VALIDATION, TEST)
_UP_TO = ((60, TRAIN), (75, VALIDATION), (100, TEST))  # percent


def part_of(dataset: str, person: str) -> str:
    """`TRAIN` (60 %), `VALIDATION` (15 %) or `TEST` (25 %) for ``person`` of ``dataset``: ``mp``
    (masked and bare), ``mo`` (always masked), ``lfw``, ``str`` (strangers)."""
    key = f"{dataset}/{person}".encode()
    percent = int(blake2b(key, digest_size=8).hexdigest(), 16) % 100
    return next(part for up_to, part in _UP_TO if percent < up_to)


def part_number(dataset: str, person: str) -> int:
    """`part_of`, as an index into `PARTS`."""
    return PARTS.index(part_of(dataset, person))
