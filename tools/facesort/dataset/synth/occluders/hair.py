"""Draws strands of hair: a fringe above the eyes, locks down the sides, a few across the face."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from facesort.dataset.synth.head_model import Floats, Head, fit_head
from facesort.dataset.synth.paint import Layer, Pixels, hsv
from facesort.dataset.synth.relief import skin_colour

_HAIR_AT = np.array([[0, -1.45, 0], [-0.6, -1.3, 0], [0.6, -1.3, 0]])
_SKIN_AT = np.array([[-0.5, 0.6, 0.2], [0.5, 0.6, 0.2], [0, 0.25, 0.4], [0, -0.4, 0.3]])
_NATURAL = ((0.07, 0.5, 0.12), (0.07, 0.55, 0.3), (0.09, 0.5, 0.55), (0.11, 0.45, 0.75),
            (0.04, 0.7, 0.4), (0.1, 0.05, 0.6), (0.6, 0.1, 0.07))  # fmt: skip


def draw_hair(rgb: Pixels, landmarks_px: ArrayLike, rng: np.random.Generator) -> Pixels:
    """A copy of ``rgb`` with hair over forehead or cheeks, which leaves the eyes and the mouth;
    arguments as for ``draw_mask``."""
    head, side = fit_head(landmarks_px), float(rng.choice([-1, 1]))
    strands = []
    if rng.random() < 0.65:
        strands += _fringe(side, rng)
    sides = [-1, 1] if rng.random() < 0.6 else [side]
    if rng.random() < 0.7 or not strands:
        strands += [lock for s in sides for lock in _locks(float(s), rng)]
    stray = _stray(rng)
    points = head.project(np.vstack([*strands, *stray]))
    colour = _colour(rgb, head, rng)
    layer = Layer.around(points, (rgb.shape[1], rgb.shape[0]), colour, zoom_max=3)
    if layer is None:
        return rgb.copy()
    thick = head.unit_px * rng.uniform(0.02, 0.035)
    for k, strand in enumerate([*strands, *stray]):
        tone = colour * rng.uniform(0.65, 1.3) + rng.uniform(-6, 10)
        width = thick if k < len(strands) else 0.4 * thick
        layer.line(head.project(strand), np.clip(tone, 0, 255), width, closed=False)
    return layer.over(rgb, head.unit_px * 0.012, rng, own_light=True)


def _colour(rgb: Pixels, head: Head, rng: np.random.Generator) -> Floats:
    """The person's own where something darker than skin is seen above the forehead, else some
    natural one."""
    height, width = rgb.shape[:2]
    at = head.project(_HAIR_AT)
    inside = (at >= 0).all(axis=1) & (at < [width, height]).all(axis=1)
    skin = skin_colour(rgb, head.project(_SKIN_AT))
    bright = 170.0 if skin is None else float(skin.mean())
    x, y = at[inside].astype(int).T
    above = rgb[y, x].astype(np.float64)
    dark = above[(above.mean(axis=1) < 0.7 * bright) & (np.ptp(above, axis=1) < 70)]
    if len(dark):
        return np.asarray(np.median(dark, axis=0))
    return hsv(*_NATURAL[rng.integers(len(_NATURAL))]) * min(bright / 170, 1.0)


def _bent(start: Floats, middle: Floats, end: Floats) -> Floats:
    """A quadratic curve (12, 3)."""
    t = np.linspace(0, 1, 12)[:, None]
    return np.asarray(start * (1 - t) ** 2 + 2 * middle * t * (1 - t) + end * t**2)


def _fringe(side: float, rng: np.random.Generator) -> list[Floats]:
    """From a parting down over the forehead, ending above the eyes."""
    parting, low = side * rng.uniform(0, 0.6), rng.uniform(-0.5, -0.32)
    sweep, strands = rng.uniform(-0.3, 0.3), []
    for x in rng.uniform(-0.95, 0.95, 170):
        root = np.array([parting + (x - parting) * 0.45, -1.45, -0.1]) + rng.normal(0, 0.05, 3)
        drop = low + 0.35 * max(abs(x) - 0.75, 0) - rng.exponential(0.1)
        tip = np.array([x + sweep, drop, 0.28 - 0.3 * x * x])
        middle = np.array([x * 0.9, -1.2, 0.35])
        strands.append(_bent(root, middle, tip))
    return strands


def _locks(side: float, rng: np.random.Generator) -> list[Floats]:
    """Down one side of the face, over the temple and the edge of the cheek."""
    inner, long = rng.uniform(0.78, 1.0), rng.uniform(1.4, 3.4)
    wave, strands = rng.uniform(0, 0.08), []
    for out in 0.6 * rng.beta(1.6, 1.2, 150):  # thinner at its edges
        root = np.array([side * rng.uniform(0.1, 0.6), -1.6 + 0.3 * out, -0.5])
        x = side * (inner + out)
        end = np.array([x + side * rng.normal(0, 0.08), long - rng.exponential(0.4), -0.2])
        curve = _bent(root, np.array([x * 1.25, -0.7, 0.0]), end)
        curve[:, 0] += wave * np.sin(np.linspace(0, 9, 12) + out)
        strands.append(curve)
    return strands


def _stray(rng: np.random.Generator) -> list[Floats]:
    """A few thin ones across the face."""
    strands = []
    for _ in range(int(rng.integers(0, 6))):
        x, end = rng.uniform(-0.7, 0.7), rng.uniform(-0.8, 0.8)
        root, tip = np.array([x, -1.3, 0.2]), np.array([end, rng.uniform(0, 1.4), 0.35])
        middle = np.array([(x + end) / 2 + rng.normal(0, 0.4), -0.3, 0.4])
        strands.append(_bent(root, middle, tip))
    return strands
