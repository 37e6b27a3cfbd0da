"""Put the lower face of one person, or the eye region, onto another: real masks and sunglasses.

Drawn masks do not stand for real ones, and real mask + sunglasses are rare. Here both parts are
real; only the seam along the nose is not. Bare parts are exchanged too, so that a seam is no sign
of a class. The idea is that of cut-and-paste composition (Dwibedi et al. 2017, "Cut, Paste and
Learn", https://arxiv.org/abs/1708.01642), inside one face.

Coordinates of a face are those of `face_frame`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.dataset.synth.face_frame import Floats, frame_to_image

Image = NDArray[np.uint8]

MOUTH, EYES = "mouth", "eyes"
PARTS = (MOUTH, EYES)

# In pixels of the frame: the eyes are at y 51.6, the nose tip at 71.7, the chin at about 118.
_SEAM_BARE_Y = (57.0, 63.0)
_SEAM_SUNGLASSES_Y = (64.0, 70.0)  # below the lenses
# x1 y1 x2 y2 of the skin by which the two are matched: under a mask only the forehead is left
_FOREHEAD = (28.0, 26.0, 84.0, 38.0)
_CHEEKS = (36.0, 60.0, 76.0, 76.0)
_MOST_GAIN = 1.45  # of brightness; beyond, the two faces were photographed too differently
_MOST_TINT = 12.0  # a and b of Lab
_MOST_MISSING = 0.05  # of the part may lie outside of the donor's image
_MOST_STRETCH = 1.3  # of one axis against the other: beyond, the poses differ


@dataclass(frozen=True, eq=False)
class FaceView:
    """One face: ``rgb`` (h, w, 3) of its image, its five points (5, 2) and box (4,) there."""

    rgb: Image
    points_px: Floats
    xyxy_px: Floats

    def flipped(self) -> FaceView:
        points = self.points_px[[1, 0, 2, 4, 3]].copy()
        points[:, 0] = self.rgb.shape[1] - 1 - points[:, 0]
        x1, y1, x2, y2 = self.xyxy_px
        box = np.array([self.rgb.shape[1] - x2, y1, self.rgb.shape[1] - x1, y2])
        return FaceView(np.ascontiguousarray(self.rgb[:, ::-1]), points, box)

    def stencil(self) -> Image:
        """255 in the box, softened at its sides: what lies beyond is not of this face."""
        import cv2

        out = np.zeros(self.rgb.shape[:2], np.uint8)
        x1, y1, x2, y2 = self.xyxy_px
        inset = 0.04 * (x2 - x1)
        low = (round(float(x1 + inset)), round(float(y1)))
        cv2.rectangle(out, low, (round(float(x2 - inset)), round(float(y2))), 255, -1)
        return np.asarray(cv2.GaussianBlur(out, (0, 0), max(0.5, inset)), dtype=np.uint8)


def recombine(
    onto: FaceView,
    donor: FaceView,
    part: str,
    rng: np.random.Generator,
    sunglasses: bool = False,
    mask: bool = False,
) -> Image | None:
    """A copy of ``onto.rgb`` whose face has the ``part`` (`MOUTH` or `EYES`) of ``donor``.

    ``sunglasses``, ``mask``: one of the two wears such; the seam then runs below the lenses, and
    the light is matched by the forehead. None where pose or light differ too much to look real.
    """
    x1, y1, x2, y2 = _around(onto)
    if x2 - x1 < 16 or y2 - y1 < 16:
        return None
    origin = np.array([x1, y1], dtype=np.float64)
    matrix = _between(donor.points_px, onto.points_px - origin)
    if matrix is None:
        return None
    size_wh = (x2 - x1, y2 - y1)
    patch = _warped(donor.rgb, matrix, size_wh)
    under = onto.rgb[y1:y2, x1:x2]
    to_roi = frame_to_image(onto.points_px - origin)
    alpha = _alpha(part, sunglasses, to_roi, size_wh, rng)
    there = _warped(np.full(donor.rgb.shape[:2], 255, np.uint8), matrix, size_wh) > 250
    if alpha[~there].sum() > _MOST_MISSING * alpha.sum():
        return None  # the donor's image ends within the part
    matched = _matched(patch, under, to_roi, _FOREHEAD if mask else _CHEEKS)
    if matched is None:
        return None
    faces = np.minimum(_warped(donor.stencil(), matrix, size_wh), onto.stencil()[y1:y2, x1:x2])
    alpha = (alpha * there * (faces / 255.0))[..., None]
    out = onto.rgb.copy()
    out[y1:y2, x1:x2] = np.clip(alpha * matched + (1 - alpha) * under + 0.5, 0, 255)
    return out


def _around(view: FaceView) -> tuple[int, int, int, int]:
    """The part of the image that the face lies in, x1 y1 x2 y2."""
    to_image = frame_to_image(view.points_px)
    corners = np.array([[-20.0, -10.0], [132.0, -10.0], [132.0, 140.0], [-20.0, 140.0]])
    there = corners @ to_image[:, :2].T + to_image[:, 2]
    height, width = view.rgb.shape[:2]
    low = np.clip(np.floor(there.min(axis=0)), 0, [width, height]).astype(int)
    high = np.clip(np.ceil(there.max(axis=0)), 0, [width, height]).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _between(from_px: Floats, to_px: Floats) -> Floats | None:
    """The affine (2, 3) that takes one face's points to the other's; None for unlike poses."""
    ones = np.hstack([from_px, np.ones((5, 1))])
    matrix = np.linalg.lstsq(ones, to_px, rcond=None)[0].T
    singular = np.linalg.svd(matrix[:, :2], compute_uv=False)
    if np.linalg.det(matrix[:, :2]) <= 0 or singular[0] > _MOST_STRETCH * singular[1]:
        return None
    return np.asarray(matrix)


def _warped(image: Image, matrix: Floats, size_wh: tuple[int, int]) -> Image:
    """``image`` through ``matrix``; shrunk by areas first, so that nothing is aliased."""
    import cv2

    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < 0.75:
        height, width = image.shape[:2]
        small_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
        factors = np.array([width / small_wh[0], height / small_wh[1]])
        image = np.asarray(cv2.resize(image, small_wh, interpolation=cv2.INTER_AREA))
        shift = matrix[:, :2] @ ((factors - 1) / 2) + matrix[:, 2]
        matrix = np.hstack([matrix[:, :2] * factors, shift[:, None]])
    warped = cv2.warpAffine(image, matrix, size_wh, flags=cv2.INTER_LINEAR, borderValue=0)
    return np.asarray(warped, dtype=np.uint8)


def _alpha(
    part: str,
    sunglasses: bool,
    to_roi: Floats,
    size_wh: tuple[int, int],
    rng: np.random.Generator,
) -> Floats:
    """How much of the donor shows, (h, w) from 0 to 1, soft along the seam and the outline."""
    inverse = np.linalg.inv(to_roi[:, :2])
    xs, ys = np.meshgrid(np.arange(size_wh[0]), np.arange(size_wh[1]))
    grid = np.stack([xs, ys], axis=-1) - to_roi[:, 2]
    u, v = np.moveaxis(grid @ inverse.T, -1, 0)
    soft = float(rng.uniform(1.5, 4.0))
    seam = float(rng.uniform(*(_SEAM_SUNGLASSES_Y if sunglasses else _SEAM_BARE_Y)))
    seam_y = seam + float(rng.uniform(-2, 6)) * np.minimum(1.0, np.abs(u - 56) / 40)
    if part == MOUTH:
        middle, radii = (56.0, 64.0), (float(rng.uniform(45, 51)), float(rng.uniform(58, 64)))
        side = (v - seam_y) / soft
    else:
        middle, radii = (56.0, 52.0), (float(rng.uniform(47, 53)), float(rng.uniform(23, 28)))
        side = (seam_y - v) / soft
    power = 2.4 if part == MOUTH else 4.0  # an egg; a rounded band
    round_ = (np.abs((u - middle[0]) / radii[0]) ** power) + (
        np.abs((v - middle[1]) / radii[1]) ** power
    )
    edge = (1 - round_ ** (1 / power)) * min(radii) / soft
    return np.asarray(_step(side) * _step(edge))


def _step(distance: Floats) -> Floats:
    """0 below -1, 1 above 1, smooth between."""
    t = np.clip((distance + 1) / 2, 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _matched(
    patch: Image, under: Image, to_roi: Floats, region: tuple[float, float, float, float]
) -> Floats | None:
    """``patch`` in the light of ``under``, by the skin in ``region``; None if it is too unlike.

    Both images (h, w, 3) show the face at the same place.
    """
    import cv2

    x1, y1, x2, y2 = region
    corners = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]])
    there = corners @ to_roi[:, :2].T + to_roi[:, 2]
    stencil = np.zeros(patch.shape[:2], np.uint8)
    cv2.fillConvexPoly(stencil, there.round().astype(np.int32), 1)
    skin = stencil.astype(bool)
    if skin.sum() < 12:
        return None
    lab = cv2.cvtColor(patch, cv2.COLOR_RGB2LAB).astype(np.float64)
    theirs = np.median(lab[skin], axis=0)
    ours = np.median(cv2.cvtColor(under, cv2.COLOR_RGB2LAB)[skin].astype(np.float64), axis=0)
    gain = (ours[0] + 10) / (theirs[0] + 10)
    if not 1 / _MOST_GAIN <= gain <= _MOST_GAIN or np.abs(ours - theirs)[1:].max() > _MOST_TINT:
        return None
    lab[..., 0] *= gain
    lab[..., 1:] += (ours - theirs)[1:] * 0.8
    rgb = cv2.cvtColor(np.clip(lab, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB)
    return _as_sharp(np.asarray(rgb, dtype=np.uint8), under).astype(np.float64)


def _as_sharp(patch: Image, under: Image) -> Image:
    """``patch`` blurred where the image it goes into is softer."""
    import cv2

    def detail(rgb: Image) -> float:
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        return float(cv2.Laplacian(grey, cv2.CV_64F).std())

    ratio = detail(patch) / max(detail(under), 1e-6)
    if ratio < 1.5:
        return patch
    return np.asarray(cv2.GaussianBlur(patch, (0, 0), min(1.5, 0.4 * ratio)))
