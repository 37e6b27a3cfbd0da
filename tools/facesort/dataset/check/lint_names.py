"""Check the flags in the names of face crops (`labels.flags`) against their labels."""

from __future__ import annotations

from pathlib import PurePosixPath

from facesort.classes import FaceClass
from facesort.dataset.check.issues import Issue, find
from facesort.dataset.check.sample import Sample
from facesort.labels import flags
from facesort.labels.flags import OTHER, Flags


def flags_of(sample: Sample) -> list[Flags]:
    """The flags of the image's name and of its folder; none where there are none."""
    return flags.find(PurePosixPath(sample.inside.as_posix()))


def check_name(sample: Sample) -> list[Issue]:
    """Flags that contradict themselves, each other or the label."""
    found = flags_of(sample)
    if not found:
        return []
    said = " and ".join(flags.render(one) for one in found)
    if any(one.is_mislabel for one in found):
        return [_of(sample, "mislabelled", f"{said}: not covered, yet top or bottom covered")]
    if len(set(found)) > 1:
        return [_of(sample, "mislabelled", f"{said}: the name and its folder contradict")]
    expected = found[0].class_name
    if expected == OTHER:
        return [_of(sample, "flags", f"{said}: covered, yet neither top nor bottom")]
    labelled = sorted({FaceClass(int(c)) for c in sample.class_id})
    if not labelled or expected in {c.name for c in labelled}:
        return []
    names = ", ".join(c.name for c in labelled)
    return [_of(sample, "mislabelled", f"{said} means {expected}; the label says {names}")]


def _of(sample: Sample, check: str, message: str) -> Issue:
    return find(check, sample.split, sample.path, f"{sample.name}: {message}")
