"""Bursts: images of a moment find each other, and nobody is taken for a neighbour."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facesort.album.person.bursts import NEXT_PHOTOS, groups, together
from facesort.models.people import similarity_norm

OWN = np.eye(8, 32)


def grouped(people: list[int], photo: list[int]) -> list[int]:
    noise = 0.03 * np.random.default_rng(0).normal(size=(len(people), 32))
    rows = (OWN[people] if people else np.empty((0, 32))) + noise
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    state = np.zeros(len(people), dtype=np.int64)
    found = groups(vectors, state, np.array(photo, dtype=np.int64), similarity_norm.DEFAULT)
    return [int(one) for one in found]


@pytest.mark.parametrize(
    ("people", "photo", "expected"),
    [
        ([], [], []),
        ([1], [0], [0]),
        ([1, 1, 2], [0, 1, 1], [0, 0, 2]),
        ([2, 1, 1], [1, 1, 0], [0, 1, 1]),  # photos in any order
        ([1, 1], [4, 4], [0, 1]),  # twins, or a mirror
        ([1, 1], [0, NEXT_PHOTOS], [0, 0]),
        ([1, 1], [0, NEXT_PHOTOS + 1], [0, 1]),
        ([1, 1, 1], [0, NEXT_PHOTOS, 2 * NEXT_PHOTOS], [0, 0, 0]),  # a long one
    ],
)
def test_who_is_one_person(people: list[int], photo: list[int], expected: list[int]) -> None:
    assert grouped(people, photo) == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 6)), max_size=25))
def test_no_group_has_two_people_or_two_faces_of_a_photo(faces: list[tuple[int, int]]) -> None:
    found = grouped([person for person, _ in faces], [photo for _, photo in faces])
    for one in set(found):
        members = [faces[i] for i, group in enumerate(found) if group == one]
        assert len({person for person, _ in members}) == 1
        assert len({photo for _, photo in members}) == len(members)
        assert found[one] == one


def test_a_group_votes_with_those_that_count() -> None:
    scores = np.array([[1.0, 0], [3, 0], [9, 9], [5, 1]])
    counts = np.array([True, True, False, True])
    voted = together(scores, np.array([0, 0, 0, 3]), counts)
    assert voted.tolist() == [[2, 0], [2, 0], [9, 9], [5, 1]]
    assert together(np.empty((0, 2)), np.empty(0, int), np.empty(0, bool)).shape == (0, 2)
