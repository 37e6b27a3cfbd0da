"""The frames of glasses: their outlines, sizes and colours, in head units (see head.py)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facesort.dataset.synth.head_model import Floats
from facesort.dataset.synth.paint import hsv, smooth_closed

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
