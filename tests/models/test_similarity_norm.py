"""Likeness: strangers are at 0 whatever they wear, and the figures survive a model's metadata."""

import json

import numpy as np
import pytest

from facesort.models.people import similarity_norm
from facesort.models.people.embed import unit
from facesort.models.people.similarity_norm import STATES, SimilarityNorm


def people_in_masks(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors of 60 people in every state; whoever wears a thing is drawn towards it."""
    rng = np.random.default_rng(seed)
    own, worn = rng.normal(size=(60, 32)), 2 * rng.normal(size=(STATES, 32))
    worn[0] = 0
    person, state = np.repeat(np.arange(60), STATES), np.tile(np.arange(STATES), 60)
    vectors = own[person] + worn[state] + 0.3 * rng.normal(size=(len(person), 32))
    return unit(vectors.astype(np.float32)), person, state


def test_strangers_are_at_nought_in_every_state() -> None:
    vectors, person, state = people_in_masks()
    found = similarity_norm.measure(vectors, person, state).of(vectors @ vectors.T, state, state)
    different = person[:, None] != person[None, :]
    for a in range(STATES):
        for b in range(STATES):
            pairs = found[different & (state[:, None] == a) & (state[None, :] == b)]
            assert abs(pairs.mean()) < 0.01 and abs(pairs.std() - 1) < 0.01


def test_it_survives_json() -> None:
    table = similarity_norm.measure(*people_in_masks())
    again = similarity_norm.from_json(table.to_json())
    assert np.allclose(again.mean, table.mean, atol=1e-4)
    assert np.allclose(again.spread, table.spread, atol=1e-4)


def test_a_table_without_names_is_of_the_first_four_classes() -> None:
    tables = {key: [[1 + a + b for a in range(4)] for b in range(4)] for key in ("mean", "spread")}
    table = similarity_norm.from_json(json.dumps(tables))
    assert table.mean[:4, :4].tolist() == table.spread[:4, :4].tolist() == tables["mean"]


def test_classes_are_found_by_name() -> None:
    """Other order, an alias, one that we do not know, and some that it does not know."""
    mean = [[0.9, 0.2, 0.3], [0.2, 0.1, 0.4], [0.3, 0.4, 0.5]]
    names = ["visor", "with_mask", "face"]
    text = json.dumps({"classes": names, "mean": mean, "spread": np.square(mean).tolist()})
    table = similarity_norm.from_json(text)
    assert table.mean[:2, :2].tolist() == [[0.5, 0.4], [0.4, 0.1]]
    assert (table.mean[2:] == 0.9).all() and (table.mean[:, 2:] == 0.9).all()
    assert np.allclose(table.spread, table.mean**2)


@pytest.mark.parametrize("names", [[], ["face"], ["mask", "masked"], ["face", 5], 5, [["face"]]])
def test_impossible_classes_are_refused(names: object) -> None:
    content = {"classes": names, "mean": [[0, 0], [0, 0]], "spread": [[1, 1], [1, 1]]}
    with pytest.raises((ValueError, TypeError)):
        similarity_norm.from_json(json.dumps(content))


def test_a_state_that_few_show_keeps_the_figures_of_all() -> None:
    vectors, person, state = people_in_masks()
    some = (state == 0) | (person < 2)
    table = similarity_norm.measure(vectors[some], person[some], state[some])
    assert table.mean[3, 3] == table.mean[1, 2] != table.mean[0, 0]


@pytest.mark.parametrize("n", [0, 1, 5])
def test_too_few_people_are_refused(n: int) -> None:
    with pytest.raises(ValueError, match="different people"):
        similarity_norm.measure(np.ones((n, 3), np.float32), np.zeros(n, int), np.zeros(n, int))


SQUARE = np.ones((STATES, STATES))


@pytest.mark.parametrize(
    ("mean", "spread"),
    [
        (SQUARE[:3], SQUARE),
        (SQUARE, 0 * SQUARE),
        (SQUARE, np.nan * SQUARE),
        (np.triu(SQUARE), SQUARE),
    ],
)
def test_impossible_figures_are_refused(mean: np.ndarray, spread: np.ndarray) -> None:
    with pytest.raises(ValueError):
        SimilarityNorm(mean, spread)
