"""Synthetic occlusions on real faces: classes that too few photos show, and what resembles them.

For training and for the sample album, never for testing. All functions follow the pose of the
head, return a new image, and draw the same for the same ``numpy.random.Generator`` state.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from facesort.classes import EYES, MOUTH
from facesort.dataset.synth.occluder_kinds import KIND_NAMES, KINDS, fits, parts
from facesort.dataset.synth.occluders.glasses import draw_eyeglasses, draw_sunglasses
from facesort.dataset.synth.occluders.masks import draw_mask
from facesort.dataset.synth.paint import Pixels

__all__ = [
    "KIND_NAMES",
    "choose_kind",
    "draw_eyeglasses",
    "draw_kind",
    "draw_mask",
    "draw_sunglasses",
    "occlude",
]

# What to draw on a face, by its bits: mostly what makes the rare classes, else a hard negative,
# above all clear glasses. "a+b" is both, one over the other. Weights need not add up to 1.
CHOICES: dict[int, dict[str, float]] = {
    0: {
        "both": 0.18,
        "sunglasses": 0.18,
        "clear_eyeglasses": 0.18,
        "mask+clear_eyeglasses": 0.07,
        "mask": 0.04,
        "nose_out": 0.03,
        "scarf_up": 0.02,
        "scarf_up+sunglasses": 0.02,
        "both+hat": 0.02,
        "sunglasses+hat": 0.02,
        "sunglasses+hand": 0.02,
        "chin_mask": 0.04,
        "chin_mask+clear_eyeglasses": 0.02,
        "sunglasses_up": 0.02,
        "hand": 0.05,
        "cup": 0.02,
        "microphone": 0.02,
        "scarf": 0.02,
        "hat": 0.02,
        "hair": 0.01,
        "hat+clear_eyeglasses": 0.02,
    },
    MOUTH: {
        "sunglasses": 0.5,
        "sunglasses+hat": 0.06,
        "clear_eyeglasses": 0.28,
        "clear_eyeglasses+hat": 0.04,
        "sunglasses_up": 0.04,
        "hat": 0.03,
        "hand": 0.03,
        "hair": 0.02,
    },
    EYES: {
        "mask": 0.58,
        "nose_out": 0.06,
        "scarf_up": 0.06,
        "chin_mask": 0.1,
        "hand": 0.08,
        "cup": 0.03,
        "microphone": 0.03,
        "scarf": 0.03,
        "hat": 0.03,
    },
    MOUTH | EYES: {"hat": 0.5, "hand": 0.4, "hair": 0.1},
}


def occlude(
    rgb: Pixels, landmarks_px: ArrayLike, class_bits: int, rng: np.random.Generator
) -> tuple[Pixels, int, str]:
    """Draw a likely thing on one face and return the image, the face's bits then, and what
    was drawn (names of `KIND_NAMES` joined by "+"). About 30 ms for a face of 100 px.

    ``landmarks_px`` (5, 2) as for `draw_mask`; ``class_bits`` is what the face wears already.
    """
    kind = choose_kind(class_bits, rng)
    drawn, bits = draw_kind(rgb, landmarks_px, class_bits, kind, rng)
    return drawn, bits, kind


def choose_kind(class_bits: int, rng: np.random.Generator, kinds: Sequence[str] = ()) -> str:
    """What to draw on a face that wears ``class_bits``: by `CHOICES`, or any of ``kinds`` that
    fits; "" where none does."""
    choices = CHOICES[int(class_bits)]
    if kinds:
        choices = {kind: 1.0 for kind in kinds if fits(kind, int(class_bits))}
    if not choices:
        return ""
    weights = np.array(list(choices.values()))
    return str(rng.choice(list(choices), p=weights / weights.sum()))


def draw_kind(
    rgb: Pixels, landmarks_px: ArrayLike, class_bits: int, kind: str, rng: np.random.Generator
) -> tuple[Pixels, int]:
    """Draw what ``kind`` names (of `KIND_NAMES`, or several joined by "+") and return the image
    and the face's bits then. What does not fit what the face wears already is left out."""
    points, bits = np.asarray(landmarks_px, dtype=np.float64).reshape(5, 2), int(class_bits)
    for name in parts(kind):
        if KINDS[name].fits(bits):
            rgb = KINDS[name].draw(rgb, points, rng)
            bits |= KINDS[name].adds
    return rgb, bits
