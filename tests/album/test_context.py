"""Who is around a face says whose it is likelier to be; where there is no order, nothing."""

import numpy as np
import pytest

from facesort.album.person.context import (
    NO_CONTEXT,
    Surroundings,
    best_strength,
    with_context,
)

UNKNOWN_SHARE = 0.3


def around(images: list[int], folder: list[int] | None = None, burst: list[int] | None = None):
    n = len(images)
    return Surroundings(
        np.array(images, int),
        np.array(folder if folder is not None else [0] * n, int),
        np.array(burst if burst is not None else range(n), int),
    )


def days(count: int = 6, each: int = 10, people: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """A folder a day, one person each; every third face says nothing, the others are sure."""
    person = np.repeat(np.arange(count) % people, each)
    sure = np.full((count * each, people), 0.01 / people)
    sure[np.arange(len(person)), person] = 0.97
    sure[::3] = (1 - UNKNOWN_SHARE) / people
    return sure, person


def test_nothing_to_look_at() -> None:
    none = np.empty((0, 3))
    assert with_context(none, around([]), np.empty(0, bool), UNKNOWN_SHARE).shape == (0, 3)
    nobody = np.empty((2, 0))
    assert with_context(nobody, around([0, 1]), np.ones(2, bool), UNKNOWN_SHARE).shape == (2, 0)


def test_a_face_that_says_nothing_is_whose_day_it_is() -> None:
    probability, person = days()
    images = list(range(len(person)))
    folder = (np.arange(len(person)) // 10).tolist()
    found = with_context(
        probability, around(images, folder), np.ones(len(person), bool), UNKNOWN_SHARE
    )
    vague = np.arange(0, len(person), 3)
    assert (found[vague, person[vague]] > 0.65).all()
    alone = with_context(
        probability, around(images, folder), np.ones(len(person), bool), UNKNOWN_SHARE, False
    )
    assert (alone[vague].max(axis=1) < 0.3).all()


def test_an_album_in_no_order_has_no_context() -> None:
    probability, person = days()
    order = np.random.default_rng(0).permutation(len(person))
    found = with_context(
        probability[order], around(list(range(len(person)))), np.ones(len(person), bool), 0.3
    )
    vague = np.flatnonzero(order % 3 == 0)
    assert np.median(found[vague].max(axis=1)) < 0.4


def test_own_image_and_own_burst_say_nothing() -> None:
    """Two people in one image are not one; images of one burst are judged together already."""
    vague = [0.35, 0.35]
    probability = np.array([[0.99, 0.0], vague] * 4)
    whole = np.ones(8, bool)
    same_image = with_context(probability, around([0] * 8), whole, UNKNOWN_SHARE)
    same_burst = with_context(
        probability, around(list(range(8)), burst=[0] * 8), whole, UNKNOWN_SHARE
    )
    off = with_context(probability, around(list(range(8))), whole, UNKNOWN_SHARE, False)
    assert np.allclose(same_image, off, atol=1e-6) and np.allclose(same_burst, off, atol=1e-6)


def test_other_folders_say_nothing() -> None:
    probability = np.array([[0.99, 0.0]] * 6 + [[0.35, 0.35]] * 6)
    apart = around(list(range(12)), folder=[0] * 6 + [1] * 6)
    whole = np.ones(12, bool)
    off = with_context(probability, apart, whole, UNKNOWN_SHARE, False)
    assert np.allclose(
        with_context(probability, apart, whole, UNKNOWN_SHARE)[6:], off[6:], atol=0.3
    )
    near = with_context(probability, around(list(range(12))), whole, UNKNOWN_SHARE)
    assert near[6:, 0].min() >= off[6:, 0].max() - 1e-6


def test_faces_that_do_not_count_have_no_say() -> None:
    probability = np.array([[0.99, 0.0]] * 6 + [[0.35, 0.35]] * 2)
    counts = np.array([False] * 6 + [True] * 2)
    found = with_context(probability, around(list(range(8))), counts, UNKNOWN_SHARE)
    assert found[6, 0] == pytest.approx(found[6, 1])


@pytest.mark.parametrize("unknown", [0.05, 0.6])
def test_the_share_of_unknown_people_is_the_albums_own(unknown: float) -> None:
    n = 400
    strange = np.arange(n) < n * unknown
    probability = np.where(strange[:, None], 0.01, 0.99) * np.ones((n, 1))
    probability[-40:] = 0.6  # in doubt
    found = with_context(
        probability, around(list(range(n))), np.ones(n, bool), UNKNOWN_SHARE, False
    )
    assert (found[-1, 0] > 0.6) == (unknown < UNKNOWN_SHARE)


def test_strength_is_none_where_neighbours_mislead() -> None:
    evidence = np.tile(np.eye(2), (20, 1)) + 0.01
    misleading = evidence[:, ::-1] * 10
    mix = np.array([0.5, 0.5])
    assert best_strength(evidence, misleading, mix) == NO_CONTEXT
    assert best_strength(evidence, evidence * 10, mix) < 10


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="2 faces"):
        with_context(np.ones((2, 1)), around([0]), np.ones(2, bool), UNKNOWN_SHARE)
