"""Flags in names: round trip, what they mean, and names that contradict themselves."""

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesort.classes import CLASS_NAMES
from facesort.errors import LabelError
from facesort.labels import flags
from facesort.labels.flags import OTHER, Flags

bits = st.booleans()


@given(st.builds(Flags, bits, bits, bits), st.text(max_size=20).filter(lambda s: "/" not in s))
def test_what_is_written_is_read_back(written: Flags, rest: str) -> None:
    assert flags.parse(flags.render(written, rest)) == written


@pytest.mark.parametrize(
    ("name", "class_name"),
    [
        ("0_0_0", "face"),
        ("1_0_1", "masked"),
        ("1_1_0", "sunglasses"),
        ("1_1_1", "masked_sunglasses"),
        ("1_0_1.jpg", "masked"),
        ("1_0_1_0001.jpg", "masked"),
        ("1_1_0abc_2.jpg", "sunglasses"),
        ("1_0_0_0001.jpg", OTHER),
    ],
)
def test_what_the_flags_mean(name: str, class_name: str) -> None:
    assert flags.parse(name).class_name == class_name


@pytest.mark.parametrize("name", ["", "a.jpg", "1_0", "1_0_", "2_0_0", "10_0_0", "1_0_x.jpg", "__"])
def test_a_name_without_flags_is_an_error(name: str) -> None:
    with pytest.raises(LabelError, match="no flags; expected <occluded>_<top>_<bottom>"):
        flags.parse(name)


@pytest.mark.parametrize("name", ["0_1_0", "0_0_1", "0_1_1"])
def test_not_occluded_yet_a_part_is_contradicts_itself(name: str) -> None:
    assert flags.parse(name).is_mislabel
    with pytest.raises(LabelError, match="not occluded, yet"):
        _ = flags.parse(name).class_name


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.jpg", []),
        ("1_0_1/a.jpg", ["1_0_1"]),
        ("1_0_1/more/a.jpg", ["1_0_1"]),
        ("0_0_0/1_0_1/a.jpg", ["1_0_1"]),  # the nearest folder
        ("train/1_0_1_7.jpg", ["1_0_1"]),
        ("1_1_0/1_0_1_7.jpg", ["1_0_1", "1_1_0"]),
    ],
)
def test_file_and_nearest_folder(path: str, found: list[str]) -> None:
    assert [flags.render(f) for f in flags.find(PurePosixPath(path))] == found


def test_share() -> None:
    assert flags.share([]) == 0
    assert flags.share(PurePosixPath(p) for p in ("1_0_1.jpg", "a.jpg")) == 0.5


def test_every_image_is_read_or_refused(tmp_path: Path) -> None:
    reasons = {
        "0_0_0/1.jpg": "face",
        "1_1_1/1.jpg": "masked_sunglasses",
        "1_0_1_1.jpg": "masked",
        "1_0_0_1.jpg": OTHER,
        "0_1_0_1.jpg": "mislabelled flags",
        "1_1_1/1_0_1_1.jpg": "mislabelled flags",
        "holiday.jpg": "no flags in the name",
    }
    for name in [*reasons, "notes.txt"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    source = flags.read(tmp_path)
    told = {path: name for path, name in source.crops} | {r.path: r.reason for r in source.refused}
    assert told == {tmp_path / name: reason for name, reason in reasons.items()}
    assert {name for _, name in source.crops} <= {*CLASS_NAMES, OTHER}
    assert source.notes == ("passed over, no images: 1 .txt",)
