"""Which images are picked to be labelled next."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesort.boxes import as_boxes
from facesort.dataset.next_images import Candidate, choose, looks_of


def candidate(name: str, *scores: list[float], look: int = 0) -> Candidate:
    looks = np.zeros((len(scores), 8))
    looks[:, look] = 1
    return Candidate(Path(name), np.array(scores, dtype=float).reshape(-1, 4), looks)


def names(chosen: list[int], given: list[Candidate]) -> list[str]:
    return [given[i].image.name for i in chosen]


SURE, UNSURE, NOTHING = [0.98, 0, 0, 0], [0.5, 0.45, 0, 0], [0.06, 0, 0, 0]


@pytest.mark.parametrize(
    ("images", "labelled", "count", "expected"),
    [
        ([], [0, 0, 0, 0], 5, []),
        ([candidate("a")], [0, 0, 0, 0], 5, ["a"]),
        # the unsure one, then the sure one, then where nothing is suspected
        (
            [candidate("none"), candidate("sure", SURE), candidate("unsure", UNSURE, look=1)],
            [9, 9, 9, 9],
            3,
            ["unsure", "sure", "none"],
        ),
        # of two alike in all but the class, the one whose class lacks examples
        (
            [candidate("many", [0.6, 0, 0, 0]), candidate("rare", [0, 0, 0, 0.6], look=1)],
            [500, 500, 500, 3],
            1,
            ["rare"],
        ),
        # not twice the same, although both are unsure
        (
            [
                candidate("one", UNSURE),
                candidate("its twin", UNSURE),
                candidate("other", [0.6, 0.3, 0, 0], look=1),
            ],
            [9, 9, 9, 9],
            2,
            ["one", "other"],
        ),
        # the face that tells most counts, not how many there are
        (
            [candidate("crowd", SURE, SURE, SURE), candidate("one", UNSURE, look=1)],
            [9, 9, 9, 9],
            1,
            ["one"],
        ),
    ],
)
def test_what_is_picked(
    images: list[Candidate], labelled: list[int], count: int, expected: list[str]
) -> None:
    assert names(choose(images, labelled, count), images) == expected


@given(
    st.lists(st.lists(st.lists(st.floats(0, 1), min_size=4, max_size=4), max_size=3), max_size=12),
    st.integers(1, 15),
)
def test_each_image_at_most_once_and_as_many_as_asked(
    scores: list[list[list[float]]], count: int
) -> None:
    images = [candidate(str(i), *rows, look=i % 8) for i, rows in enumerate(scores)]
    chosen = choose(images, [0, 5, 50, 500], count)
    assert len(set(chosen)) == len(chosen) == min(count, len(images))


def test_looks() -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    boxes = as_boxes([[0, 0, 40, 40], [0, 0, 40, 40], [90, 70, 99, 99], [-9, -9, 300, 300]])
    looks = looks_of(rgb, boxes)
    assert np.allclose(np.linalg.norm(looks[[0, 1, 3]], axis=1), 1)
    assert looks[0] @ looks[1] == pytest.approx(1)
    assert looks_of(rgb, as_boxes([])).shape[0] == 0
