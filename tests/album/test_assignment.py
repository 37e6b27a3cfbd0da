"""Names for the faces of a photo: nobody twice, and no name that is not deserved."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from facesort.album.person.assignment import NEVER, UNKNOWN, Decision, assign, name_faces, sure_from


@pytest.mark.parametrize("people", [0, 1, 3])
def test_no_faces_no_names(people: int) -> None:
    assert name_faces(np.empty((0, people)), [], 0.5) == []


def test_without_people_everybody_is_a_stranger() -> None:
    (named,) = name_faces(np.empty((1, 0)), [7], 0.5)
    assert (named.verdict, named.person) == (Decision.unknown, UNKNOWN)


@pytest.mark.parametrize(
    ("row", "verdict", "person"),
    [
        ([0.95, 0.02], Decision.person, 0),
        ([0.3, 0.6], Decision.unsure, 1),
        ([0.02, 0.04], Decision.unknown, UNKNOWN),
    ],
)
def test_a_face_alone(row: list[float], verdict: Decision, person: int) -> None:
    (named,) = name_faces(np.array([row]), [0], sure_from=0.9)
    assert (named.verdict, named.person) == (verdict, person)
    assert named.probability == max(row)


def test_a_child_is_once_in_a_photo() -> None:
    """Both faces look like the first child; the whole is likeliest if the second is the other."""
    both = np.array([[0.9, 0.08], [0.6, 0.39]])
    first, second = name_faces(both, [5, 5], sure_from=0.3)
    assert (first.person, second.person) == (0, 1)
    assert second.probability == 0.39
    assert [n.person for n in name_faces(both, [5, 6], sure_from=0.3)] == [0, 0]
    assert [n.person for n in name_faces(both, [5, 5], 0.3, allow_twins=True)] == [0, 0]


def test_who_loses_the_name_and_has_no_other_is_unsure() -> None:
    alike = np.array([[0.99, 0.0], [0.97, 0.0]])
    first, second = name_faces(alike, [1, 1], sure_from=0.9)
    assert (first.verdict, first.person) == (Decision.person, 0)
    assert second.verdict is Decision.unsure and second.person != 0


probabilities = st.integers(1, 5).flatmap(
    lambda people: arrays(
        np.float64, st.tuples(st.integers(0, 7), st.just(people)), elements=st.floats(0, 1)
    )
)


@settings(deadline=None)
@given(rows=probabilities, sure=st.floats(0, 1), data=st.data())
def test_nobody_twice_and_no_name_below_sure(rows: np.ndarray, sure: float, data) -> None:
    rows = rows / np.maximum(rows.sum(axis=1, keepdims=True), 1)
    photo = data.draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows)))
    named = name_faces(rows, photo, sure)
    assert len(named) == len(rows)
    given_names = [(p, n.person) for p, n in zip(photo, named, strict=True) if n.person != UNKNOWN]
    assert len(set(given_names)) == len(given_names)
    for one in named:
        assert 0 <= one.probability <= 1
        assert one.verdict is not Decision.person or one.probability >= sure


def test_more_faces_than_people_leave_some_unnamed() -> None:
    assert sorted(assign(np.full((3, 2), 0.5))) == [UNKNOWN, 0, 1]


@pytest.mark.parametrize(
    ("rows", "photo"),
    [(np.ones((2, 2)), [0]), (np.ones(3), [0, 0, 0]), (np.full((1, 2), np.nan), [0])],
)
def test_what_does_not_fit_together_is_refused(rows: np.ndarray, photo: list[int]) -> None:
    with pytest.raises(ValueError):
        name_faces(rows, photo, 0.5)


@pytest.mark.parametrize(
    ("best", "precision", "sure"),
    [
        ([], 0.98, NEVER),
        ([0.5, 0.6], 0.98, NEVER),
        ([1.0, 1.0, 0.5], 0.5, 0.5),
        ([0.3, 0.999, 0.998], 0.98, 0.998),
        ([0.2], 0.0, NEVER),
    ],
)
def test_sure_from(best: list[float], precision: float, sure: float) -> None:
    assert sure_from(np.array(best), precision) == sure


@given(
    best=st.lists(st.floats(0, 1), max_size=40),
    low=st.floats(0, 1),
    high=st.floats(0, 1),
)
def test_more_precision_never_gives_more_names(best: list[float], low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert sure_from(np.array(best), low) <= sure_from(np.array(best), high)


def test_no_name_that_is_likelier_wrong_than_right() -> None:
    """A hundred sure ones would pay for it on average; the stranger is in the folder anyway."""
    best = np.array([0.9999] * 100 + [0.36])
    assert sure_from(best, precision=0.98) == 0.5
