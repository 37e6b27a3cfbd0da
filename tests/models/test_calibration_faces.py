"""Each face of people in real masks, and once more in somebody's sunglasses."""

import numpy as np
import pytest

from facesort.classes import EYES, MOUTH
from facesort.errors import DatasetError
from facesort.models.people.calibration_faces import of_states, put_on
from facesort.models.people.gather import UNKNOWN, GatheredFaces


def people(state: list[int], person: list[int], worn_kind: int = EYES) -> GatheredFaces:
    """Grey faces; the last one wears a white band over its eyes."""
    n = len(state)
    crops = np.full((n, 160, 160, 3), 100, np.uint8)
    worn = np.zeros((1, 80, 80), np.uint8)
    worn[:, 25:35] = 255
    crops[-1, 50:70] = 200
    points = np.zeros((n, 5, 2))
    return GatheredFaces(
        crops,
        points,
        points,
        np.array(person),
        np.array(state),
        np.zeros(n, dtype=np.int64),
        worn,
        np.array([n - 1]),
        np.array([worn_kind]),
    )


def test_everybody_who_was_seen_masked_is_in_all_states() -> None:
    data = people([0, MOUTH, 0, EYES | MOUTH, EYES], [0, 0, 1, 2, UNKNOWN])
    chosen = np.ones(5, dtype=bool)
    faces, person, state = of_states(data, chosen, np.random.default_rng(0))
    # person 1 was never seen masked; who wears sunglasses already gets no second pair
    assert person.tolist() == [0, 0, 2, 0, 0]
    assert state.tolist() == [0, MOUTH, EYES | MOUTH, EYES, EYES | MOUTH]
    assert len(faces) == 5 and np.array_equal(faces[0], data.crops[0])
    assert not np.array_equal(faces[3], data.crops[0])


def test_glasses_are_put_where_they_were_worn() -> None:
    data = people([0, EYES], [0, UNKNOWN])
    worn = put_on(data.crops[0], data, 0).astype(int)
    assert (worn[53:67] > 150).all() and (worn[:45] == 100).all() and (worn[75:] == 100).all()


@pytest.mark.parametrize(
    ("state", "person", "kind"),
    [([0, EYES], [0, UNKNOWN], EYES), ([MOUTH, EYES], [0, UNKNOWN], MOUTH)],
    ids=["nobody in a mask", "no glasses"],
)
def test_what_is_missing_is_named(state: list[int], person: list[int], kind: int) -> None:
    data = people(state, person, kind)
    with pytest.raises(DatasetError, match="expected some"):
        of_states(data, np.ones(2, dtype=bool), np.random.default_rng(0))
