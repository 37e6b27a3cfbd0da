"""What of one network fits another: counted by name and shape."""

import pytest

from facesort.models.training.start import Transfer


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [
        ([], [], (0, 0, 0, 0)),
        ([], [(3, 4)], (0, 2, 0, 16)),
        ([(3, 4)], [(3, 4)], (2, 2, 16, 16)),
        ([(3, 4)], [(3, 4), (4, 2)], (2, 4, 16, 26)),  # one layer more
        ([(3, 4), (4, 80)], [(3, 4), (4, 2)], (2, 4, 16, 26)),  # other classes
        ([(5, 4)], [(3, 4)], (1, 2, 4, 16)),  # of another size: its bias alone
    ],
)
def test_transfer(
    given: list[tuple[int, int]],
    wanted: list[tuple[int, int]],
    expected: tuple[int, int, int, int],
) -> None:
    from torch import nn

    source, target = (nn.Sequential(*(nn.Linear(*size) for size in s)) for s in (given, wanted))
    assert Transfer.between(source, target) == Transfer(*expected)


def test_it_is_said_in_one_line() -> None:
    assert str(Transfer(1, 2, 3, 4000)) == (
        "transferred 1 of 2 tensors, 3 of 4,000 parameters; the rest starts from scratch"
    )
    assert str(Transfer(2, 2, 9, 9)) == "transferred 2 of 2 tensors, 9 of 9 parameters"
