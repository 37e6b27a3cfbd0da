"""Round things drawn as a relief: tubes of given course and thickness, lit by the heights' slope.

Fingers, arms, folds of wool and cups are all tubes. A relief holds the height of the nearest
surface at each pixel; what is higher hides what is lower, and a crease shows where two meet.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.dataset.synth.head_model import Floats
from facesort.dataset.synth.paint import AnyFloats, Layer, Pixels

# colour (n, 3) at (along, across): along in units of the tube's thickness, across -1..1
Skin = Callable[[AnyFloats, AnyFloats], AnyFloats]
_NOTHING = -1e6


class Relief:
    """Tubes over one `Layer`; distances in pixels of the image."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._height = np.full(layer.alpha.shape, _NOTHING, np.float32)

    def tube(
        self,
        path_px: Floats,
        radii_px: ArrayLike,
        skin: Skin,
        flat: float = 1.0,
        lift_px: ArrayLike = 0.0,
    ) -> None:
        """A tube along ``path_px`` (n, 2) with a radius at each point; ``flat`` < 1 makes it an
        oval seen from its broad side, ``lift_px`` brings it (each point of it) nearer."""
        zoom = self._layer.zoom
        path = (np.asarray(path_px, dtype=np.float32) - self._layer.box[:2]) * zoom
        count = len(path)
        radii = np.broadcast_to(np.asarray(radii_px, np.float32), (count,)) * zoom
        lifts = np.broadcast_to(np.asarray(lift_px, np.float32), (count,)) * zoom
        along = 0.0
        for k in range(count - 1):
            self._segment(path[k : k + 2], radii[k : k + 2], lifts[k : k + 2], skin, flat, along)
            along += float(np.hypot(*(path[k + 1] - path[k]))) / max(float(radii.mean()), 1e-3)

    def _segment(
        self,
        ends: AnyFloats,
        radii: AnyFloats,
        lifts: AnyFloats,
        skin: Skin,
        flat: float,
        along: float,
    ) -> None:
        window = _window(ends, float(radii.max()), self._height.shape)
        if window is None:
            return
        y, x = np.mgrid[window].astype(np.float32)
        step = ends[1] - ends[0]
        length2 = max(float(step @ step), 1e-6)
        off_x, off_y = x - ends[0, 0], y - ends[0, 1]
        share = np.clip((off_x * step[0] + off_y * step[1]) / length2, 0, 1)
        across_x, across_y = off_x - share * step[0], off_y - share * step[1]
        radius = np.maximum(radii[0] + (radii[1] - radii[0]) * share, 1e-3)
        away = np.hypot(across_x, across_y) / radius
        bulge = np.sqrt(np.clip(1 - away**2, 0, 1)) * radius * flat
        height = np.where(away < 1, bulge + lifts[0] + (lifts[1] - lifts[0]) * share, _NOTHING)
        won = height > self._height[window]
        self._height[window][won] = height[won]
        side = np.sign(step[0] * off_y - step[1] * off_x)
        course = along + share[won] * np.sqrt(length2) / float(radii.mean())
        self._layer.colour[window][won] = skin(course, (side * away)[won])
        self._layer.alpha[window][won] = 1.0

    def light(self, sideways: float, contrast: float = 1.0, soft_px: float = 0.0) -> None:
        """Shade everything by light from above and ``sideways`` (-1 left to 1 right); creases and
        edges darken. To be called once, after the last tube."""
        import cv2

        there = self._height > _NOTHING / 2
        if not there.any():
            return
        zoom = self._layer.zoom
        floor = float(self._height[there].min())
        height = np.where(there, self._height, floor)
        height = cv2.GaussianBlur(height, (0, 0), max(0.6 * zoom, soft_px * zoom))
        down, across = np.gradient(height)
        light = np.array([sideways, -0.55, 0.8]) / np.linalg.norm([sideways, -0.55, 0.8])
        slope = np.sqrt(across**2 + down**2 + 1)
        lambert = (-across * light[0] - down * light[1] + light[2]) / slope
        hollow = cv2.GaussianBlur(height, (0, 0), max(4 * zoom, 6 * soft_px * zoom)) - height
        deep = np.clip(hollow / (float(np.ptp(height)) + 1e-3), 0, 1)
        shade = 1 + contrast * (0.55 * (np.clip(lambert, 0, 1) - 0.8) - 0.8 * deep)
        colour = self._layer.colour
        colour[there] = np.clip(colour[there] * shade[there][:, None], 0, 255)


def _window(ends: AnyFloats, reach: float, shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    """The part of the layer that a segment can touch."""
    low = np.floor(ends.min(axis=0) - reach - 1).astype(int)
    high = np.ceil(ends.max(axis=0) + reach + 2).astype(int)
    x1, y1 = np.maximum(low, 0)
    x2, y2 = min(int(high[0]), shape[1]), min(int(high[1]), shape[0])
    return None if x1 >= x2 or y1 >= y2 else (slice(int(y1), y2), slice(int(x1), x2))


def plain_skin(colour: Floats) -> Skin:
    return lambda along, across: np.broadcast_to(colour, (*np.shape(along), 3))


def mottled(colour: Floats, strength: float, rng: np.random.Generator) -> Skin:
    """One colour with soft blotches, as skin and felt have them."""
    phases, waves = rng.uniform(0, 6, 4), rng.uniform(0.6, 2.4, (4, 2))

    def skin(along: AnyFloats, across: AnyFloats) -> AnyFloats:
        field = np.sin(along[..., None] * waves[:, 0] + across[..., None] * waves[:, 1] + phases)
        return np.asarray(colour * (1 + strength * field.mean(axis=-1))[..., None])

    return skin


def knitted(colour: Floats, other: Floats, rng: np.random.Generator) -> Skin:
    """Ribs or cables of wool, perhaps with bands of another colour."""
    rib, depth = rng.uniform(7, 16), rng.uniform(0.02, 0.09)
    slant, band = rng.uniform(-3, 3), rng.uniform(0.8, 2.5)
    striped = rng.random() < 0.25

    def skin(along: AnyFloats, across: AnyFloats) -> AnyFloats:
        shade = 1 + depth * np.sin(along * rib + across * slant) * np.cos(across * 6)
        share = (np.sin(along * band) > 0.4) * 1.0 if striped else np.zeros_like(along)
        return np.asarray((colour + (other - colour) * share[..., None]) * shade[..., None])

    return skin


def skin_colour(rgb: Pixels, points_px: Floats) -> NDArray[np.float64] | None:
    """The middle of the colours around some points of a face, of those that may be skin: redder
    than green, greener than blue, and not by little or much. None where nothing is."""
    height, width = rgb.shape[:2]
    inside = (points_px >= 0).all(axis=1) & (points_px < [width, height]).all(axis=1)
    x, y = points_px[inside].astype(int).T
    patches = [rgb[max(b - 1, 0) : b + 2, max(a - 1, 0) : a + 2] for a, b in zip(x, y, strict=True)]
    colours = np.array([p.reshape(-1, 3).mean(axis=0) for p in patches]).reshape(-1, 3)
    red, green, blue = colours.T
    is_skin = (red > 1.06 * green) & (green > 0.92 * blue) & (red < 2.6 * blue) & (red > 28)
    if len(colours) and np.ptp(colours, axis=1).max() < 4:  # a black-and-white photo
        is_skin = colours.mean(axis=1) > 60
    return np.asarray(np.median(colours[is_skin], axis=0)) if is_skin.any() else None
