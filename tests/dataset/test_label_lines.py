"""The lenient reader tells every bad line, and never stops at one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesort.dataset.check.lint import leaves
from facesort.dataset.check.sample import clipped, read_lines


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", []),
        ("\n  \n", []),
        ("0 .5 .5 .1 .1", [""]),
        ("0 .5 .5 .1", ["4 fields; expected 5"]),
        ("0 .5 .5 .1 .1 .9", ["6 fields; expected 5"]),
        ("face .5 .5 .1 .1", ["'face' is not a number"]),
        ("0.5 .5 .5 .1 .1", ["class 0.5 is not a whole number"]),
        ("0 nan .5 .1 .1\n0 inf .5 .1 .1", ["'nan' is not a number", "'inf' is not a number"]),
        ("1_0 .5 .5 .1 .1", ["'1_0' is not a number"]),
        ("\ufeff0 .5 .5 .1 .1", ["'\ufeff0' is not a number"]),
        ("0 .1 .1 .3 .1 .3 .5", [""]),  # a polygon
        ("-1 .5 .5 .1 .1\n99 7 7 7 7", ["", ""]),  # five numbers: for the other checks to judge
    ],
)
def test_every_line_is_told(text: str, faults: list[str]) -> None:
    assert [line.fault for line in read_lines(text)] == faults


def test_lines_are_numbered_as_in_an_editor() -> None:
    assert [line.number for line in read_lines("\n0 .5 .5 .1 .1\n\nx\n")] == [2, 4]


def test_keypoints_follow_the_box() -> None:
    pose = "0 .5 .5 .2 .2 .4 .4 2 .6 .4 2"
    (line,) = read_lines(pose, keypoint_fields=6)
    assert line.xywhn == (0.5, 0.5, 0.2, 0.2) and not line.fault
    assert read_lines("0 .5 .5 .2 .2", 6)[0].fault == "5 fields; expected 11"


def test_a_polygon_is_the_box_around_it() -> None:
    (line,) = read_lines("2 .1 .2 .3 .2 .3 .6")
    assert line.class_id == 2
    assert line.xyxyn == pytest.approx((0.1, 0.2, 0.3, 0.6))


@given(st.text(max_size=80), st.sampled_from([0, 6]))
def test_nothing_stops_the_reader(text: str, keypoint_fields: int) -> None:
    lines = read_lines(text, keypoint_fields)
    assert len(lines) == sum(bool(line.strip()) for line in text.splitlines())


number = st.floats(-0.5, 1.5).map(lambda v: f"{v:.6f}")


@given(st.tuples(number, number, number, number), st.sampled_from(["", " .1 .1", " .4 .9 .2 .2"]))
def test_what_is_clipped_stays_inside(box: tuple[str, ...], more: str) -> None:
    (line,) = read_lines(" ".join(["3", *box]) + more)
    if line.fault or min(line.xywhn[2:]) <= 0:
        return
    (again,) = read_lines(clipped(line))
    assert again.fault == "" and again.class_id == 3
    assert not leaves(again)
