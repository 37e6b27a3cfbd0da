"""Folds: like images stay together, classes are spread, nothing depends on the order."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from small_sets import image, jpeg, write_set

from facesort.dataset.folds import deal, read_folds, write_folds
from facesort.errors import DatasetError


@pytest.mark.parametrize(
    ("groups", "classes", "k", "expected"),
    [
        ([], [], 2, []),
        ([0], [{0}], 2, [0]),
        ([0, 0, 2], [{0}, {0}, {0}], 2, [1, 1, 0]),
        ([0, 1, 2, 3], [{0, 1}, {0}, {0, 1}, {0}], 2, [0, 0, 1, 1]),  # a rare class in each
    ],
)
def test_deal(groups: list[int], classes: list[set[int]], k: int, expected: list[int]) -> None:
    names = [f"{i}.jpg" for i in range(len(groups))]
    fold = deal(names, groups, classes, k)
    assert sorted(np.bincount(fold, minlength=k)) == sorted(np.bincount(expected, minlength=k))
    for rare in set().union(*classes):
        spread = np.bincount([f for f, c in zip(fold, classes, strict=True) if rare in c])
        assert len(classes) < 4 or spread.max() <= 2
    assert all(
        len({f for f, g in zip(fold, groups, strict=True) if g == one}) == 1 for one in groups
    )


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sets(st.integers(0, 3))), max_size=30),
    st.integers(2, 5),
    st.randoms(use_true_random=False),
)
def test_deal_keeps_groups_and_does_not_care_for_order(pairs, k, random) -> None:  # type: ignore[no-untyped-def]
    names = [f"{i}.jpg" for i in range(len(pairs))]
    groups, classes = [g for g, _ in pairs], [c for _, c in pairs]
    fold = deal(names, groups, classes, k)
    of_group = dict(zip(groups, fold, strict=True))
    assert [of_group[g] for g in groups] == list(fold)
    sizes = np.bincount([f for f in of_group.values()], minlength=k)
    assert sizes.max() - sizes.min() <= 1

    order = list(range(len(pairs)))
    random.shuffle(order)
    again = deal(
        [names[i] for i in order], [groups[i] for i in order], [classes[i] for i in order], k
    )
    assert [fold[i] for i in order] == list(again)


def small_set(root: Path) -> Path:
    """Five images in four groups (b is a again, in the other split), and what must stay out."""
    images = {f"train/{name}.jpg": jpeg(image(i)) for i, name in enumerate("acd")}
    images |= {"val/b.jpg": jpeg(image(0)), "val/ü e.jpg": jpeg(image(9))}
    images |= {
        "train/synthetic_a.jpg": jpeg(image(5)),
        "train/composed_1.jpg": jpeg(image(6)),
    }
    images |= {"train/broken.jpg": b"no image", "test/t.jpg": jpeg(image(7))}
    labels: dict[str, str | bytes] = {f"{n[:-4]}.txt": "1 .5 .5 .4 .4\n" for n in images}
    return write_set(root, images, labels | {"train/d.txt": "9 .5 .5 .4 .4\n"})


def test_folds_of_a_data_set(tmp_path: Path) -> None:
    data = small_set(tmp_path / "set")
    folds = read_folds(data, 2)
    fold = {p.name: f for p, f in zip(folds.images, folds.fold, strict=True)}
    assert sorted(fold) == ["a.jpg", "b.jpg", "c.jpg", "ü e.jpg"]
    assert fold["a.jpg"] == fold["b.jpg"] and folds.groups == 3
    assert folds.left_out["pasted together from several"] == 2
    assert sum(folds.left_out.values()) == 4
    assert any("broken.jpg" in reason for reason in folds.left_out)
    assert any("d.txt" in reason for reason in folds.left_out)

    first, second = write_folds(folds, tmp_path / "out")
    lists = {}
    for config in (first, second):
        content = yaml.safe_load(config.read_text(encoding="utf-8"))
        assert list(content["names"].values())[1] == "masked"
        for split in ("train", "val"):
            text = (Path(content["path"]) / content[split]).read_text(encoding="utf-8")
            lists[config.stem, split] = set(text.splitlines())
    assert all(Path(p).is_file() for paths in lists.values() for p in paths)
    assert lists["fold1", "train"] == lists["fold2", "val"]
    assert lists["fold1", "val"] == lists["fold2", "train"]
    assert not lists["fold1", "train"] & lists["fold1", "val"]

    assert read_folds(data, 2).digest() == folds.digest() != read_folds(data, 3).digest()


def test_too_few_images_are_told(tmp_path: Path) -> None:
    data = small_set(tmp_path / "set")
    reason = "3 groups of like images in train and val; expected at least 4 for 4 folds"
    with pytest.raises(DatasetError, match=re.escape(reason)):
        read_folds(data, 4)
