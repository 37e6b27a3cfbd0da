"""Hard cases as lists of (image, box, class): looked at, by source or size, drawn, and without
any face. All from held-back images; the same every time.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from any_detector import key_of
from held_back import ROOT, HeldBack
from numpy.typing import NDArray

from facesort.boxes import Boxes, area, clip_xyxy, min_side
from facesort.classes import FaceClass
from facesort.dataset.synth.occluder_kinds import KINDS
from facesort.dataset.synthesize import draw_kind
from facesort.dataset.writer import number_of
from facesort.labels.image_labels import IGNORE
from facesort.models.people.points import load_point_finder
from facesort.photos import open_photo

TABLE = Path(__file__).with_name("hard_cases.csv")
POINTS = ROOT / "weights" / "face_points.onnx"
GLASSES_SOURCE = "wild kamil"  # everybody there wears clear eyeglasses
SMALL_PX = (24.0, 32.0)
LARGE_PX = 60.0  # of a face that is turned, darkened or drawn on
MOST_FACES = 80  # of each set that is made
VIEW = 2.2  # a made image shows so many times the face
VIEW_PX = 300
TURNS_DEG = (45, 60, 90)
DARKER = {"a third of the light": 0.33, "a tenth of the light": 0.1}
NO_FACE = (
    *("brick", "cat", "cell", "clock", "coffee", "coins", "colorwheel", "grass", "gravel"),
    *("horse", "hubble_deep_field", "immunohistochemistry", "logo", "moon", "page", "retina"),
    *("rocket", "text", "checkerboard"),
)

Image = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Shown:
    """An image of a case with the face in question; ``xyxy_px`` is None where there is none."""

    case: str
    rgb: Image
    xyxy_px: Boxes | None = None
    class_id: int = -1


def looked_at(images: Sequence[HeldBack]) -> Iterator[Shown]:
    """Faces that a person put a name to (`TABLE`), in their whole images."""
    wanted = defaultdict(list)
    with TABLE.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            wanted[row["image"]].append((float(row["cx"]), float(row["cy"]), row["case"]))
    for image in images:
        rows = wanted.get(key_of(image.path), [])
        if image.labels is None or not rows:
            continue
        rgb = open_photo(image.path).rgb
        boxes = image.labels.xyxy_px
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2 / [rgb.shape[1], rgb.shape[0]]
        for cx, cy, case in rows:
            i = int(np.abs(middles - [cx, cy]).sum(axis=1).argmin())
            if np.abs(middles[i] - [cx, cy]).max() < 0.03:
                yield Shown(case, rgb, boxes[i : i + 1], int(image.labels.class_id[i]))


def by_source_and_size(images: Sequence[HeldBack]) -> Iterator[Shown]:
    """Clear eyeglasses, and faces of `SMALL_PX`, in their whole images."""
    for image in images:
        if image.labels is None:
            continue
        labels = image.labels
        known = labels.class_id != IGNORE
        sides = min_side(labels.xyxy_px)
        small = known & (sides >= SMALL_PX[0]) & (sides < SMALL_PX[1])
        eyes = np.array([c >= 0 and FaceClass(c).eyes_covered for c in labels.class_id.tolist()])
        clear = known & ~eyes if image.source == GLASSES_SOURCE else np.zeros_like(known)
        if not (small | clear).any():
            continue
        rgb = open_photo(image.path).rgb
        for case, chosen in (("clear eyeglasses", clear), ("24 to 32 px", small)):
            for i in np.flatnonzero(chosen).tolist():
                yield Shown(case, rgb, labels.xyxy_px[i : i + 1], int(labels.class_id[i]))


def made(images: Sequence[HeldBack]) -> Iterator[Shown]:
    """Large faces turned, darkened, and drawn on."""
    points = load_point_finder(POINTS)
    counts: dict[str, int] = defaultdict(int)
    for view in _views(images):
        rng = np.random.default_rng([number_of(Path(view.case)), 0])
        for shown in (*_turned(view), *_darkened(view, rng)):
            if counts[shown.case] < MOST_FACES:
                counts[shown.case] += 1
                yield shown
        assert view.xyxy_px is not None
        found = points.find(view.rgb, view.xyxy_px)[0]
        for kind, what in KINDS.items():
            case = f"drawn: {kind}"
            if counts[case] < MOST_FACES and what.fits(view.class_id):
                counts[case] += 1
                rgb, bits = draw_kind(view.rgb, found, view.class_id, kind, rng)
                yield Shown(case, rgb, view.xyxy_px, bits)


def _views(images: Sequence[HeldBack]) -> Iterator[Shown]:
    """A window around each large face that can be had alone, sources in turn."""
    order = sorted(images, key=lambda image: number_of(Path(image.path.name)))
    for image in order:
        if image.labels is None:
            continue
        labels, rgb = image.labels, open_photo(image.path).rgb
        for i in np.flatnonzero(min_side(labels.xyxy_px) >= LARGE_PX).tolist():
            box, size_wh = labels.xyxy_px[i], (rgb.shape[1], rgb.shape[0])
            half = VIEW * max(box[2] - box[0], box[3] - box[1]) / 2
            x, y = (box[:2] + box[2:]) / 2
            a, b, c, d = _whole(clip_xyxy([[x - half, y - half, x + half, y + half]], size_wh)[0])
            inside = clip_xyxy(labels.xyxy_px - [a, b, a, b], (c - a, d - b))
            share = area(inside) / np.maximum(area(labels.xyxy_px), 1e-9)
            if labels.class_id[i] != IGNORE and not (np.delete(share, i) > 0.02).any():
                cut, factor = _at_most(rgb[b:d, a:c], VIEW_PX)
                yield Shown(
                    f"{image.path.name} {i}",
                    cut,
                    inside[i : i + 1] * factor,
                    int(labels.class_id[i]),
                )


def _whole(box: NDArray[np.float64]) -> tuple[int, int, int, int]:
    a, b, c, d = box.round().astype(int).tolist()
    return a, b, c, d


def _at_most(rgb: Image, longest_px: int) -> tuple[Image, float]:
    from facesort.models.input_size import shrunk

    small, factor = shrunk(np.ascontiguousarray(rgb), longest_px)
    return small, factor


def _turned(view: Shown) -> Iterator[Shown]:
    """The whole image turned about the face, whose box becomes that of the turned box."""
    import cv2

    assert view.xyxy_px is not None
    x1, y1, x2, y2 = view.xyxy_px[0]
    middle = (float(x1 + x2) / 2, float(y1 + y2) / 2)
    size_wh = (view.rgb.shape[1], view.rgb.shape[0])
    # a face is an ellipse in its box
    axes = np.array([x2 - x1, y2 - y1]) / 2
    for degrees in TURNS_DEG:
        matrix = cv2.getRotationMatrix2D(middle, degrees, 1.0)
        rgb = cv2.warpAffine(view.rgb, matrix, size_wh, borderMode=cv2.BORDER_REPLICATE)
        cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        half = np.hypot(axes * [cos, sin], axes[::-1] * [sin, cos])
        box = clip_xyxy([[*(middle - half), *(middle + half)]], size_wh)
        turned = np.asarray(rgb, dtype=np.uint8)
        yield Shown(f"turned by {degrees} degrees", turned, box, view.class_id)


def _darkened(view: Shown, rng: np.random.Generator) -> Iterator[Shown]:
    """Less light and the noise of a sensor, which a camera brightens by half again."""
    for case, light in DARKER.items():
        linear = (view.rgb / 255.0) ** 2.2 * light
        noisy = linear + rng.normal(0, 0.006, linear.shape)
        rgb = (255 * np.clip(1.5 * noisy, 0, 1) ** (1 / 2.2)).astype(np.uint8)
        yield Shown(case, rgb, view.xyxy_px, view.class_id)


def without_faces(images: Sequence[HeldBack]) -> Iterator[Shown]:
    """Sample images of scikit-image, and parts of held-back images below and beside faces."""
    from skimage import data

    for name in NO_FACE:
        grey_or_rgb = np.asarray(getattr(data, name)())
        pixels = grey_or_rgb.astype(np.uint8) * (255 if grey_or_rgb.dtype == bool else 1)
        rgb = np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels[..., :3]
        yield Shown("no face: sample images", np.ascontiguousarray(rgb))
    from facesort.dataset.sprites import face_free

    for image in images:
        if image.labels is not None and (image.labels.class_id != IGNORE).all():
            rng = np.random.default_rng(number_of(Path(image.path.name)))
            free = face_free(open_photo(image.path).rgb, image.labels.xyxy_px, rng)
            if free is not None:
                yield Shown("no face: parts of photos", free)
