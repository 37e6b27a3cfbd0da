"""Work ahead, in order, within bounds."""

from __future__ import annotations

import pytest

from facesort.parallel import AHEAD, ordered_map


@pytest.mark.parametrize("items", [[], [3], list(range(50))])
def test_results_come_in_order(items: list[int]) -> None:
    assert list(ordered_map(lambda item: item * 2, items, workers=3)) == [2 * i for i in items]


def test_it_does_not_run_far_ahead() -> None:
    drawn = []
    results = ordered_map(str, (drawn.append(i) or i for i in range(100)), workers=2)
    assert next(results) == "0"
    assert len(drawn) == 2 * AHEAD
    results.close()  # type: ignore[attr-defined]


def test_an_error_surfaces_at_its_turn_and_stops_the_rest() -> None:
    begun = []

    def work(item: int) -> int:
        begun.append(item)
        return 1 // (3 - item)

    results = ordered_map(work, range(1000), workers=1)
    assert [next(results), next(results), next(results)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert len(begun) < 10
