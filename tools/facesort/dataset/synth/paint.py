"""Antialiased layers over part of an image, with its sharpness, grain and light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.dataset.synth.head_model import Floats

AnyFloats = NDArray[Any]  # OpenCV's and NumPy's, 32 or 64 bits
_WINDOW_PX = 320  # the middle of a larger region says enough
_EDGE = 10.0  # grey levels a pixel: what counts as an edge
_MAX_BLUR_PX = 4.0


@dataclass(frozen=True)
class Appearance:
    """What a drawing has to match."""

    blur_px: float  # sigma of the sharpest edges
    noise: float  # sigma, grey levels
    level: float  # how bright white is, 0.3 to 1
    cast: Floats  # (3,) the colour of the light, mean 1
    grey: bool  # a black-and-white photo

    @classmethod
    def of(cls, rgb: AnyFloats) -> Appearance:
        """The look of ``rgb`` (h, w, 3), 0-255."""
        height, width = (max((n - _WINDOW_PX) // 2, 0) for n in rgb.shape[:2])
        window = rgb[height : height + _WINDOW_PX, width : width + _WINDOW_PX].astype(np.float32)
        mean = window.mean(axis=2)
        level = 0.3 + 0.7 * min(float(np.percentile(mean, 95)) / 215, 1.0)
        is_grey = float(np.ptp(rgb, axis=2).mean()) < 3
        return cls(_blur_px(mean), _noise(mean), level, _cast(window, mean), is_grey)


def _blur_px(grey: AnyFloats) -> float:
    """Sigma of the sharpest edges, by blurring them again: an edge of sigma s loses the factor
    sqrt(s^2 + 1) / s of its slope when blurred by 1 px (Zhuo and Sim, Defocus map estimation
    from a single image, 2011). 0 where there is no edge."""
    import cv2

    slopes = []
    for image in (grey, cv2.GaussianBlur(grey, (0, 0), 1.0)):
        across, down = (cv2.Sobel(image, cv2.CV_32F, i, 1 - i, scale=0.125) for i in (1, 0))
        slopes.append(np.hypot(across, down))
    edges = slopes[0] > max(_EDGE, float(np.percentile(slopes[0], 97)))
    if edges.sum() < 12:
        return 0.0
    ratio = np.clip(slopes[0][edges] / (slopes[1][edges] + 1e-6), 1.02, 10)
    return min(float(np.percentile(1 / np.sqrt(ratio**2 - 1), 30)), _MAX_BLUR_PX)


def _noise(grey: AnyFloats) -> float:
    """Immerkaer's estimate (Fast noise variance estimation, 1996), by the median."""
    import cv2

    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
    rough = np.abs(cv2.filter2D(grey, cv2.CV_32F, kernel))
    return float(np.clip(np.median(rough) / 0.6745, 0.4, 7))


def _cast(rgb: AnyFloats, grey: AnyFloats) -> Floats:
    """The colour of what is nearly white: walls, shirts, hair. White where nothing is."""
    bright = grey > max(60.0, float(np.percentile(grey, 60)))
    pale = np.ptp(rgb, axis=2) < 0.2 * rgb.max(axis=2)
    picked = rgb[bright & pale]
    if len(picked) < 0.01 * grey.size + 1:
        return np.ones(3)
    mean = picked.mean(axis=0).astype(np.float64)
    return np.asarray(np.clip(mean / mean.mean(), 0.93, 1.07))


Pixels = NDArray[np.uint8]
_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates
_MAX_LAYER_SIDE_PX = 1400


@dataclass
class Layer:
    """Colour (0-255 float) and opacity (0-1) at ``zoom`` times the image's resolution."""

    box: tuple[int, int, int, int]  # left, top, right, bottom in the image
    zoom: int
    rgba: NDArray[np.float32]  # one array: a polygon is then filled once

    @property
    def colour(self) -> NDArray[np.float32]:
        """(h, w, 3), to be written to."""
        return self.rgba[..., :3]

    @property
    def alpha(self) -> NDArray[np.float32]:
        """(h, w), to be written to."""
        return self.rgba[..., 3]

    @classmethod
    def around(
        cls, points_px: Floats, size_wh: tuple[int, int], base: Floats, zoom_max: int = 4
    ) -> Layer | None:
        """An empty layer that holds ``points_px``; None where they lie outside the image."""
        margin = 3 + 0.06 * float(np.ptp(points_px, axis=0).max())
        low = np.maximum(np.floor(points_px.min(0) - margin), 0).astype(int)
        high = np.minimum(np.ceil(points_px.max(0) + margin), size_wh).astype(int)
        w, h = (int(v) for v in high - low)
        if w <= 0 or h <= 0:
            return None
        zoom = int(np.clip(_MAX_LAYER_SIDE_PX // max(w, h), 1, zoom_max))
        rgba = np.empty((h * zoom, w * zoom, 4), np.float32)
        rgba[:] = [*base, 0]
        return cls((int(low[0]), int(low[1]), int(high[0]), int(high[1])), zoom, rgba)

    def points(self, points_px: Floats) -> NDArray[np.int32]:
        """Image pixels to this layer's fixed-point drawing coordinates."""
        local = (points_px - self.box[:2]) * self.zoom * (1 << _SHIFT)
        return np.round(local).astype(np.int32)

    def fill(self, polygon_px: Floats, colour: Floats, opacity: float = 1.0) -> None:
        import cv2

        paint = [*colour.tolist(), opacity]
        cv2.fillPoly(self.rgba, [self.points(polygon_px)], paint, cv2.LINE_8, _SHIFT)

    def fill_each(self, polygons_px: Floats, colours: AnyFloats) -> None:
        """Fill many polygons (n, corners, 2), each with its colour (n, 3), the last on top."""
        import cv2

        paints = np.hstack([colours, np.ones((len(colours), 1))]).tolist()
        rgba, all_corners = self.rgba, self.points(polygons_px)
        for corners, paint in zip(all_corners, paints, strict=True):
            cv2.fillConvexPoly(rgba, corners, paint, cv2.LINE_8, _SHIFT)

    def line(self, polyline_px: Floats, colour: Floats, width_px: float, closed: bool) -> None:
        import cv2

        corners, width = self.points(polyline_px), max(1, round(width_px * self.zoom))
        paint = [*colour.tolist(), 1.0]
        cv2.polylines(self.rgba, [corners], closed, paint, width, cv2.LINE_8, _SHIFT)

    def mask(self, polygon_px: Floats) -> NDArray[np.bool_]:
        """Which of the layer's pixels lie within a polygon."""
        import cv2

        inside = np.zeros(self.alpha.shape, np.uint8)
        cv2.fillPoly(inside, [self.points(polygon_px)], 1, cv2.LINE_8, _SHIFT)
        return inside.astype(bool)

    def over(
        self, rgb: Pixels, softness_px: float, rng: np.random.Generator, own_light: bool = False
    ) -> Pixels:
        """``rgb`` with this layer laid over it, as sharp, bright and grainy as the image is
        there. ``own_light``: the colours were taken from the image and are lit already."""
        import cv2

        x1, y1, x2, y2 = self.box
        beneath: AnyFloats = rgb[y1:y2, x1:x2].astype(np.float32)
        look = Appearance.of(beneath)
        self.colour[:] *= self.alpha[..., None]
        small = cv2.resize(self.rgba, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA)
        blur_px = max(softness_px, 0.3, 0.85 * look.blur_px)
        small = cv2.GaussianBlur(small, (0, 0), blur_px)
        alpha = small[..., 3:]
        plain = small[..., :3] / np.maximum(alpha, 1e-3)
        lit = _lit(plain, beneath, look, own_light)
        beneath = beneath * (1 - _shadow(alpha, max(softness_px, 0.3) * 6))
        lit = lit + _grain(look, alpha.shape[:2], rng)
        out = rgb.copy()
        blend = beneath * (1 - alpha) + lit * alpha
        out[y1:y2, x1:x2] = np.clip(np.round(blend), 0, 255).astype(np.uint8)
        return out


def _grain(look: Appearance, shape: tuple[int, ...], rng: np.random.Generator) -> AnyFloats:
    """Noise as strong as the image's; soft where the image is blurred."""
    import cv2

    noise: AnyFloats = rng.normal(0, 1, shape).astype(np.float32)
    if look.blur_px > 0.8:
        noise = cv2.GaussianBlur(noise, (0, 0), 0.5 * look.blur_px)
    return np.asarray(noise * look.noise * rng.uniform(0.8, 1.3))[..., None]


def _shadow(alpha: AnyFloats, reach_px: float) -> AnyFloats:
    """How much the skin darkens beside the layer's edge."""
    import cv2

    return np.asarray(0.3 * cv2.GaussianBlur(alpha, (0, 0), reach_px)[..., None])


def _lit(colour: AnyFloats, beneath: AnyFloats, look: Appearance, own_light: bool) -> AnyFloats:
    """Give a layer the image's light: its brightest tone, its fall-off, its colour."""
    import cv2

    if not own_light:
        grey = beneath.mean(axis=2)
        smooth = cv2.GaussianBlur(grey, (0, 0), max(1.0, 0.22 * max(grey.shape))) + 8
        falloff = np.clip(smooth / smooth.mean(), 0.6, 1.4) ** 0.8
        colour = colour * look.level * falloff[..., None] * look.cast
    if look.grey:
        colour = np.repeat(colour.mean(axis=2, keepdims=True), 3, axis=2)
    return np.asarray(colour)


def smooth_closed(points: Floats, samples: int = 8) -> Floats:
    """A closed Catmull-Rom curve through ``points`` (n, d)."""
    t = np.linspace(0, 1, samples, endpoint=False)[None, :, None]
    p0, p1, p2, p3 = (np.roll(points, k, axis=0)[:, None] for k in (1, 0, -1, -2))
    curve = (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    ) / 2
    return np.asarray(curve.reshape(-1, points.shape[1]))


def hsv(hue: float, saturation: float, value: float) -> Floats:
    """A colour as RGB 0-255."""
    import colorsys

    return np.array(colorsys.hsv_to_rgb(hue % 1, saturation, value)) * 255
