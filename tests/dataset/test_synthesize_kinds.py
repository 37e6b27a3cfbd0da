"""What each kind of drawing does to a face and to its two bits."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from facesort.classes import EYES, MOUTH
from facesort.dataset.synth.head_model import LANDMARKS_HEAD, fit_head, landmarks_in_box, levelled
from facesort.dataset.synth.occluder_kinds import KIND_NAMES, KINDS, check_kinds, fits, parts
from facesort.dataset.synth.occluders.glasses import (
    EYEGLASSES_STYLES,
    SHAPES_OF,
    SUNGLASSES_STYLES,
    draw_eyeglasses,
    draw_sunglasses,
)
from facesort.dataset.synth.occluders.masks import MASK_STYLES, draw_mask
from facesort.dataset.synth.paint import Appearance
from facesort.dataset.synthesize import CHOICES, choose_kind, draw_kind, occlude
from facesort.errors import UsageError

SIDE_PX, UNIT_PX = 420, 50
MOUTH_XY, EYES_XY = [[0, 1.14]], [[-0.5, 0], [0.5, 0]]
each_kind = pytest.mark.parametrize("kind", KINDS)


def skin() -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 3, (SIDE_PX, SIDE_PX, 3))
    return np.clip(np.array([205, 160, 135]) + noise, 0, 255).astype(np.uint8)


def placed(xy: list[list[float]] | np.ndarray) -> np.ndarray:
    """Head units (x, y) to pixels around the middle of `skin`."""
    return (np.asarray(xy, dtype=float) - [0, 0.5]) * UNIT_PX + SIDE_PX / 2


POINTS = placed(LANDMARKS_HEAD[:, :2])


def changed(before: np.ndarray, after: np.ndarray, xy: list[list[float]]) -> np.ndarray:
    """The share of pixels around each point (within 0.1 head units) that something hides."""
    step = np.arange(-5, 6)
    out = []
    for x, y in np.round(placed(xy)).astype(int):
        window = np.ix_(y + step, x + step)
        difference = np.abs(after[window].astype(int) - before[window].astype(int)).max(axis=-1)
        out.append((difference > 90).mean())  # more than a shadow
    return np.array(out)


@each_kind
@pytest.mark.parametrize("seed", range(6))
def test_what_leaves_the_eyes_leaves_them(kind: str, seed: int) -> None:
    rgb = skin()
    out, bits = draw_kind(rgb, POINTS, 0, kind, np.random.default_rng(seed))
    assert bits == KINDS[kind].adds
    if KINDS[kind].adds & EYES:
        assert np.abs(out.astype(int) - rgb).max(axis=-1)[_at(EYES_XY)].min() > 40
    elif kind not in ("hair", "clear_eyeglasses"):  # thin strands, reflections
        assert changed(rgb, out, EYES_XY).max() == 0


@pytest.mark.parametrize("kind", [k for k in KINDS if KINDS[k].adds & MOUTH])
@pytest.mark.parametrize("seed", range(6))
def test_what_covers_the_mouth_covers_all_of_it(kind: str, seed: int) -> None:
    rgb = skin()
    out, _ = draw_kind(rgb, POINTS, 0, kind, np.random.default_rng(seed))
    lips = [[-0.25, 1.14], [0, 1.14], [0.25, 1.14], [0, 1.35]]
    assert np.abs(out.astype(int) - rgb).max(axis=-1)[_at(lips)].min() > 4


def _at(xy: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.round(placed(xy)).astype(int).T
    return y, x


@pytest.mark.parametrize("kind", ["chin_mask", "scarf", "hat", "sunglasses_up"])
@pytest.mark.parametrize("seed", range(6))
def test_what_is_worn_elsewhere_leaves_the_mouth(kind: str, seed: int) -> None:
    rgb = skin()
    out, bits = draw_kind(rgb, POINTS, 0, kind, np.random.default_rng(seed))
    assert bits == 0
    assert changed(rgb, out, MOUTH_XY).max() == 0


def test_nose_out_leaves_the_nose() -> None:
    rgb = skin()
    for seed in range(6):
        out, bits = draw_kind(rgb, POINTS, 0, "nose_out", np.random.default_rng(seed))
        assert bits == MOUTH
        assert changed(rgb, out, [[0, 0.5]]).max() == 0


def test_one_sees_the_eyes_through_clear_glasses() -> None:
    """What is behind shows: red and blue ground stay apart."""
    red, blue = np.full((2, SIDE_PX, SIDE_PX, 3), 100, dtype=np.uint8)
    red[..., 0], blue[..., 2] = 200, 200
    at = _at(EYES_XY)
    shown = []
    for seed in range(20):
        on_red, on_blue = (
            draw_eyeglasses(ground, POINTS, np.random.default_rng(seed)) for ground in (red, blue)
        )
        shown.append(np.abs(on_red[at].astype(int) - on_blue[at]).max(axis=-1) / 100)
    assert np.median(shown) > 0.85
    assert np.min(shown) > 0.1


@each_kind
def test_same_seed_same_image_and_the_original_is_left_alone(kind: str) -> None:
    rgb = skin()
    rgb.setflags(write=False)
    one, two, other = (
        draw_kind(rgb, POINTS, 0, kind, np.random.default_rng(seed))[0] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()
    assert one.dtype == np.uint8 and one.shape == rgb.shape


@each_kind
@pytest.mark.parametrize(
    "points",
    [POINTS + 5000, POINTS - 150, np.full((5, 2), 200.0), POINTS * 0.02, POINTS * 9],
    ids=["outside", "cut", "one point", "tiny", "huge"],
)
def test_odd_faces_break_nothing(kind: str, points: np.ndarray) -> None:
    out, _ = draw_kind(skin(), points, 0, kind, np.random.default_rng(0))
    assert out.shape == (SIDE_PX, SIDE_PX, 3)


@each_kind
def test_black_and_white_stays_so(kind: str) -> None:
    rgb = np.repeat(skin()[..., :1], 3, axis=2)
    out, _ = draw_kind(rgb, POINTS, 0, kind, np.random.default_rng(3))
    assert int(np.ptp(out.astype(int), axis=2).max()) <= 4


@pytest.mark.parametrize(
    ("bits", "kind", "expected"),
    [
        (0, "both", MOUTH | EYES),
        (0, "scarf_up+sunglasses", MOUTH | EYES),
        (0, "mask+clear_eyeglasses", MOUTH),
        (MOUTH, "both", MOUTH | EYES),
        (EYES, "both", MOUTH | EYES),
        (MOUTH, "hat", MOUTH),
        (MOUTH | EYES, "hand", MOUTH | EYES),
    ],
)
def test_bits_after(bits: int, kind: str, expected: int) -> None:
    out, after = draw_kind(skin(), POINTS, bits, kind, np.random.default_rng(0))
    assert after == expected
    assert (out != skin()).any()


@pytest.mark.parametrize("kind", ["mask", "chin_mask", "scarf_up", "cup"])
def test_a_covered_mouth_gets_no_second_cover(kind: str) -> None:
    assert not fits(kind, MOUTH)
    out, after = draw_kind(skin(), POINTS, MOUTH, kind, np.random.default_rng(0))
    assert after == MOUTH
    np.testing.assert_array_equal(out, skin())


@pytest.mark.parametrize("bits", range(4))
def test_occlude_draws_what_its_table_names(bits: int) -> None:
    for kind in CHOICES[bits]:
        assert set(parts(kind)) <= set(KINDS) and all(KINDS[p].fits(bits) for p in parts(kind))
    for seed in range(8):
        out, after, kind = occlude(skin(), POINTS, bits, np.random.default_rng(seed))
        assert kind in CHOICES[bits]
        assert after & bits == bits
        assert (out != skin()).any()


def test_bare_faces_become_rare_classes_and_hard_negatives() -> None:
    rng = np.random.default_rng(0)
    kinds = Counter(choose_kind(0, rng) for _ in range(2000))
    adds = Counter[int]()
    for kind, count in kinds.items():
        adds[int(np.bitwise_or.reduce([KINDS[p].adds for p in parts(kind)]))] += count
    assert adds[MOUTH | EYES] > 400 and adds[EYES] > 350 and adds[0] > 600
    assert adds[MOUTH] < 450, "masks are common enough"


def test_asked_for_kinds_that_do_not_fit_give_nothing() -> None:
    assert choose_kind(MOUTH, np.random.default_rng(0), ["mask", "nose_out"]) == ""
    assert choose_kind(0, np.random.default_rng(0), ["mask"]) == "mask"


@pytest.mark.parametrize(
    ("text", "kinds", "error"),
    [
        ("", (), None),
        ("mask, both", ("mask", "both"), None),
        ("hat+clear_eyeglasses,", ("hat+clear_eyeglasses",), None),
        ("sunglases", (), "did you mean sunglasses"),
        ("mask+nothing", (), "'nothing' is not known"),
    ],
)
def test_check_kinds(text: str, kinds: tuple[str, ...], error: str | None) -> None:
    if error is None:
        assert check_kinds(text) == kinds
    else:
        with pytest.raises(UsageError, match=error):
            check_kinds(text)
    assert "both" in KIND_NAMES


@pytest.mark.parametrize(
    ("draw", "styles"),
    [
        (draw_mask, MASK_STYLES),
        (draw_sunglasses, SUNGLASSES_STYLES),
        (draw_eyeglasses, EYEGLASSES_STYLES),
    ],
    ids=["masks", "sunglasses", "eyeglasses"],
)
def test_styles_are_different(draw, styles: tuple[str, ...]) -> None:
    images = [draw(skin(), POINTS, np.random.default_rng(5), style) for style in styles]
    for i, one in enumerate(images):
        assert all((one != other).any() for other in images[i + 1 :])
    assert set(SHAPES_OF) < set(SUNGLASSES_STYLES)


def test_dark_masks_are_dark() -> None:
    at = _at([[0, 1.1]])
    for seed in range(8):
        out = draw_mask(skin(), POINTS, np.random.default_rng(seed), "dark")
        assert out[at].mean() < 80


def test_drawings_are_as_blurred_as_the_image() -> None:
    cv2 = pytest.importorskip("cv2")
    sharp = skin()
    sharp[:, 150:154] = 20  # edges to judge by
    sharp[225:229] = 20
    blurred = cv2.GaussianBlur(sharp, (0, 0), 3)
    steps = []
    for rgb in (sharp, blurred):
        out = draw_mask(rgb, POINTS, np.random.default_rng(4), "dark").astype(int)
        column = out[:, int(placed([[0, 0]])[0, 0])].mean(axis=-1)
        steps.append(np.abs(np.diff(column[180:215])).max())
    assert steps[1] < 0.7 * steps[0]


def test_look_of_a_plain_image() -> None:
    look = Appearance.of(np.full((50, 60, 3), 128, np.uint8))
    assert look.blur_px == 0 and look.grey
    assert look.noise < 1


def test_landmarks_guessed_from_a_box() -> None:
    points = landmarks_in_box([100, 50, 200, 180])
    assert points.shape == (5, 2)
    assert (points > [100, 50]).all() and (points < [200, 180]).all()
    assert points[0, 0] < points[1, 0] and points[0, 1] == points[1, 1]


def test_a_levelled_head_keeps_its_eyes_and_its_turn() -> None:
    head = fit_head(POINTS - [[0, 0], [0, 0], [0, 12], [0, 0], [0, 0]])  # nose up
    level = levelled(head)
    assert abs(level.rotation[2, 1]) <= 0.1 + 1e-9 < abs(head.rotation[2, 1])
    np.testing.assert_allclose(level.project([0, 0, 0]), head.project([0, 0, 0]))
    np.testing.assert_allclose(level.rotation @ level.rotation.T, np.eye(3), atol=1e-9)
