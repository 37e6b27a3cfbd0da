"""The split keeps groups together, spreads rare classes, and does not depend on order."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from facesort.dataset.splits import group_by_hash, split_names


def test_empty() -> None:
    assert split_names([], [], []) == []


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=60))
def test_a_group_is_never_torn_apart(photos: list[tuple[int, int]]) -> None:
    names = [f"{i}.jpg" for i in range(len(photos))]
    groups = [group for group, _ in photos]
    split = split_names(names, groups, [{c} for _, c in photos])
    for group in set(groups):
        assert len({s for s, g in zip(split, groups, strict=True) if g == group}) == 1


def test_every_class_is_in_every_split_and_order_does_not_matter() -> None:
    names = [f"{i}.jpg" for i in range(430)]
    classes = [{3} if i < 30 else {0} for i in range(430)]
    split = split_names(names, range(430), classes)
    assert Counter(split[:30]) == {"train": 23, "val": 3, "test": 4}
    assert Counter(split[30:]) == {"train": 300, "val": 40, "test": 60}
    turned = split_names(names[::-1], range(430), classes[::-1])
    assert turned[::-1] == split


def test_near_duplicates_are_chained_and_others_are_not() -> None:
    a = 0x0F0F_0F0F_0F0F_0F0F
    near, nearer = a ^ 0b1111, a ^ 0b1111_0000_1111  # 4 and 8 bits away from a
    far = ~a & 0xFFFF_FFFF_FFFF_FFFF
    assert group_by_hash([]).tolist() == []
    assert group_by_hash([a, far, near, nearer], max_bits=4).tolist() == [0, 1, 0, 0]
    assert group_by_hash([a, far, nearer], max_bits=4).tolist() == [0, 1, 2]
    assert group_by_hash([7, 7], max_bits=0).dtype == np.int64
