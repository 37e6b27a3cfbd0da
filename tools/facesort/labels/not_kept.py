"""What a label says besides boxes and classes, and a data set of ours has no room for: counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from facesort.labels.image_labels import LabelSet


def say_not_kept(labels: LabelSet, counts: Counter[str]) -> LabelSet:
    """``labels`` with a note that counts what was not carried over, such as track ids."""
    listed = ", ".join(f"{n:,} {what}" for what, n in sorted(counts.items()) if n)
    if not listed:
        return labels
    note = f"read but not kept, the format has no field for it: {listed}"
    return replace(labels, notes=(*labels.notes[:1], note, *labels.notes[1:]))
