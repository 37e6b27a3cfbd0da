"""The golden text formats: inference results, CSV rows, JSON lines."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesort.album import manifest
from facesort.errors import LabelError
from facesort.media import outputs
from facesort.media.frame_results import Face, FrameResult
from facesort.media.sources import Source

NO_PIXELS = np.zeros((0, 0, 3), np.uint8)


def look(*faces: Face, name: str = "a.jpg", frame: int | None = None) -> FrameResult:
    source = Source("photo" if frame is None else "video", name, name)
    time_s = None if frame is None else frame / 25
    return FrameResult(source, "a", NO_PIXELS, (640, 480), faces, 1.0, frame, time_s)


MASKED = Face((782.4, 289.6, 811.2, 326.0), "masked", 0.98152)
WILD = Face((-3.0, 1.5, 20.0, 500.0), "cat", 0.5, track=7)


def test_results_are_the_source_systems() -> None:
    """Its own file has ``782 290 811 326 0.981520``."""
    wide = FrameResult(Source("photo", "x", "57_53.jpg"), "x", NO_PIXELS, (1024, 768), (MASKED,))
    assert outputs.of_look(wide) == "57_53.jpg\n782 290 811 326 0.981520\n"
    assert outputs.of_look(look()) == "a.jpg\n"
    assert outputs.of_look(look(WILD, frame=12)) == "a.jpg#12\n0 2 20 480 0.500000\n"
    assert outputs.of_look(look(name="a\nb.jpg")) == "a\\nb.jpg\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("a b c d.jpg\n", {"a b c d.jpg": []}),
        ("a\n1 2 3 4 0.5\nb\n", {"a": [((1, 2, 3, 4), 0.5)], "b": []}),
        ("1 2 3 4 x\n", {"1 2 3 4 x": []}),
    ],
)
def test_results_are_read(tmp_path: Path, text: str, expected: dict[str, object]) -> None:
    file = tmp_path / "x_inference_results.txt"
    file.write_text(text, encoding="utf-8")
    assert outputs.read(file) == expected


def test_a_face_without_a_image_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x_inference_results.txt"
    file.write_text("1 2 3 4 0.5\n")
    with pytest.raises(LabelError, match=r"x_inference_results\.txt: line 1: '1 2 3 4 0\.5'"):
        outputs.read(file)


sides = st.integers(0, 10_000)
boxes = st.tuples(sides, sides, sides, sides)
faces = st.lists(st.tuples(boxes, st.integers(0, 10**6)), max_size=3)


@given(st.dictionaries(st.text("aé한 ._-", min_size=1), faces, max_size=3))
def test_results_round_trip(tmp_path_factory: pytest.TempPathFactory, images: dict) -> None:
    wanted = {
        name: [(box, score / 10**6) for box, score in found] for name, found in images.items()
    }
    file = tmp_path_factory.mktemp("round") / "r.txt"
    text = "".join(outputs.render(name, found) for name, found in wanted.items())
    file.write_text(text, encoding="utf-8")
    assert outputs.read(file) == wanted


def test_csv_has_the_manifests_columns() -> None:
    assert outputs.COLUMNS[: len(outputs.MANIFEST)] == manifest.COLUMNS[:-2]
    assert outputs.csv_rows(look()) == "a.jpg" + "," * 11 + "\r\n"
    assert (
        outputs.csv_rows(look(MASKED)) == "a.jpg,782.4,289.6,811.2,326.0,masked,1,0,0.9815,,,\r\n"
    )
    assert outputs.csv_rows(look(WILD, name='a,"b', frame=12)) == (
        '"a,""b",-3.0,1.5,20.0,500.0,cat,,,0.5000,12,0.480,7\r\n'
    )


def test_names_that_are_no_unicode_are_written_as_in_the_manifest() -> None:
    odd = look(name="bad\udcff.jpg")
    assert outputs.of_look(odd) == "bad\\xff.jpg\n"
    assert outputs.csv_rows(odd).startswith("bad\\xff.jpg,")
    assert json.loads(outputs.json_line(odd))["photo"] == "bad\\xff.jpg"


def test_json_lines() -> None:
    assert json.loads(outputs.json_line(look())) == {
        "photo": "a.jpg",
        "width": 640,
        "height": 480,
        "faces": [],
    }
    line = json.loads(outputs.json_line(look(WILD, MASKED, frame=12)))
    assert (line["frame"], line["time_s"]) == (12, 0.48)
    assert line["faces"][0] == {
        "xyxy": [-3.0, 1.5, 20.0, 500.0],
        "class": "cat",
        "mouth": None,
        "eyes": None,
        "confidence": 0.5,
        "track": 7,
    }
    assert (line["faces"][1]["mouth"], line["faces"][1]["eyes"]) == (1, 0)
