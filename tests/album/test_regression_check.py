"""What may be learned from: not the slips of a hand; good corrections; and chance is no harm."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_gallery import faces_of

from facesort.album.corrections import regression_check
from facesort.album.corrections.regression_check import by_person, chance_of, check
from facesort.album.person.identification import vector_to_text
from facesort.album.records import STRANGERS, Example, Face, Identity, Learned, Scan
from facesort.album.user_labels import UserLabel, UserLabels
from facesort.classes import CLASS_NAMES
from facesort.models.people import similarity_norm

NAMES = ("Ana", "Ben", "Eva")
BOX = (0.0, 0.0, 60.0, 60.0)


def texts(person: int, number: int, seed: int, noise: float = 0.5) -> list[str]:
    who, state = np.full(number, person), np.zeros(number, int)
    return [vector_to_text(vector) for vector in faces_of(who, state, noise, seed)]


def learned(each: int) -> Learned:
    examples = (
        Example(name, CLASS_NAMES[0], text)
        for person, name in enumerate(NAMES)
        for text in texts(person, each, seed=person)
    )
    return Learned("fake", similarity_norm.DEFAULT.to_json(), 0.98, False, tuple(examples))


def photos(person: int, number: int, seed: int, side_px: float = 90) -> list[Scan]:
    """Photos of one face each."""
    return [
        Scan(
            f"{person}_{seed}_{i}.jpg",
            1,
            1,
            f"{person}_{seed}_{i}",
            faces=(Face(BOX, CLASS_NAMES[0], 0.9, Identity("fake", text, side_px, 300, 0)),),
        )
        for i, text in enumerate(texts(person, number, seed))
    ]


def words(scans: list[Scan], folder: str) -> list[UserLabel]:
    return [UserLabel(scan.content, BOX, folder) for scan in scans]


NOTHING = UserLabels()


def test_nothing_known_or_nothing_said_refuses_nothing() -> None:
    ana = photos(0, 8, seed=50)
    assert check(learned(0), NAMES, NOTHING, {"Ben": words(ana, "Ben")}, ana) == {}
    assert check(learned(8), NAMES, NOTHING, {}, ana) == {}
    assert check(learned(8), NAMES, NOTHING, {"Ben": words(ana, "Ben")}, []) == {}


def test_right_words_teach() -> None:
    scans = photos(0, 8, seed=50) + photos(3, 8, seed=51)
    new = {"Ana": words(scans[:8], "Ana"), "Zoe": words(scans[8:], "Zoe")}
    assert check(learned(8), (*NAMES, "Zoe"), NOTHING, new, scans) == {}


def test_many_slips_to_one_person_do_not_and_the_others_words_do() -> None:
    scans = photos(0, 12, seed=50) + photos(2, 8, seed=51)
    new = {"Ben": words(scans[:12], "Ben"), "Eva": words(scans[12:], "Eva")}
    refused = check(learned(12), NAMES, NOTHING, new, scans)
    assert set(refused) == {"Ben"}
    assert refused["Ben"].lost > 5 and refused["Ben"].held == 36


def test_one_slip_is_within_chance() -> None:
    ana = photos(0, 1, seed=50)
    assert check(learned(8), NAMES, NOTHING, {"Ben": words(ana, "Ben")}, ana) == {}


def test_faces_too_small_to_learn_from_do_no_harm() -> None:
    ana = photos(0, 12, seed=50, side_px=12)
    assert check(learned(12), NAMES, NOTHING, {"Ben": words(ana, "Ben")}, ana) == {}


def test_words_of_before_are_held_out_like_examples_and_so_are_strangers() -> None:
    ana, nobody = photos(0, 12, seed=50), photos(7, 12, seed=52)
    before = UserLabels([*words(ana, "Ana"), *words(nobody, STRANGERS)])
    again = photos(7, 12, seed=53)
    refused = check(
        learned(3), NAMES, before, {"Ben": words(again, "Ben")}, [*ana, *nobody, *again]
    )
    assert refused["Ben"].lost >= 10 and refused["Ben"].held == 9 + 24


def test_examples_that_were_found_in_the_album_are_no_proof() -> None:
    """Two numbered people who are one: dragging half of the second to the first teaches that."""
    ana = photos(0, 20, seed=50)
    of_ana = [scan.faces[0].identity for scan in ana]
    found = [
        Example("Ana" if i < 10 else "Ben", CLASS_NAMES[0], one.vector)
        for i, one in enumerate(of_ana)
        if one
    ]
    by_cluster = dataclasses.replace(learned(0), examples=tuple(found))
    before = UserLabels(words(ana[:10], "Ana"))
    assert check(by_cluster, NAMES, before, {"Ana": words(ana[10:16], "Ana")}, ana) == {}


@pytest.mark.parametrize(
    ("lost", "won", "chance"),
    [(0, 0, 1.0), (1, 0, 0.5), (4, 0, 1 / 16), (5, 0, 1 / 32), (2, 2, 11 / 16), (5, 1, 7 / 64)],
)
def test_mcnemars_exact_chance(lost: int, won: int, chance: float) -> None:
    assert chance_of(lost, won) == pytest.approx(chance)


@given(st.integers(0, 40), st.integers(0, 40))
def test_more_losses_are_less_likely(lost: int, won: int) -> None:
    assert 0 < chance_of(lost + 1, won) <= 1
    assert chance_of(lost + 1, won) < chance_of(lost, won + 1)
    assert regression_check.CHANCE < 0.5


def test_words_that_name_nobody_are_not_judged() -> None:
    labels = words(photos(0, 2, seed=1), STRANGERS) + words(photos(0, 1, seed=2), "Ana")
    assert by_person(labels, NAMES) == {"Ana": labels[2:]}
