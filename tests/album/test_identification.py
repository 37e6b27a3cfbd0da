"""Folders for the faces of an album, and vectors that survive as text."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesort.album.from_json import learned_from_json
from facesort.album.person.assignment import NEVER, Decision, name_faces, stricter
from facesort.album.person.classify import classify_scans
from facesort.album.person.examples import Examples
from facesort.album.person.gallery import build
from facesort.album.person.identification import (
    AlbumFaces,
    classify_album,
    vector_from_text,
    vector_to_text,
)
from facesort.album.person.quality import Quality
from facesort.album.records import STRANGERS, UNSURE, Face, Identity, Scan
from facesort.album.user_labels import UserLabel, UserLabels
from facesort.models.people import similarity_norm

NAMES = ("Ana", "Ben", "Eva")
GOOD, BLURRED = Quality(100, 300, 0.1), Quality(100, 3, 0.1)
OWN = np.eye(6, 64)


def faces(people: list[int], seed: int, noise: float = 0.05) -> np.ndarray:
    rows = OWN[people] + noise * np.random.default_rng(seed).normal(size=(len(people), 64))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def judged(people: list[int], photo: list[int] | None = None, quality: tuple | None = None, **kw):
    known = [0, 1, 2] * 4
    examples = Examples(faces(known, seed=0), np.array(known), np.zeros(12, int))
    album = AlbumFaces(
        faces(people, seed=1) if people else np.empty((0, 64), np.float32),
        np.zeros(len(people), int),
        np.array(photo if photo is not None else range(len(people)), dtype=int),
        quality or (GOOD,) * len(people),
    )
    return classify_album(build(examples, 3, similarity_norm.DEFAULT), NAMES, album, 0.98, **kw)


def test_an_album_without_faces() -> None:
    assert judged([]) == []


def test_children_and_strangers() -> None:
    found = judged([0, 2, 4, 1])
    assert [one.folder for one in found] == ["Ana", "Eva", STRANGERS, "Ben"]
    assert [one.likeliest for one in found] == ["Ana", "Eva", "", "Ben"]


def test_without_children_everybody_is_a_stranger() -> None:
    nothing = Examples(np.empty((0, 64), np.float32), np.empty(0, int), np.empty(0, int))
    album = AlbumFaces(faces([0], 1), np.zeros(1, int), np.zeros(1, int), (GOOD,))
    (one,) = classify_album(build(nothing, 0, similarity_norm.DEFAULT), (), album, 0.98)
    assert one.folder == STRANGERS


def test_a_child_is_once_in_a_photo_unless_twins_are_allowed() -> None:
    assert [one.folder for one in judged([0, 0], photo=[7, 7])].count("Ana") == 1
    assert [one.folder for one in judged([0, 0], [7, 7], allow_twins=True)] == ["Ana", "Ana"]


def test_a_blurred_face_is_unsure_and_takes_nobodys_name() -> None:
    found = judged([0, 0], photo=[7, 7], quality=(BLURRED, GOOD))
    assert [one.folder for one in found] == [UNSURE, "Ana"]
    assert found[0].likeliest == "Ana" and "blurred" in found[0].poor


@given(st.lists(st.floats(-1, 1, width=16), min_size=1, max_size=200).filter(any))
def test_a_vector_survives_as_text(numbers: list[float]) -> None:
    vector = np.array(numbers, np.float32)
    length = np.linalg.norm(vector)
    if length < 1e-3:
        return
    vector /= length
    again = vector_from_text(vector_to_text(vector))
    assert float(again @ vector) > 0.9999


@pytest.mark.parametrize("text", ["", "AA", "no base64!", "AAAA", vector_to_text(np.ones(4))])
def test_other_text_is_no_vector(text: str) -> None:
    with pytest.raises(ValueError, match="vector"):
        vector_from_text(text)


def test_what_a_person_said_holds_for_the_burst() -> None:
    """Somebody new in three photos in a row; the first is said to be Ben."""
    found = judged([4, 4, 4, 5], photo=[0, 1, 2, 3], given={0: 1})
    assert [one.folder for one in found] == ["Ben", "Ben", "Ben", STRANGERS]
    assert found[0].probability == 1 and 0.98 < found[1].probability < 1
    far = judged([4, 4], photo=[0, 50], given={0: 1})
    assert far[1].folder == STRANGERS


def test_two_words_on_one_burst_hold_for_nobody_else() -> None:
    found = judged([4, 4, 4], photo=[0, 1, 2], given={0: 1, 1: 2})
    assert [one.likeliest for one in found] == ["Ben", "Eva", ""]


def test_a_word_that_it_is_a_stranger_makes_no_example_of_the_burst() -> None:
    found = judged([0, 0, 0], photo=[0, 1, 50], given={0: -1})
    assert [one.folder for one in found] == [STRANGERS, "Ana", "Ana"]


def test_look_alikes_must_be_surer_than_others() -> None:
    limits = stricter(0.8, 4, [(1, 3)])
    assert limits.tolist() == pytest.approx([0.8, 0.9, 0.8, 0.9])
    assert stricter(NEVER, 2, [(0, 1)]).tolist() == [NEVER, NEVER]
    assert stricter(0.8, 2, []).tolist() == [0.8, 0.8]
    assert stricter(0.8, 0, []).tolist() == []
    row = np.array([[0.85, 0, 0, 0], [0, 0.85, 0.1, 0]])
    verdicts = [one.verdict for one in name_faces(row, [0, 1], limits)]
    assert verdicts == [Decision.person, Decision.unsure]


def test_faces_of_a_former_encoder_are_unsure_and_what_was_said_of_them_stays() -> None:
    """Vectors of another length, from a journal that knows neither weight nor context."""
    old = vector_to_text(np.eye(1, 128, dtype=np.float32)[0])
    new = [vector_to_text(row) for row in faces([0, 1], seed=0)]
    learned = learned_from_json(
        {
            "by": "new",
            "likeness": similarity_norm.DEFAULT.to_json(),
            "precision": 0.9,
            "allow_twins": False,
            "examples": [
                {"person": name, "class_name": "face", "vector": text}
                for name, text in zip(NAMES, new, strict=False)
            ],
        }
    )
    assert learned.context and {one.weight for one in learned.examples} == {1.0}

    def scan(photo: str, by: str, vector: str) -> Scan:
        face = Face((0, 0, 9, 9), "face", 0.9, Identity(by, vector, 99, 300, 0))
        return Scan(photo, 1, 0, content=photo, faces=(face,))

    labels = UserLabels()
    labels.add(UserLabel("a.jpg", (0, 0, 9, 9), "Ben"))
    scans = [scan("a.jpg", "old", old), scan("b.jpg", "new", new[0]), scan("c.jpg", "old", old)]
    found = classify_scans(learned, NAMES[:2], labels, scans)
    assert [found[one.photo][0].folder for one in scans] == [UNSURE, "Ana", UNSURE]
    assert labels.of_faces(scans[0]) == ("Ben",)
    known = learned_from_json(json.loads(json.dumps(asdict(learned))))
    assert known == learned
