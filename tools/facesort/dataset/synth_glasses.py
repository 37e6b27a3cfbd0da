"""Draws sunglasses over both eyes: dark lenses, frame, bridge and temples on a 3-D head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from facesort.dataset.synth_head import EAR_XYZ, Floats, Head, fit_head
from facesort.dataset.synth_paint import Layer, Pixels, hsv, smooth_closed

# Outlines of one lens (the right one in the picture) about its centre: x outwards, then y down.
OUTLINES: dict[str, list[list[float]]] = {
    "round": [
        [1, 0.71, 0, -0.71, -1, -0.71, 0, 0.71],
        [0, 0.71, 1, 0.71, 0, -0.71, -1, -0.71],
    ],
    "wayfarer": [
        [1.05, 0.95, 0.7, 0, -0.7, -0.9, -0.92, 0],
        [-0.75, 0, 0.75, 0.95, 0.8, 0, -0.65, -0.9],
    ],
    "aviator": [
        [1, 1.02, 0.75, 0.15, -0.5, -0.9, -0.95, 0],
        [-0.7, 0, 0.85, 1.1, 0.7, 0, -0.65, -0.85],
    ],
    "rectangle": [
        [1, 1.02, 0.85, 0, -0.85, -1, -0.95, 0],
        [-0.62, 0.1, 0.65, 0.72, 0.65, 0.1, -0.6, -0.7],
    ],
    "cat_eye": [
        [1.25, 1.0, 0.65, 0, -0.7, -0.92, -0.85, 0.2],
        [-1.0, 0, 0.7, 0.85, 0.65, 0, -0.55, -0.75],
    ],
    "wrap": [
        [1.25, 1.2, 0.8, 0, -0.8, -1.05, -1.05, 0],
        [-0.5, 0.1, 0.6, 0.75, 0.65, 0.1, -0.5, -0.75],
    ],
}
# half width and half height in head units
SIZES = {
    "round": (0.37, 0.38),
    "wayfarer": (0.41, 0.38),
    "aviator": (0.43, 0.42),
    "rectangle": (0.41, 0.41),
    "cat_eye": (0.39, 0.4),
    "wrap": (0.43, 0.45),
}


@dataclass(frozen=True)
class Frame:
    outline: Floats  # (n, 2) about the lens centre, head units
    centre_xy: tuple[float, float]
    colour: Floats
    rim: float  # thickness, head units
    curve: float  # how much the frame bends round the face


def draw_sunglasses(rgb: Pixels, landmarks_px: ArrayLike, rng: np.random.Generator) -> Pixels:
    """A copy of ``rgb`` in which one face wears sunglasses; arguments as for ``draw_mask``."""
    head, frame = fit_head(landmarks_px), _choose_frame(rng)
    lenses = [head.project(_on_face(frame, frame.outline, side)) for side in (-1, 1)]
    ears = np.array([EAR_XYZ, [-EAR_XYZ[0], *EAR_XYZ[1:]]])
    points = np.vstack([*lenses, head.project(ears)])
    height, width = rgb.shape[:2]
    layer = Layer.around(points, (width, height), frame.colour)
    if layer is None:
        return rgb.copy()
    rim_px = head.unit_px * frame.rim
    for side in (-1, 1):
        _draw_temple(layer, head, frame, side, rim_px)
    tint = _choose_tint(rng)
    for polygon in lenses:
        _draw_lens(layer, polygon, tint)
        layer.line(polygon, frame.colour, rim_px, closed=True)
    for arc in _bridges(frame, rng):
        layer.line(head.project(arc), frame.colour, rim_px, closed=False)
    return layer.over(rgb, head.unit_px * rng.uniform(0.002, 0.012), rng)


def _choose_frame(rng: np.random.Generator) -> Frame:
    shape = str(rng.choice(list(OUTLINES)))
    size = np.array(SIZES[shape]) * rng.uniform(0.92, 1.3) * rng.uniform(0.94, 1.06, 2)
    size[0] = min(size[0], 0.47)  # two lenses and a bridge share the width of a face
    outline = smooth_closed(np.array(OUTLINES[shape]).T * size)
    dark = hsv(rng.random(), rng.uniform(0, 0.3), rng.uniform(0.03, 0.18))
    brown = hsv(rng.uniform(0.03, 0.09), rng.uniform(0.5, 0.8), rng.uniform(0.2, 0.45))
    metal = hsv(rng.uniform(0.08, 0.14), rng.uniform(0.05, 0.5), rng.uniform(0.55, 0.85))
    vivid = hsv(rng.random(), rng.uniform(0.5, 0.9), rng.uniform(0.4, 0.95))
    white = hsv(0, 0, rng.uniform(0.85, 1))
    colour = [dark, brown, metal, vivid, white][rng.choice(5, p=[0.5, 0.17, 0.18, 0.1, 0.05])]
    rim = rng.uniform(0.02, 0.05) if shape in ("aviator", "round") else rng.uniform(0.04, 0.1)
    centre = (rng.uniform(0.5, 0.54), rng.uniform(-0.03, 0.1))
    return Frame(outline, centre, colour, rim, rng.uniform(0.12, 0.35))


def _on_face(frame: Frame, outline: Floats, side: int) -> Floats:
    """Lift a flat outline onto the face, bending backwards away from the nose."""
    x = np.clip(outline[:, 0] + frame.centre_xy[0], 0.03, None)
    y = outline[:, 1] + frame.centre_xy[1]
    return np.stack([side * x, y, 0.28 - frame.curve * x**2], axis=1)


def _draw_temple(layer: Layer, head: Head, frame: Frame, side: int, rim_px: float) -> None:
    """The side piece, where that side of the head is turned to the viewer."""
    if side * head.yaw > 0.12:
        return
    top = frame.outline[:, 1].min()
    outer = frame.outline[frame.outline[:, 0] > 0.6 * frame.outline[:, 0].max()]
    hinge = outer[np.argmin(np.abs(outer[:, 1] - 0.4 * top))]
    start = _on_face(frame, hinge[None], side)[0]
    ear = np.array([side * (EAR_XYZ[0] - 0.04), EAR_XYZ[1] - 0.3, EAR_XYZ[2]])
    layer.line(head.project(np.stack([start, ear])), frame.colour * 0.8, rim_px, closed=False)


def _bridges(frame: Frame, rng: np.random.Generator) -> list[Floats]:
    """One arc over the nose, or two."""
    inner = frame.centre_xy[0] + frame.outline[:, 0].min() + frame.rim / 2
    inner = max(inner, 0.05)
    heights = [-0.08] if rng.random() < 0.75 else [-0.04, -0.22]
    x = np.linspace(-inner, inner, 9)
    arcs = []
    for y in heights:
        bow = -0.06 * (1 - (x / inner) ** 2)
        arcs.append(np.stack([x, frame.centre_xy[1] + y + bow, np.full_like(x, 0.3)], axis=1))
    return arcs


@dataclass(frozen=True)
class Tint:
    top: Floats
    bottom: Floats
    opacity_top: float
    opacity_bottom: float
    glint: float  # brightness of the reflected streak
    glint_at: float
    glint_slope: float


def _choose_tint(rng: np.random.Generator) -> Tint:
    dark = hsv(rng.choice([0.08, 0.3, 0.6]), rng.uniform(0.1, 0.6), rng.uniform(0.03, 0.18))
    place = (rng.uniform(0.15, 0.6), rng.uniform(-0.8, 0.8))
    kind = rng.choice(["opaque", "gradient", "mirror"], p=[0.5, 0.32, 0.18])
    if kind == "opaque":
        return Tint(dark, dark * 1.3, 1.0, rng.uniform(0.93, 1), rng.uniform(0, 60), *place)
    if kind == "gradient":
        light = np.minimum(dark * rng.uniform(2, 4) + 15, 160)
        return Tint(dark, light, 1.0, rng.uniform(0.72, 0.9), rng.uniform(0, 45), *place)
    hue = rng.random()
    top = hsv(hue, rng.uniform(0.3, 0.8), rng.uniform(0.25, 0.6))
    low = hsv(hue + rng.uniform(-0.15, 0.15), rng.uniform(0.3, 0.8), rng.uniform(0.4, 0.8))
    return Tint(top, low, 1.0, 0.96, rng.uniform(30, 90), *place)


def _draw_lens(layer: Layer, polygon_px: Floats, tint: Tint) -> None:
    inside = layer.mask(polygon_px)
    rows, columns = np.nonzero(inside)
    if len(rows) == 0:
        return
    down = (rows - rows.min()) / max(np.ptp(rows), 1)
    across = (columns - columns.min()) / max(np.ptp(columns), 1)
    colour = tint.top + (tint.bottom - tint.top) * down[:, None]
    streak = np.exp(-(((across - tint.glint_at + tint.glint_slope * (down - 0.3)) / 0.13) ** 2))
    colour = colour + (tint.glint * streak * (1 - down) ** 0.7)[:, None]
    layer.colour[rows, columns] = np.clip(colour, 0, 255)
    layer.alpha[rows, columns] = tint.opacity_top + (tint.opacity_bottom - tint.opacity_top) * down
