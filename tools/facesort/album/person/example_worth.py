"""What each person's examples are worth, in one line a person. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from facesort.album.person.enrollment import ReadExamples
from facesort.classes import MOUTH

GOOD_FROM = 0.999  # weight
ENOUGH = 3.0  # examples' worth; measured, more help less and less


def worth(read: ReadExamples) -> Iterator[str]:
    """ "Ana: 8 good, 2 weak, no masked one: add one", for people whose examples lack something."""
    examples = read.examples
    for person, name in enumerate(read.names):
        mine = examples.person == person
        if not mine.any():
            continue
        good = int((examples.weight[mine] >= GOOD_FROM).sum())
        weak = int(mine.sum()) - good
        lacks = []
        if not ((examples.state[mine] & MOUTH) > 0).any() and _masks_matter(read):
            lacks.append("no masked one: add one")
        if examples.weight[mine].sum() < ENOUGH:
            lacks.append("few: add some")
        if weak or lacks:
            counts = f"{good} good, {weak} weak" if weak else f"{good} good"
            yield f"{name}: {', '.join([counts, *lacks])}"


def _masks_matter(read: ReadExamples) -> bool:
    """Where no example of any person wears a mask, a lack of masks is not reported."""
    return bool((np.asarray(read.examples.state) & MOUTH).any())
