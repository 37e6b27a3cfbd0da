"""Who is in an album: groups of faces that look alike, largest first, nobody twice in a photo."""

from __future__ import annotations

import numpy as np
import pytest

from facesort.album.person import clustering
from facesort.album.person.clustering import find_people, group
from facesort.album.person.examples import Examples, alike
from facesort.album.person.identification import AlbumFaces
from facesort.album.person.quality import Quality
from facesort.models.people.similarity_norm import DEFAULT

GOOD, SMALL = Quality(100, 300, 0.1), Quality(40, 300, 0.1)
NONE = np.empty(0, dtype=np.int64)


def faces(people: list[int], photo: list[int] | None = None, quality: Quality = GOOD) -> AlbumFaces:
    """Each of ``people`` has an own direction of 64, and each face some noise."""
    n = len(people)
    rows = np.eye(32, 64)[people].reshape(n, 64)
    rows = rows + 0.05 * np.random.default_rng(0).normal(size=(n, 64))
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    photos = np.array(photo if photo is not None else range(n), dtype=np.int64)
    return AlbumFaces(vectors, np.zeros(n, dtype=np.int64), photos, (quality,) * n)


def found(people: list[int], **more: object) -> list[int]:
    """Whom it finds, by the face that is most like each one's examples."""
    album = faces(people)
    known = Examples(album.vectors[:0], NONE, NONE)
    groups = find_people(album, known, DEFAULT, **more)  # type: ignore[arg-type]
    return [people[int((album.vectors @ one.vectors[0]).argmax())] for one in groups]


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([], []),
        ([0], []),
        ([0, 0], []),
        ([0, 0, 0], [0]),
        ([0, 1] * 3 + [1, 1, 2, 2], [1, 0]),
        ([0] * 400 + [1] * 5 + [2] * 3, [0, 1]),  # 3 are less than 1 % of 400
    ],
)
def test_who_is_there_often_the_most_frequent_first(people: list[int], expected: list[int]) -> None:
    assert found(people) == expected


def test_small_blocks_find_the_same_people(monkeypatch: pytest.MonkeyPatch) -> None:
    people = np.random.default_rng(1).permutation([0] * 30 + [1] * 20 + [2] * 10).tolist()
    monkeypatch.setattr(clustering, "BLOCK", 20)
    assert found(people) == [0, 1, 2]


def test_only_who_is_on_a_fresh_face() -> None:
    people = [0, 0, 0, 1, 1, 1]
    assert found(people, fresh=np.array([False] * 5 + [True])) == [1]


def test_who_is_known_is_not_found() -> None:
    album = faces([0, 0, 0, 1, 1, 1])
    known = Examples(album.vectors[:2], np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64))
    (only,) = find_people(album, known, DEFAULT)
    assert (only.vectors @ album.vectors[3] > 0.5).all()


def test_poor_faces_are_nobody() -> None:
    assert (
        find_people(faces([0] * 5, quality=SMALL), Examples(faces([]).vectors, NONE, NONE), DEFAULT)
        == []
    )


def test_nobody_is_twice_in_a_photo_unless_twins_are_allowed() -> None:
    album = faces([0, 0, 0, 0], photo=[0, 0, 1, 2])
    every = np.arange(4)
    assert [len(one) for one in group(album, every, DEFAULT)] == [3]
    assert [len(one) for one in group(album, every, DEFAULT, allow_twins=True)] == [4]


def test_two_folders_of_one_person_are_alike() -> None:
    album = faces([0, 0, 0, 1, 1, 0])
    person = np.array([0, 0, 1, 2, 2, 2])  # of the last, one photo is in the wrong folder
    assert alike(Examples(album.vectors, person, album.state), DEFAULT) == [(0, 1)]
    assert alike(Examples(album.vectors[:0], NONE, NONE), DEFAULT) == []
