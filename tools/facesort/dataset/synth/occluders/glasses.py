"""Draws glasses over both eyes: frames, lenses, bridge and temples on a 3-D head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from facesort.dataset.synth.head_model import EAR_XYZ, Floats, Head, fit_head
from facesort.dataset.synth.occluders.lenses import (
    clear_glare,
    dark_tint,
    draw_clear_lens,
    draw_dark_lens,
)
from facesort.dataset.synth.paint import Layer, Pixels, hsv, smooth_closed

# Outlines of one lens (the right one in the image) about its centre: x outwards, then y down.
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


# What a style of sunglasses may look like; mirrored and tinted ones come in any shape.
SHAPES_OF = {
    "aviator": ("aviator",),
    "square": ("wayfarer", "rectangle"),
    "round": ("round",),
    "sport": ("wrap",),
    "cat_eye": ("cat_eye",),
}
_CLEAR_SHAPES = ("rectangle", "rectangle", "wayfarer", "round", "cat_eye", "aviator")


@dataclass(frozen=True)
class Frame:
    outline: Floats  # (n, 2) about the lens centre, head units
    centre_xy: tuple[float, float]
    colour: Floats
    rim: float  # thickness, head units; 0 where there is none
    curve: float  # how much the frame bends round the face
    half: bool = False  # a rim above only


def sunglasses_frame(style: str, rng: np.random.Generator) -> Frame:
    """A frame as sunglasses have it: large, thick or of metal."""
    shape = str(rng.choice(SHAPES_OF.get(style, tuple(OUTLINES))))
    size = np.array(SIZES[shape]) * rng.uniform(0.92, 1.3) * rng.uniform(0.94, 1.06, 2)
    size[0] = min(size[0], 0.47)  # two lenses and a bridge share the width of a face
    rim = rng.uniform(0.02, 0.05) if shape in ("aviator", "round") else rng.uniform(0.04, 0.1)
    centre = (rng.uniform(0.5, 0.54), rng.uniform(-0.03, 0.1))
    colour = frame_colour(rng, [0.5, 0.17, 0.18, 0.1, 0.05])
    outline = smooth_closed(np.array(OUTLINES[shape]).T * size)
    return Frame(outline, centre, colour, rim, rng.uniform(0.12, 0.35))


def clear_frame(style: str, rng: np.random.Generator) -> Frame:
    """A frame as people read with: thick, thin, rimless, or with a rim above only."""
    shape = str(rng.choice(_CLEAR_SHAPES))
    size = np.array(SIZES[shape]) * rng.uniform(0.84, 1.08) * rng.uniform(0.95, 1.05, 2)
    size[1] *= rng.uniform(0.72, 1.0)
    size[0] = min(size[0], 0.45)
    rims = {
        "thick": (0.05, 0.1),
        "thin": (0.018, 0.04),
        "rimless": (0, 0),
        "half_rim": (0.03, 0.06),
    }
    likely = [0.66, 0.14, 0.1, 0.06, 0.04] if style == "thick" else [0.4, 0.2, 0.35, 0.05, 0.0]
    centre = (rng.uniform(0.49, 0.53), rng.uniform(0.0, 0.13))
    colour = frame_colour(rng, likely)
    outline = smooth_closed(np.array(OUTLINES[shape]).T * size)
    rim, curve = rng.uniform(*rims[style]), rng.uniform(0.08, 0.22)
    return Frame(outline, centre, colour, rim, curve, half=style == "half_rim")


def frame_colour(rng: np.random.Generator, likely: list[float]) -> Floats:
    """Dark, brown, metal, vivid or white, as ``likely`` says."""
    dark = hsv(rng.random(), rng.uniform(0, 0.3), rng.uniform(0.03, 0.18))
    brown = hsv(rng.uniform(0.03, 0.09), rng.uniform(0.5, 0.8), rng.uniform(0.2, 0.45))
    metal = hsv(rng.uniform(0.08, 0.14), rng.uniform(0.05, 0.5), rng.uniform(0.55, 0.85))
    vivid = hsv(rng.random(), rng.uniform(0.5, 0.9), rng.uniform(0.4, 0.95))
    white = hsv(0, 0, rng.uniform(0.85, 1))
    return [dark, brown, metal, vivid, white][rng.choice(5, p=likely)]


SUNGLASSES_STYLES = (*SHAPES_OF, "mirrored", "tinted")
EYEGLASSES_STYLES = ("thick", "thin", "rimless", "half_rim")
_ON_HAIR_Y = (-1.25, -0.95)  # how far above the eyes pushed-up sunglasses sit

DrawLens = Callable[[Layer, Floats], None]


def draw_sunglasses(
    rgb: Pixels, landmarks_px: ArrayLike, rng: np.random.Generator, style: str | None = None
) -> Pixels:
    """A copy of ``rgb`` in which one face wears sunglasses; arguments as for ``draw_mask``,
    ``style`` one of `SUNGLASSES_STYLES` or any."""
    frame, tint = sunglasses_frame(style or "", rng), dark_tint(style or "", rng)
    head = fit_head(landmarks_px)
    return _draw(rgb, head, frame, lambda layer, lens: draw_dark_lens(layer, lens, tint), rng)


def draw_eyeglasses(
    rgb: Pixels, landmarks_px: ArrayLike, rng: np.random.Generator, style: str | None = None
) -> Pixels:
    """A copy of ``rgb`` in which one face wears clear glasses, which cover no eye; ``style`` one
    of `EYEGLASSES_STYLES` or any."""
    style = style or str(rng.choice(EYEGLASSES_STYLES, p=[0.5, 0.28, 0.08, 0.14]))
    frame, glare = clear_frame(style, rng), clear_glare(rng)
    head = fit_head(landmarks_px)
    return _draw(rgb, head, frame, lambda layer, lens: draw_clear_lens(layer, lens, glare), rng)


def draw_sunglasses_up(rgb: Pixels, landmarks_px: ArrayLike, rng: np.random.Generator) -> Pixels:
    """A copy of ``rgb`` with sunglasses pushed up onto the hair: the eyes stay free."""
    frame, tint = sunglasses_frame("", rng), dark_tint("", rng)
    frame = replace(frame, centre_xy=(frame.centre_xy[0], rng.uniform(*_ON_HAIR_Y)))
    flat = frame.outline * [1.0, rng.uniform(0.55, 0.8)]  # seen from below
    frame, head = replace(frame, outline=flat), fit_head(landmarks_px)
    return _draw(rgb, head, frame, lambda layer, lens: draw_dark_lens(layer, lens, tint), rng)


def _draw(
    rgb: Pixels, head: Head, frame: Frame, draw_lens: DrawLens, rng: np.random.Generator
) -> Pixels:
    lenses = [head.project(_on_face(frame, frame.outline, side)) for side in (-1, 1)]
    ears = np.array([EAR_XYZ, [-EAR_XYZ[0], *EAR_XYZ[1:]]])
    points = np.vstack([*lenses, head.project(ears)])
    height, width = rgb.shape[:2]
    layer = Layer.around(points, (width, height), frame.colour)
    if layer is None:
        return rgb.copy()
    rim_px = head.unit_px * max(frame.rim, 0.018)
    for side in (-1, 1):
        _draw_temple(layer, head, frame, side, rim_px)
    for polygon, side in zip(lenses, (-1, 1), strict=True):
        draw_lens(layer, polygon)
        _draw_rim(layer, head, frame, polygon, side)
    for arc in _bridges(frame, rng):
        layer.line(head.project(arc), frame.colour, rim_px, closed=False)
    return layer.over(rgb, head.unit_px * rng.uniform(0.002, 0.012), rng)


def _draw_rim(layer: Layer, head: Head, frame: Frame, polygon: Floats, side: int) -> None:
    """The rim, lighter along its upper edge where the light falls on it."""
    if frame.rim == 0:
        return
    rim_px = head.unit_px * frame.rim
    if not frame.half:
        layer.line(polygon, frame.colour, rim_px, closed=True)
    middle = frame.outline[:, 1].mean()
    above = np.flatnonzero(frame.outline[:, 1] < middle - 0.02)
    start = int(np.argmax(np.diff(above, append=above[0] + len(frame.outline)))) + 1
    upper = frame.outline[np.roll(above, -start)]
    if frame.half:
        layer.line(head.project(_on_face(frame, upper, side)), frame.colour, rim_px, closed=False)
    lit = np.minimum(frame.colour * 1.25 + 22, 255)
    raised = upper - [0, 0.2 * frame.rim]
    layer.line(head.project(_on_face(frame, raised, side)), lit, 0.3 * rim_px, closed=False)


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
