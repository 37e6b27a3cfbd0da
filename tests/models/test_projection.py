"""Fewer dimensions, in which people differ and their photos do not."""

import numpy as np
import pytest

from facesort.errors import DatasetError
from facesort.models.people.embed import unit
from facesort.models.people.projection import fit_projection


def photos(people: int, each: int) -> tuple[np.ndarray, np.ndarray]:
    """People differ in the first four of twelve dimensions, their photos in the fifth."""
    rng = np.random.default_rng(0)
    rows = np.zeros((people * each, 12))
    rows[:, :4] = rng.normal(size=(people, 4)).repeat(each, axis=0)
    rows[:, 4] = rng.normal(0, 3, len(rows))
    rows += rng.normal(0, 0.01, rows.shape)
    return unit(rows.astype(np.float32)), np.arange(people).repeat(each)


def test_what_photos_of_one_person_differ_in_counts_less() -> None:
    vectors, person = photos(60, 5)
    projection = fit_projection(vectors, person, 4)
    assert projection.shape == (12, 4) and projection.dtype == np.float32
    weight = np.linalg.norm(projection, axis=1)
    assert weight[:4].min() > 2 * weight[4] and weight[:4].min() > 5 * weight[5:].max()


@pytest.mark.parametrize(
    ("people", "each", "dimensions"), [(0, 0, 4), (1, 3, 4), (3, 1, 4), (3, 3, 0), (3, 3, 13)]
)
def test_too_little_to_learn_from_is_named(people: int, each: int, dimensions: int) -> None:
    with pytest.raises(DatasetError, match="expected two people"):
        fit_projection(*photos(people, each), dimensions)
