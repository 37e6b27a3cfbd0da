"""The gallery: probabilities that can be trusted, and strangers turned away."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from facesort.album.person import gallery
from facesort.album.person.examples import Examples, capped
from facesort.album.person.gallery import Calibration, build, evidence, score_of
from facesort.models.people import similarity_norm

STATES = similarity_norm.STATES


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def faces_of(person: np.ndarray, state: np.ndarray, noise: float, seed: int) -> np.ndarray:
    """People have directions of their own (person -1: another one each), states a common one."""
    rng = np.random.default_rng(99)
    own, worn = rng.normal(size=(20, 96)), 0.5 * rng.normal(size=(STATES, 96))
    rng = np.random.default_rng(seed)
    rows = np.where(person[:, None] < 0, rng.normal(size=(len(person), 96)), own[person])
    return unit(rows + worn[state] + noise * rng.normal(size=rows.shape))


def examples_of(people: int, each: int, noise: float = 0.7, seed: int = 0) -> Examples:
    person = np.repeat(np.arange(people), each)
    state = np.arange(len(person)) % STATES
    return Examples(faces_of(person, state, noise, seed), person, state)


@pytest.mark.parametrize("score", [0.0, 0.5, 2.5, 6.0])
def test_evidence_is_how_much_less_likely_a_stranger_gets(score: float) -> None:
    assert evidence(np.array([score])) == pytest.approx(norm.logpdf(0) - norm.logpdf(score))


@given(scores=st.lists(st.floats(-1e3, 1e3, allow_subnormal=False), max_size=9))
def test_evidence_keeps_the_order_and_comes_back(scores: list[float]) -> None:
    said = np.array(scores)
    assert score_of(evidence(said)) == pytest.approx(said, abs=1e-6)
    assert (np.diff(evidence(np.sort(said))) >= 0).all()


def test_examples_that_are_alone_leave_the_calibration_as_it_starts() -> None:
    assert build(examples_of(6, 1), 6, similarity_norm.DEFAULT).calibration == Calibration()


def test_no_people_and_no_examples_name_nobody() -> None:
    nothing = Examples(np.empty((0, 4), np.float32), np.empty(0, int), np.empty(0, int))
    assert build(nothing, 0, similarity_norm.DEFAULT).probability(
        np.ones((3, 4)), [0, 1, 2]
    ).shape == (
        3,
        0,
    )
    two = build(nothing, 2, similarity_norm.DEFAULT)
    assert (two.probability(np.ones((3, 4), np.float32), [0, 1, 2]) < 1e-9).all()
    assert two.calibration == Calibration() and two.outliers() == []


def test_faces_get_their_names_and_strangers_none() -> None:
    found = build(examples_of(9, 6), 9, similarity_norm.DEFAULT)
    person = np.repeat(np.arange(-3, 9), 5).clip(-1)
    state = np.arange(len(person)) % STATES
    probability = found.probability(faces_of(person, state, 0.7, seed=1), state)
    assert (probability.sum(axis=1) <= 1 + 1e-9).all()
    known = person >= 0
    assert (probability.argmax(axis=1) == person)[known].mean() == 1
    assert (probability.max(axis=1) > 0.5)[known].mean() > 0.95
    assert (probability.max(axis=1) < 0.5)[~known].mean() > 0.6


def test_probabilities_are_as_often_right_as_they_say() -> None:
    """Hard faces, five examples a person: what is expected and what comes true lie close."""
    expected, true = [], []
    for seed in range(12):
        found = build(examples_of(9, 5, noise=1.7, seed=seed), 9, similarity_norm.DEFAULT)
        person = np.repeat(np.arange(-4, 9), 10).clip(-1)
        state = np.arange(len(person)) % STATES
        probability = found.probability(faces_of(person, state, 1.7, seed + 100), state)
        best = probability.argmax(axis=1)
        expected += probability.max(axis=1).tolist()
        true += (best == person).tolist()
    assert abs(np.mean(expected) - np.mean(true)) < 0.08
    sure = np.array(expected) > 0.9
    assert sure.sum() > 100 and np.array(true)[sure].mean() > 0.9


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(24)), names=st.permutations(range(6)))
def test_neither_order_nor_numbering_of_people_matters(order: list[int], names: list[int]) -> None:
    examples, renamed = examples_of(6, 4), np.array(names)
    shuffled = examples.take(np.array(order))
    other = Examples(shuffled.vectors, renamed[shuffled.person], shuffled.state)
    state = np.zeros(6, int)
    faces = faces_of(np.arange(6), state, 0.7, seed=5)
    one = build(examples, 6, similarity_norm.DEFAULT).probability(faces, state)
    two = build(other, 6, similarity_norm.DEFAULT).probability(faces, state)
    assert np.allclose(one, two[:, renamed], atol=1e-3)


def test_one_example_of_each_is_enough_to_start() -> None:
    found = build(examples_of(4, 1, noise=0.3), 4, similarity_norm.DEFAULT)
    state = np.zeros(4, int)
    probability = found.probability(faces_of(np.arange(4), state, 0.3, seed=2), state)
    assert (probability.argmax(axis=1) == np.arange(4)).all()


def test_a_person_without_examples_is_nobody() -> None:
    state = np.zeros(3, int)
    faces = faces_of(np.arange(3), state, 0.7, seed=1)
    probability = build(examples_of(3, 4), 5, similarity_norm.DEFAULT).probability(faces, state)
    assert probability.shape == (3, 5) and (probability[:, 3:] < 1e-9).all()


def test_swapped_examples_show_up() -> None:
    examples = examples_of(5, 6, noise=0.4)
    person = examples.person.copy()
    person[[0, 29]] = person[[29, 0]]
    swapped = build(Examples(examples.vectors, person, examples.state), 5, similarity_norm.DEFAULT)
    assert {(row, likely) for row, likely, _ in swapped.outliers()} == {(0, 0), (29, 4)}
    assert build(examples, 5, similarity_norm.DEFAULT).outliers() == []


@pytest.mark.parametrize("most", [1, 2, 7])
def test_caps_hold_and_keep_the_middle(most: int) -> None:
    examples = examples_of(3, 5 * STATES, noise=1.0)
    kept = capped(examples, most)
    counts = np.unique(kept.person * STATES + kept.state, return_counts=True)[1]
    assert len(counts) == 3 * STATES and (counts == min(most, 5)).all()
    assert len(capped(kept, most)) == len(kept)


def test_what_a_cap_keeps_speaks_for_all() -> None:
    person, state = np.zeros(60, int), np.zeros(60, int)
    examples = Examples(faces_of(person, state, 2.0, seed=3), person, state)
    mean = examples.vectors.mean(axis=0)
    away = [
        np.linalg.norm(some.vectors.mean(axis=0) - mean)
        for some in (capped(examples, 10), *(examples.take(np.arange(i, 60, 6)) for i in range(6)))
    ]
    assert away[0] == min(away)


GOOD = examples_of(2, 3)


@pytest.mark.parametrize(
    ("vectors", "person", "state"),
    [
        (GOOD.vectors[0], GOOD.person, GOOD.state),
        (GOOD.vectors[1:], GOOD.person, GOOD.state),
        (GOOD.vectors, GOOD.person - 1, GOOD.state),
        (GOOD.vectors, GOOD.person, GOOD.state + STATES),
        (GOOD.vectors * np.nan, GOOD.person, GOOD.state),
    ],
)
def test_what_does_not_fit_together_is_refused(
    vectors: np.ndarray, person: np.ndarray, state: np.ndarray
) -> None:
    with pytest.raises(ValueError):
        Examples(vectors, person, state)


def test_an_example_of_somebody_else_is_refused() -> None:
    with pytest.raises(ValueError, match="expected below 1"):
        build(GOOD, 1, similarity_norm.DEFAULT)


def test_an_album_of_18000_faces_is_scored_in_seconds() -> None:
    import time

    found = build(examples_of(9, 4 * 40), 9, similarity_norm.DEFAULT)
    state = np.zeros(18_000, int)
    faces = np.tile(found.examples.vectors[:900], (20, 1))
    start = time.process_time()
    found.probability(faces, state)
    assert time.process_time() - start < 20
    assert gallery.NEAREST <= len(found.examples)


def test_faces_of_the_album_help_the_rest_but_not_their_own_burst() -> None:
    """Bare examples only; the album has the same people in masks, and strangers."""
    person = np.repeat(np.arange(4), 3)
    bare = Examples(faces_of(person, np.zeros(12, int), 1.0, 0), person, np.zeros(12, int))
    known = build(bare, 4, similarity_norm.DEFAULT)
    masked = np.ones(12, int)
    found = Examples(faces_of(person, masked, 1.0, 1), person, masked)
    larger = known.with_album(found, np.arange(12))
    others = np.repeat(np.arange(-1, 4), 12)
    state = np.ones(len(others), int)
    faces = faces_of(others, state, 1.0, 2)
    before, after = known.probability(faces, state), larger.probability(faces, state)
    mine = (np.flatnonzero(others >= 0), others[others >= 0])
    assert after[mine].mean() > before[mine].mean()
    assert (after.max(axis=1)[others < 0] < 0.5).mean() > 0.5
    own = larger.scores(found.vectors, found.state, np.arange(12))
    assert (own < larger.scores(found.vectors, found.state)).any(axis=1).all()


def test_faces_of_the_album_are_capped_too() -> None:
    known = build(examples_of(3, 4), 3, similarity_norm.DEFAULT)
    found = examples_of(3, 5 * STATES, seed=4)
    larger = known.with_album(found, np.arange(len(found)), per_state=2)
    assert larger.found is not None and len(larger.found) == len(larger.burst) == 3 * STATES * 2
    none = np.empty(0, dtype=np.int64)
    assert known.with_album(found.take(none), none).calibration == known.calibration


def test_a_weak_example_counts_less() -> None:
    """The face looks like the second example alone."""
    vectors = np.eye(3, 8, dtype=np.float32)
    person, state = np.zeros(2, int), np.zeros(2, int)
    scores = [
        build(
            Examples(vectors[:2], person, state, np.array([1.0, weight])),
            1,
            similarity_norm.DEFAULT,
        ).scores(vectors[1:2], [0])[0, 0]
        for weight in (1.0, 0.5, 0.1)
    ]
    assert scores[0] > scores[1] > scores[2] > 0


@pytest.mark.parametrize("weight", [np.zeros(2), np.full(2, 1.5), np.ones(3)])
def test_weights_that_are_none_are_refused(weight: np.ndarray) -> None:
    two = np.eye(2, 8, dtype=np.float32)
    with pytest.raises(ValueError, match="weight"):
        Examples(two, np.zeros(2, int), np.zeros(2, int), weight)


def test_siblings_resemble_and_are_not_one_person() -> None:
    person, state = np.repeat(np.arange(3), 4), np.zeros(12, int)
    vectors = np.eye(3, 8)[person]
    vectors[person == 1] = [0.2, 0.98, 0, 0, 0, 0, 0, 0]
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    family = Examples(unit, person, state)
    assert gallery.alike(family, similarity_norm.DEFAULT) == []
    assert gallery.alike(family, similarity_norm.DEFAULT, gallery.RESEMBLING) == [(0, 1)]


def test_a_stranger_who_comes_back_is_nobodys() -> None:
    """A face like one of nobody's looks less like a person than it would alone; its own burst has
    no say."""
    known = build(examples_of(3, 4), 3, similarity_norm.DEFAULT)
    stranger = faces_of(np.array([-1]), np.zeros(1, int), 0.0, 5)
    nobodys = Examples(stranger, np.array([3]), np.zeros(1, int))
    larger = known.with_album(nobodys, np.array([7]))
    scores = larger.scores(np.repeat(stranger, 2, axis=0), [0, 0], np.array([7, 8]))
    assert scores[0, -1] < known.calibration.unknown_logit < scores[1, -1]
    assert larger.of_scores(scores)[1].sum() < known.of_scores(scores[:1])[0].sum() + 1e-9
    many = Examples(
        np.repeat(stranger, 2 * gallery.MOST_UNKNOWN, axis=0),
        np.full(2 * gallery.MOST_UNKNOWN, 3),
        np.zeros(2 * gallery.MOST_UNKNOWN, int),
    )
    capped_too = known.with_album(many, np.arange(len(many)))
    assert capped_too.found is not None and len(capped_too.found) == gallery.MOST_UNKNOWN


@pytest.mark.parametrize("sure", [0.6, 0.9])
def test_a_stranger_who_comes_back_vouches_for_himself_no_surer_than_he_was(sure: float) -> None:
    known = build(examples_of(3, 4), 3, similarity_norm.DEFAULT)
    stranger = np.repeat(faces_of(np.array([-1]), np.zeros(1, int), 0.0, 5), 6, axis=0)
    taken = Examples(stranger, np.zeros(6, int), np.zeros(6, int), np.full(6, sure))
    again = known.with_album(taken, np.arange(6)).probability(stranger[:1], [0])
    assert known.probability(stranger[:1], [0])[0, 0] < again[0, 0] < sure + 0.05
