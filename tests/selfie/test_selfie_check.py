"""Each thing that is wrong with a photo gives its reason, and nothing else does."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from facesort.boxes import as_boxes
from facesort.classes import FaceClass
from facesort.detections import Detections, FoundFaces
from facesort.photos import Photo
from facesort.selfie.check import check_selfie
from facesort.selfie.components import Covers
from facesort.selfie.limits import read_limits
from facesort.selfie.words import words_of

LIMITS = read_limits(Path(__file__).resolve().parents[2] / "data_configs" / "selfie.yaml")
FACE = (200, 100, 360, 300)


def photo(rgb: NDArray[np.uint8] | None = None, scale: float = 1.0) -> Photo:
    """Sharp, evenly lit blocks unless ``rgb`` says otherwise."""
    if rgb is None:
        blocks = np.random.default_rng(0).integers(60, 200, (48, 64, 1), dtype=np.uint8)
        rgb = blocks.repeat(10, axis=0).repeat(10, axis=1).repeat(3, axis=2)
    size_wh = round(rgb.shape[1] / scale), round(rgb.shape[0] / scale)
    return Photo(rgb, size_wh, scale)


def faces(*rows: tuple[tuple[float, ...], FaceClass, float]) -> Detections:
    boxes, classes, confidences = zip(*rows, strict=True) if rows else ((), (), ())
    return Detections(
        as_boxes(boxes), np.array(classes, np.int64), np.array(confidences, np.float64)
    )


def one(
    box: tuple[float, ...] = FACE, what: FaceClass = FaceClass.face, confidence: float = 0.9
) -> Detections:
    return faces((box, what, confidence))


def points(left: tuple[float, float], right: tuple[float, float], nose_x: float) -> FoundFaces:
    marks = np.array([[left, right, (nose_x, 200), (250, 250), (310, 250)]], dtype=np.float64)
    return FoundFaces(as_boxes([FACE]), np.array([0.9]), marks)


FRONTAL = points((240, 170), (320, 170), 280)


@pytest.mark.parametrize(
    ("found", "reasons", "covered"),
    [
        (faces(), ["no_face"], []),
        (one(), [], []),
        (one(what=FaceClass.masked), ["mouth_covered"], ["mouth"]),
        (one(what=FaceClass.sunglasses), ["eyes_covered"], ["eyes"]),
        (
            one(what=FaceClass.masked_sunglasses),
            ["eyes_covered", "mouth_covered"],
            ["eyes", "mouth"],
        ),
        (one(box=(200, 100, 240, 140)), ["too_small"], []),
        (one(box=(0, 100, 160, 300)), ["cut_off"], []),
        (one(box=(200, 280, 360, 480)), ["cut_off"], []),
        (one(confidence=0.3), ["unclear"], []),
        (one(what=FaceClass.masked, confidence=0.3), ["mouth_covered"], ["mouth"]),
        (
            faces((FACE, FaceClass.face, 0.8), ((400, 100, 520, 260), FaceClass.masked, 0.9)),
            ["several_faces"],
            [],
        ),
        # a bystander, and a second box on the same face
        (faces((FACE, FaceClass.face, 0.8), ((400, 100, 440, 150), FaceClass.face, 0.9)), [], []),
        (faces((FACE, FaceClass.face, 0.8), ((210, 150, 350, 290), FaceClass.face, 0.9)), [], []),
    ],
)
def test_faces(found: Detections, reasons: list[str], covered: list[str]) -> None:
    verdict = check_selfie(photo(), found, LIMITS)
    assert list(verdict.reasons) == reasons
    assert list(verdict.covered) == covered
    assert verdict.usable == (not reasons)


@pytest.mark.parametrize(
    ("what", "covers", "covered"),
    [
        (FaceClass.sunglasses, Covers(0.01, 0.0), []),  # clear eyeglasses at the first look
        (FaceClass.face, Covers(0.9, 0.0), ["eyes"]),
        (FaceClass.face, Covers(LIMITS.max_cover, 1.0), ["mouth"]),
        (FaceClass.masked, Covers(1.0, 1.0), ["eyes", "mouth"]),
    ],
)
def test_a_look_at_the_face_alone_decides(
    what: FaceClass, covers: Covers, covered: list[str]
) -> None:
    verdict = check_selfie(photo(), one(what=what), LIMITS, covers=covers)
    assert list(verdict.covered) == covered
    assert list(verdict.reasons) == [f"{part}_covered" for part in covered]


def blurred() -> NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.GaussianBlur(photo().rgb, (0, 0), 6), dtype=np.uint8)


@pytest.mark.parametrize(
    ("rgb", "reasons"),
    [
        (photo().rgb // 8, ["too_dark"]),
        (np.where(photo().rgb > 100, 255, 0).astype(np.uint8), ["too_bright"]),
        (blurred(), ["blurred"]),
        (np.zeros((480, 640, 3), np.uint8), ["too_dark", "blurred"]),
    ],
)
def test_light_and_blur(rgb: NDArray[np.uint8], reasons: list[str]) -> None:
    assert list(check_selfie(photo(rgb), one(), LIMITS).reasons) == reasons


@pytest.mark.parametrize(
    ("landmarks", "reasons"),
    [
        (FRONTAL, []),
        (points((240, 170), (320, 170), 320), ["turned"]),
        (points((240, 170), (320, 170), 240), ["turned"]),
        (points((250, 140), (310, 200), 280), ["tilted"]),
        (replace(FRONTAL, xyxy_px=FRONTAL.xyxy_px + 300), []),  # of another face
        (FoundFaces(as_boxes([]), np.empty(0), np.empty((0, 5, 2))), []),
    ],
)
def test_pose(landmarks: FoundFaces, reasons: list[str]) -> None:
    assert list(check_selfie(photo(), one(), LIMITS, landmarks).reasons) == reasons


def test_the_size_of_a_face_is_that_in_the_full_photo() -> None:
    small = one(box=(200, 100, 240, 140))
    assert check_selfie(photo(scale=0.25), small, LIMITS).usable


def test_json() -> None:
    verdict = check_selfie(photo(), one(what=FaceClass.masked), LIMITS)
    assert verdict.as_json("en") == {
        "usable": False,
        "reasons": ["mouth_covered"],
        "covered": ["mouth"],
        "advice": words_of("en").sentence(["mouth_covered"]),
    }
    assert verdict.as_json(measures=True)["measured"]["face_px"] == 160
    assert check_selfie(photo(), faces(), LIMITS).as_json(measures=True)["measured"] is None


@given(
    size_wh=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    box=st.tuples(*[st.floats(-5, 50) for _ in range(4)]),
    what=st.sampled_from(FaceClass),
)
def test_any_box_on_any_image_gets_a_verdict(
    size_wh: tuple[int, int], box: tuple[float, ...], what: FaceClass
) -> None:
    x, y = sorted(box[::2]), sorted(box[1::2])
    rgb = np.random.default_rng(0).integers(0, 256, (*size_wh[::-1], 3), dtype=np.uint8)
    verdict = check_selfie(photo(rgb), one((x[0], y[0], x[1], y[1]), what), LIMITS)
    assert verdict.advice("ko") and verdict.advice("en")
    assert not verdict.usable  # too small
