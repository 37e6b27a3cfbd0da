"""An antialiased layer over part of an image, lit as the image beneath it is lit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.dataset.synth.appearance import AnyFloats, Appearance
from facesort.dataset.synth.head_model import Floats

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
