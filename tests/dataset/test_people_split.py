"""People stay in their part, in every run and on every machine."""

from hypothesis import given
from hypothesis import strategies as st

from facesort.dataset.people_split import PARTS, TEST, TRAIN, VALIDATION, part_of


def test_the_split_is_what_it_was() -> None:
    """Weights were trained by it: another hash would judge them on people they know."""
    found = [part_of("lfw", name) for name in ("Ana", "Zoe", "Max", "Leo", "Mia", "Tim", "Ida")]
    assert found == ["train", "validation", "test", "train", "validation", "validation", "test"]


@given(st.text(), st.text())
def test_everybody_has_one_part(dataset: str, person: str) -> None:
    assert part_of(dataset, person) == part_of(dataset, person)
    assert part_of(dataset, person) in PARTS


def test_shares_are_about_60_15_25() -> None:
    parts = [part_of("x", str(i)) for i in range(4000)]
    for part, share in ((TRAIN, 0.6), (VALIDATION, 0.15), (TEST, 0.25)):
        assert abs(parts.count(part) / len(parts) - share) < 0.03
