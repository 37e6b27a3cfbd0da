"""What may be drawn on a face, and what each drawing does to the two bits: one table.

The bits say "mouth covered" and "eyes covered" by something worn. As the real labels of this
project were read: a mask counts while it covers the mouth (nose out or not) and no longer on the
chin; a scarf counts when it is pulled over mouth and nose; a hand, a cup or a microphone before
the mouth, hair and hats change nothing, nor do glasses through which the eyes are seen.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from facesort.classes import EYES, MOUTH
from facesort.dataset.synth.head_model import Floats
from facesort.dataset.synth.occluders.glasses import (
    draw_eyeglasses,
    draw_sunglasses,
    draw_sunglasses_up,
)
from facesort.dataset.synth.occluders.hair import draw_hair
from facesort.dataset.synth.occluders.hand import draw_hand
from facesort.dataset.synth.occluders.held_objects import draw_cup, draw_microphone
from facesort.dataset.synth.occluders.masks import draw_mask
from facesort.dataset.synth.occluders.scarves_hats import draw_hat, draw_scarf, draw_scarf_up
from facesort.dataset.synth.paint import Pixels
from facesort.errors import UsageError

Draw = Callable[[Pixels, Floats, np.random.Generator], Pixels]


@dataclass(frozen=True)
class Kind:
    """One thing to draw. It is drawn only where none of the bits ``needs_free`` is set."""

    draw: Draw
    adds: int
    needs_free: int
    why: str

    def fits(self, bits: int) -> bool:
        return not bits & self.needs_free


def _nose_out(rgb: Pixels, landmarks_px: Floats, rng: np.random.Generator) -> Pixels:
    return draw_mask(rgb, landmarks_px, rng, fit="nose_out")


def _chin_mask(rgb: Pixels, landmarks_px: Floats, rng: np.random.Generator) -> Pixels:
    return draw_mask(rgb, landmarks_px, rng, fit="chin")


KINDS: dict[str, Kind] = {
    "mask": Kind(draw_mask, MOUTH, MOUTH, "covers mouth and nose"),
    "nose_out": Kind(_nose_out, MOUTH, MOUTH, "a mask below the nose still covers the mouth"),
    "chin_mask": Kind(_chin_mask, 0, MOUTH, "a mask on the chin covers no mouth"),
    "sunglasses": Kind(draw_sunglasses, EYES, EYES, "the eyes cannot be seen"),
    "clear_eyeglasses": Kind(draw_eyeglasses, 0, EYES, "the eyes can be seen"),
    "sunglasses_up": Kind(draw_sunglasses_up, 0, EYES, "pushed up onto the hair: eyes free"),
    "scarf_up": Kind(draw_scarf_up, MOUTH, MOUTH, "a scarf worn over mouth and nose covers them"),
    "scarf": Kind(draw_scarf, 0, 0, "round the neck: mouth free"),
    "hand": Kind(draw_hand, 0, 0, "held before the mouth, not worn: labelled as without it"),
    "cup": Kind(draw_cup, 0, MOUTH, "held before the mouth, not worn"),
    "microphone": Kind(draw_microphone, 0, 0, "held before the mouth, not worn"),
    "hair": Kind(draw_hair, 0, 0, "over forehead and cheeks: eyes and mouth free"),
    "hat": Kind(draw_hat, 0, 0, "over the forehead: eyes free"),
}

# One name for several, drawn one over the other; any may be asked for as "a+b" too.
COMBINED = {"both": "mask+sunglasses"}
KIND_NAMES = (*KINDS, *COMBINED)


def parts(kind: str) -> list[str]:
    """The names in `KINDS` of what ``kind`` stands for, in the order of drawing."""
    return [part for name in kind.split("+") for part in COMBINED.get(name, name).split("+")]


def fits(kind: str, bits: int) -> bool:
    """Whether anything of ``kind`` can be drawn on a face that wears ``bits`` already."""
    return any(KINDS[name].fits(bits) for name in parts(kind))


def check_kinds(text: str) -> tuple[str, ...]:
    """The kinds of a comma-separated list; raises `UsageError` with the nearest known name."""
    kinds = tuple(filter(None, (kind.strip() for kind in text.split(","))))
    for name in (name for kind in kinds for name in parts(kind)):
        if name not in KINDS:
            near = difflib.get_close_matches(name, KIND_NAMES, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"--kinds: '{name}' is not known; {hint}known: {', '.join(KIND_NAMES)}"
            )
    return kinds
