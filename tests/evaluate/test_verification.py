"""Verification: perfect, chance, and too little to say."""

import numpy as np
import pytest

from facesort.errors import DatasetError
from facesort.evaluate.verification import verify
from facesort.models.people.embed import unit

PERSON = np.repeat(np.arange(40), 3)


def vectors(own: float, seed: int = 0) -> np.ndarray:
    """People's own directions, times ``own``, in noise."""
    rng = np.random.default_rng(seed)
    rows = own * rng.normal(size=(40, 64))[PERSON] + rng.normal(size=(len(PERSON), 64))
    return unit(rows.astype(np.float32))


def test_people_far_apart_are_all_told() -> None:
    found = verify(vectors(9.0), vectors(9.0), PERSON)
    assert found.true_accepts == 1.0 and found.accuracy > 0.999
    assert found.same_pairs == 40 * 3 * 2
    assert found.other_pairs == 120 * 117


def test_noise_is_chance() -> None:
    found = verify(vectors(0.0), vectors(0.0, seed=1), PERSON)
    assert found.true_accepts < 0.05
    assert 0.45 < found.accuracy < 0.6


def test_a_photo_is_not_compared_with_itself() -> None:
    noise = vectors(0.0)
    assert verify(noise, noise, PERSON).true_accepts < 0.05


@pytest.mark.parametrize("n", [0, 1, 3, 20])
def test_too_few_pairs_are_refused(n: int) -> None:
    with pytest.raises(DatasetError, match="too few"):
        verify(vectors(1.0)[:n], vectors(1.0)[:n], PERSON[:n])
