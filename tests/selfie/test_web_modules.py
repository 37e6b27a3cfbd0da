"""The page's modules give Python's numbers: resizing, letterbox, suppression, measures, advice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import DECODE, as_js, open_page, served
from numpy.typing import NDArray

from facesort.boxes import as_boxes
from facesort.classes import CLASS_NAMES, FaceClass
from facesort.detections import Detections, FoundFaces
from facesort.media.selfie_check import MainFace
from facesort.media.selfie_web import PAGES
from facesort.models.detect import YoloDetector, with_second_looks
from facesort.models.input_size import InputSizes
from facesort.models.letterbox import (
    GREY,
    IOU_SAME_FACE,
    MAX_FACES,
    STRIDES,
    decode,
    letterbox,
    suppress,
)
from facesort.models.occlusion_scores import BORDER, LOOK_PX, ROOM, SAME_IOU, cover_scores
from facesort.models.people.align import warp
from facesort.models.second_look import without_nested
from facesort.photos import Photo
from facesort.selfie.check import check_selfie
from facesort.selfie.limits import read_limits
from facesort.selfie.words import words_of

ROOT = Path(__file__).resolve().parents[2]
LIMITS = read_limits(ROOT / "data_configs" / "selfie.yaml")
DETECTOR = {
    "grey": GREY,
    "stride": 32,
    "square": False,
    "end2end": False,
    "iou_same_face": IOU_SAME_FACE,
    "max_faces": MAX_FACES,
}
SIZES_WH = [
    (1, 1),
    (3, 2),
    (54, 205),
    (152, 124),
    (640, 480),
    (301, 200),
    (1111, 640),
    (100, 700),
    (700, 9),
]


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    with served(PAGES) as address, open_page(f"{address}lib/index.d.ts") as page:
        yield page


def image(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth and noisy at once, as photos are."""
    rng = np.random.default_rng(seed)
    x, y = np.linspace(0, 6, width), np.linspace(0, 5, height)[:, None]
    smooth = 120 + 70 * np.sin(x + y)[..., None] + 20 * rng.normal(size=(height, width, 3))
    return np.clip(smooth, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("size_wh", SIZES_WH)
def test_the_letterbox_is_that_of_python(page: Any, size_wh: tuple[int, int]) -> None:
    rgb = image(*size_wh)
    expected, fit = letterbox(rgb, 256)
    code = f"""async ([seen, settings]) => {{ {DECODE}
      const {{ letterbox }} = await import("/lib/detect.js");
      const {{ pixels, dims, fit }} = letterbox(image(seen), 256, settings);
      const bytes = Array.from(pixels, (value) => Math.round(value * 255));
      return {{ bytes, dims, scale: fit.scale, left: fit.left, top: fit.top }}; }}"""
    got = page.evaluate(code, [as_js(rgb), DETECTOR])
    assert got["dims"] == list(expected.shape)
    assert (got["scale"], (got["left"], got["top"])) == (fit.scale, fit.left_top_px)
    ours = np.array(got["bytes"]).reshape(expected.shape)
    np.testing.assert_array_equal(ours, np.rint(expected * 255))


@pytest.mark.parametrize("faces", [0, 1, 40])
def test_the_raw_output_is_read_as_by_python(page: Any, faces: int) -> None:
    rng = np.random.default_rng(faces)
    raw = np.zeros((8, 60), np.float32)
    raw[:4, :faces] = rng.uniform(20, 200, (4, faces))
    raw[4:, :faces] = rng.uniform(0, 1, (4, faces))
    rgb = image(301, 200)
    fit = letterbox(rgb, 256)[1]
    expected = decode(raw, fit, 0.3)
    code = f"""async ([seen, raw, settings]) => {{ {DECODE}
      const {{ decode, letterbox }} = await import("/lib/detect.js");
      const {{ fit }} = letterbox(image(seen), 256, settings);
      const output = {{ data: Float32Array.from(raw), dims: [1, 8, 60] }};
      return decode(output, fit, 0.3, settings); }}"""
    got = page.evaluate(code, [as_js(rgb), raw.ravel().tolist(), DETECTOR])
    assert [face["classId"] for face in got] == expected.class_id.tolist()
    np.testing.assert_allclose([f["confidence"] for f in got], expected.confidence, atol=1e-6)
    boxes = as_boxes([face["box"] for face in got])
    np.testing.assert_allclose(boxes, expected.xyxy_px, atol=1e-3)


def squares(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """A network that calls a red, green or blue place a face, less surely where it is dark to the
    left, and further to the right and below: left and right are not alike to it, and no two places
    are equally sure."""
    _, _, h, w = pixels.shape
    columns = []
    for stride in STRIDES:
        for y in range(stride // 2, h, stride):
            for x in range(stride // 2, w, stride):
                colour = pixels[0, :, y, x]
                left = pixels[0, :, y, max(0, x - stride)].max()
                sure = (0.6 + 0.3 * left) * (1 - 0.3 * x / w - 0.17 * y / h) * (stride == 32)
                scores = [*(colour - colour.min()) * sure]
                columns.append([x, y, 2 * stride, 2 * stride, *scores, 0])
    return np.array(columns, np.float32).T


SQUARES_JS = """async (pixels, dims) => {
  const [, , h, w] = dims; const plane = h * w; const columns = [];
  for (const stride of [8, 16, 32])
    for (let y = stride / 2; y < h; y += stride)
      for (let x = stride / 2; x < w; x += stride) {
        const at = (place) => [0, 1, 2].map((c) => pixels[c * plane + y * w + place]);
        const colour = at(x); const left = Math.max(...at(Math.max(0, x - stride)));
        const least = Math.min(...colour);
        const place = 1 - (0.3 * x) / w - (0.17 * y) / h;
        const factor = stride === 32 ? (0.6 + 0.3 * left) * place : 0;
        columns.push([x, y, 2 * stride, 2 * stride, ...colour.map((v) => (v - least) * factor), 0]);
      }
  const data = new Float32Array(8 * columns.length);
  columns.forEach((column, i) =>
    column.forEach((v, row) => { data[row * columns.length + i] = v; }));
  return { data, dims: [1, 8, columns.length] }; }"""


@pytest.mark.parametrize(
    ("size_wh", "box"),
    [
        ((200, 160), (20, 30, 90, 120)),  # small: seen at its own scale, and mirrored
        ((120, 220), (0, 0, 120, 220)),
        ((640, 480), (300, 100, 420, 260)),  # one look
        ((640, 480), (100, 20, 620, 470)),  # fills the frame: a second look
        ((800, 600), (0, 0, 60, 60)),
        ((640, 480), (0, 0, 0, 0)),  # nothing
    ],
)
def test_an_image_is_looked_at_as_by_python(
    page: Any, size_wh: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    rgb = np.full((size_wh[1], size_wh[0], 3), 60, np.uint8)
    x1, y1, x2, y2 = box
    rgb[y1:y2, x1 : (x1 + x2) // 2, 0] = 250
    rgb[y1:y2, (x1 + x2) // 2 : x2, 1] = 200
    plain = YoloDetector(squares, ("a", "b", "c", "d"), 640, "", conf=0.3)
    expected = with_second_looks(plain).detect([rgb])[0]
    code = f"""async ([seen, settings]) => {{ {DECODE}
      const {{ detect }} = await import("/lib/detect.js");
      return detect({SQUARES_JS}, image(seen), 640, settings); }}"""
    settings = {**DETECTOR, "conf": 0.3, "sizes": asdict(InputSizes())}
    got = page.evaluate(code, [as_js(rgb), settings])
    assert [face["classId"] for face in got] == expected.class_id.tolist()
    np.testing.assert_allclose([f["confidence"] for f in got], expected.confidence, atol=0.01)
    boxes = as_boxes([face["box"] for face in got])
    np.testing.assert_allclose(boxes, expected.xyxy_px, atol=0.5)
    assert (len(expected) > 0) == (box != (0, 0, 0, 0))


def raw_of_faces(seed: int, width_px: int) -> NDArray[np.float32]:
    """A raw output (8, 12): some large faces and some small ones within, in network pixels."""
    rng = np.random.default_rng([seed, width_px])
    raw = np.zeros((8, 12), np.float32)
    raw[:2] = rng.uniform(0.35, 0.6, (2, 12)) * width_px
    raw[2:4] = rng.choice([0.15, 0.4, 0.6], (1, 12)) * width_px * rng.uniform(0.95, 1.05, (2, 12))
    raw[4:] = rng.uniform(0, 0.9, (4, 12)) ** 2
    return raw


def network(seed: int) -> YoloDetector:
    """One that says of each input what `raw_of_faces` has for its width."""
    detector = YoloDetector(
        lambda pixels: raw_of_faces(seed, pixels.shape[3]), CLASS_NAMES, 256, "none", conf=0.3
    )
    return with_second_looks(detector)


IN_JS = """
const forwardOf = (raws) => async (_, dims) =>
  ({ data: Float32Array.from(raws[dims[3]]), dims: [1, 8, 12] });
"""


def raws_in_js(seed: int) -> dict[int, list[float]]:
    return {px: raw_of_faces(seed, px).ravel().tolist() for px in range(32, 257, 32)}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size_wh", [(640, 480), (480, 640), (200, 150)])
def test_further_looks_are_joined_as_by_python(
    page: Any, seed: int, size_wh: tuple[int, int]
) -> None:
    rgb = image(*size_wh)
    expected = network(seed).detect([rgb])[0]
    settings = DETECTOR | {"conf": 0.3, "sizes": asdict(InputSizes())}
    code = f"""async ([seen, raws, settings]) => {{ {DECODE} {IN_JS}
      const {{ detect }} = await import("/lib/detect.js");
      return detect(forwardOf(raws), image(seen), 256, settings); }}"""
    got = page.evaluate(code, [as_js(rgb), raws_in_js(seed), settings])
    assert [face["classId"] for face in got] == expected.class_id.tolist()
    boxes = as_boxes([face["box"] for face in got])
    np.testing.assert_allclose(boxes, expected.xyxy_px, atol=1e-3)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("box", [(50.0, 40, 110, 120), (-9.0, -9, 90, 80), (0.0, 0, 0.3, 0.2)])
def test_what_is_covered_is_read_as_by_python(page: Any, seed: int, box: tuple[float, ...]) -> None:
    rgb, found = image(160, 150), Detections(as_boxes([box]), np.array([3]), np.array([0.7]))
    face = MainFace(found, found.xyxy_px[0], np.zeros((5, 2)), 0.7, FaceClass(3))
    expected = cover_scores(network(seed), rgb, face.xyxy_px) or face.covers()
    covers = {"look_px": LOOK_PX, "room": ROOM, "border": BORDER, "same_iou": SAME_IOU}
    settings = {"covers": covers, "detector": DETECTOR | {"names": list(CLASS_NAMES)}}
    code = f"""async ([seen, raws, face, settings]) => {{ {DECODE} {IN_JS}
      const {{ coverScores }} = await import("/lib/covers.js");
      return coverScores(forwardOf(raws), image(seen), face, settings); }}"""
    said = {"box": list(box), "classId": 3, "confidence": 0.7}
    got = page.evaluate(code, [as_js(rgb), raws_in_js(seed), said, settings])
    assert got == pytest.approx(asdict(expected), abs=1e-5)


WHITE_JS = """async (pixels, [, , h, w]) => {
  const at = [...pixels.subarray(0, h * w).keys()].filter((i) => pixels[i] > 0.9);
  const range = (values) => [Math.min(...values), Math.max(...values) + 1];
  const [x1, x2] = range(at.map((i) => i % w));
  const [y1, y2] = range(at.map((i) => Math.floor(i / w)));
  const row = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1, 0, 0.8, 0, 0];
  return { data: Float32Array.from(at.length ? row : row.fill(0)), dims: [1, 8, 1] }; }"""


@pytest.mark.parametrize(
    ("now", "is_found"),
    [
        ((100, 60, 200, 180), True),
        ((115, 70, 225, 200), True),
        ((0, 30, 90, 150), False),  # went too far in one frame
        ((0, 0, 0, 0), False),
    ],
)
def test_a_face_is_followed_from_one_frame_to_the_next(
    page: Any, now: tuple[int, int, int, int], is_found: bool
) -> None:
    """The network here finds what is white, a mask to it."""
    rgb = np.full((240, 320, 3), 60, np.uint8)
    rgb[now[1] : now[3], now[0] : now[2]] = 255
    covers = {"look_px": LOOK_PX, "room": ROOM, "border": BORDER, "same_iou": SAME_IOU}
    detector = DETECTOR | {"names": list(CLASS_NAMES), "sizes": asdict(InputSizes())}
    code = f"""async ([seen, box, settings]) => {{ {DECODE}
      const {{ follow }} = await import("/lib/covers.js");
      return follow({WHITE_JS}, image(seen), box, settings); }}"""
    settings = {"covers": covers, "detector": detector}
    got = page.evaluate(code, [as_js(rgb), [100, 60, 200, 180], settings])
    assert (got is not None) == is_found
    if is_found:
        assert got["face"]["box"] == pytest.approx(list(now), abs=2)
        assert got["face"]["classId"] == 1
        assert got["covers"] == pytest.approx({"eyes": 0, "mouth": 1})


def test_suppression_keeps_what_python_keeps(page: Any) -> None:
    rng = np.random.default_rng(3)
    low = rng.uniform(0, 60, (80, 2))
    boxes = np.hstack([low, low + rng.uniform(5, 60, (80, 2))])
    code = """async ([boxes, iou]) => { const { suppress } = await import("/lib/boxes.js");
      return suppress(boxes.map((box, i) => ({ box, i })), iou).map((face) => face.i); }"""
    for max_iou in (0.1, 0.5, 0.9):
        assert page.evaluate(code, [boxes.tolist(), max_iou]) == suppress(boxes, max_iou).tolist()


def test_of_nested_boxes_python_keeps_the_same(page: Any) -> None:
    rng = np.random.default_rng(4)
    low = rng.uniform(0, 40, (60, 2))
    boxes = np.hstack([low, low + rng.uniform(3, 60, (60, 2))])
    sure = np.sort(rng.uniform(0.2, 1, 60))[::-1]
    found = without_nested(Detections(boxes, np.zeros(60, np.int64), sure))
    code = """async (faces) => { const { withoutNested } = await import("/lib/detect.js");
      return withoutNested(faces).map((face) => face.confidence); }"""
    faces = [
        {"box": b, "confidence": c} for b, c in zip(boxes.tolist(), sure.tolist(), strict=True)
    ]
    assert page.evaluate(code, faces) == found.confidence.tolist()
    assert 2 < len(found) < len(boxes)


@pytest.mark.parametrize("scale", [0.11, 0.4, 1.7])
def test_a_face_is_seen_upright_as_by_python(page: Any, scale: float) -> None:
    rgb = image(500, 400, 2)
    turn = 0.3
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    matrix = np.array(
        [[cos, -sin, 56 - cos * 250 + sin * 200], [sin, cos, 56 - sin * 250 - cos * 200]]
    )
    code = f"""async ([seen, matrix]) => {{ {DECODE}
      const {{ warp }} = await import("/lib/points.js");
      return Array.from(warp(image(seen), matrix, 112).data); }}"""
    got = np.array(page.evaluate(code, [as_js(rgb), matrix.tolist()])).reshape(112, 112, 3)
    difference = np.abs(got - warp(rgb, matrix).astype(int))
    assert difference.mean() < 0.5 and np.percentile(difference, 99) <= 4  # OpenCV: 1/32 pixel


FACE = (60.0, 40.0, 200.0, 210.0)
MARKS = [(100.0, 100.0), (160.0, 104.0), (132.0, 140.0), (104.0, 170.0), (158.0, 172.0)]
OTHER = (210.0, 60.0, 290.0, 150.0)


@pytest.mark.parametrize(
    ("rgb", "face_class", "confidence", "others"),
    [
        (image(300, 240), FaceClass.face, 0.9, 0),
        (image(300, 240), FaceClass.face, 0.2, 0),
        (image(300, 240), FaceClass.masked_sunglasses, 0.9, 1),
        (image(300, 240) // 9, FaceClass.sunglasses, 0.9, 0),
        (np.full((240, 300, 3), 255, np.uint8), FaceClass.masked, 0.9, 0),
    ],
)
@pytest.mark.parametrize("has_points", [False, True])
@pytest.mark.parametrize("box", [FACE, (0.0, 0.0, 0.4, 0.3), (-5.0, 100.0, 31.0, 139.5)])
def test_the_verdict_is_that_of_python(
    page: Any,
    rgb: NDArray[np.uint8],
    face_class: FaceClass,
    confidence: float,
    others: int,
    has_points: bool,
    box: tuple[float, ...],
) -> None:
    rows = [(box, int(face_class), confidence), *[(OTHER, 0, 0.5)] * others]
    found = Detections(
        as_boxes([row[0] for row in rows]),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float64),
    )
    main = 0 if box == FACE or not others else 1
    marks = FoundFaces(as_boxes([rows[main][0]]), np.array([0.9]), np.array([MARKS]))
    expected = check_selfie(
        Photo(rgb, (300, 240), 1.0), found, LIMITS, marks if has_points else None
    )
    faces = [{"box": list(b), "classId": c, "confidence": s} for b, c, s in rows]
    code = f"""async ([seen, faces, points, limits, words]) => {{ {DECODE}
      const {{ advice, checkSelfie }} = await import("/lib/check.js");
      const verdict = checkSelfie(image(seen), faces, points, limits);
      return {{ ...verdict, advice: advice(verdict.reasons, words) }}; }}"""
    points = MARKS if has_points else None
    got = page.evaluate(code, [as_js(rgb), faces, points, asdict(LIMITS), asdict(words_of("en"))])
    assert got["reasons"] == list(expected.reasons) and got["usable"] == expected.usable
    assert got["covered"] == list(expected.covered) and got["advice"] == expected.advice("en")
    assert expected.measures is not None
    measured = asdict(expected.measures)
    pose, ours = measured.pop("pose"), got["measures"].pop("pose")
    assert got["measures"] == pytest.approx(measured, abs=2e-3)
    assert ours == (pytest.approx(pose) if pose else None)


def test_no_face(page: Any) -> None:
    code = """async () => { const { checkSelfie } = await import("/lib/check.js");
      return checkSelfie({ data: new Uint8Array(3), width: 1, height: 1 }, [], null, {}); }"""
    expected = {"usable": False, "reasons": ["no_face"], "covered": [], "measures": None}
    assert page.evaluate(code) == expected


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_advice_in_words(page: Any, language: str, count: int) -> None:
    words = words_of(language)
    reasons = list(words.hints)[:count]
    code = """async ([reasons, words]) => { const { advice } = await import("/lib/check.js");
      return advice(reasons, words); }"""
    assert page.evaluate(code, [reasons, asdict(words)]) == words.sentence(reasons)
