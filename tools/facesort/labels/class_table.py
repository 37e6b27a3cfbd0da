"""The class table: which class of a source is which of ours, ``--map with_mask=masked ...``."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from facesort.classes import CLASS_NAMES, parse_class
from facesort.errors import LabelError, UsageError
from facesort.labels.image_labels import IGNORE, IGNORED, ImageLabels, LabelSet

DROP = "drop"  # the box goes: it is not a face, or none that matters
IGNORE_NAME = "ignore"  # a face of unknown class: neither learned nor background
_SPECIAL = {DROP: IGNORE - 1, IGNORE_NAME: IGNORE}
_DROPPED = _SPECIAL[DROP]


def parse_map(pairs: Iterable[str]) -> dict[str, str]:
    """``["with_mask=masked", ...]`` as a table; raises `UsageError` for what is no pair.

    A source's name may itself hold ``=``: the last one divides.
    """
    table: dict[str, str] = {}
    for pair in pairs:
        source, sep, target = (part.strip() for part in pair.rpartition("="))
        if not (source and sep and target):
            raise UsageError(f"--map {pair}: expected SOURCE=TARGET, such as with_mask=masked")
        if table.setdefault(source, target) != target:
            raise UsageError(f"--map {pair}: {source} is mapped to {table[source]} already")
    return table


def map_classes(
    label_set: LabelSet, table: Mapping[str, str], target_names: Sequence[str] = CLASS_NAMES
) -> LabelSet:
    """``label_set`` with the classes ``target_names``.

    A class that ``table`` does not name keeps its name where that is a target; for the four classes
    the aliases of `facesort.classes` are known as well. The target ``drop`` leaves boxes out
    (counted), ``ignore`` makes them of unknown class. Raises one `LabelError` that lists every
    class that has no place, with its boxes; classes without boxes need no place.
    """
    targets = tuple(target_names)
    counts = label_set.counts()
    wanted = check_classes(counts, table, targets)
    new_id = np.full(len(label_set.names), _DROPPED)
    for index, name in enumerate(label_set.names):
        found = wanted.get(name, _index_of(name, targets))
        new_id[index] = _DROPPED if found is None else found
    left_out = label_set.left_out + Counter(
        {f"class {n} (drop)": counts[n] for n, i in wanted.items() if i == _DROPPED and counts[n]}
    )
    images = tuple(_renumbered(image, new_id) for image in label_set.images)
    taken = _taken_by_alias([n for n in label_set.names if counts[n]], wanted, targets)
    notes = (*taken, *label_set.notes, *_unused(table, label_set.names))
    return replace(label_set, names=targets, images=images, left_out=left_out, notes=notes)


def check_classes(
    counts: Mapping[str, int], table: Mapping[str, str], target_names: Sequence[str]
) -> dict[str, int]:
    """The target index of each source class that ``table`` names.

    Raises `LabelError` where a class with boxes (``counts``) has no place: to be asked before long
    work, too. Raises `UsageError` for a target that is none.
    """
    targets = tuple(target_names)
    wanted = {name: _target_index(target, targets, name) for name, target in table.items()}
    unknown = [
        name
        for name, count in counts.items()
        if count and name not in (*wanted, IGNORED) and _index_of(name, targets) is None
    ]
    if unknown:
        raise LabelError(_unknown(sorted(unknown), counts, targets))
    return wanted


def _taken_by_alias(
    names: Sequence[str], wanted: Mapping[str, int], targets: tuple[str, ...]
) -> list[str]:
    """A name that is only like one of ours is taken for it, and that is said."""
    alike = [
        f"'{name}' as {targets[index]}"
        for name in names
        if name not in wanted and name not in targets
        if (index := _index_of(name, targets)) is not None and index >= 0
    ]
    return [f"taken by its name: {', '.join(alike)}; --map says otherwise"] if alike else []


def _index_of(name: str, targets: tuple[str, ...]) -> int | None:
    if name in targets:
        return targets.index(name)
    if name == IGNORE_NAME:
        return IGNORE
    if targets == CLASS_NAMES:
        try:
            return int(parse_class(name))
        except LabelError:
            pass
    return None


def _target_index(target: str, targets: tuple[str, ...], source: str) -> int:
    if target in _SPECIAL and target not in targets:
        return _SPECIAL[target]
    index = _index_of(target, targets)
    if index is None:
        known = [*targets, *_SPECIAL]
        raise UsageError(
            f"--map {source}={target}: no class '{target}'{did_you_mean(target, known)}; expected "
            f"one of {', '.join(known)}"
        )
    return index


def _renumbered(image: ImageLabels, new_id: np.typing.NDArray[np.int64]) -> ImageLabels:
    with_ignore = np.append(new_id, IGNORE)  # so that -1 finds itself
    class_id = with_ignore[image.class_id].astype(np.int64)
    kept = class_id != _DROPPED
    return replace(image, class_id=class_id).only(kept)


def _unknown(names: list[str], counts: Mapping[str, int], targets: tuple[str, ...]) -> str:
    listed = [f"'{name}' ({counts[name]:,} boxes{did_you_mean(name, targets)})" for name in names]
    return (
        f"no class of ours for {', '.join(listed)}; pass --map SOURCE=TARGET for each, with a "
        f"target of {', '.join([*targets, *_SPECIAL])}"
    )


def _unused(table: Mapping[str, str], names: Sequence[str]) -> list[str]:
    return [
        f"--map {source}={target}: the source has no such class{did_you_mean(source, names)}"
        for source, target in table.items()
        if source not in names
    ]


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """``; did you mean 'x'?`` where something of ``known`` is near, else nothing."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""
