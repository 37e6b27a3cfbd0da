"""The four classes are two bits: is the mouth covered, are the eyes covered?

    bit 0 (mouth)  bit 1 (eyes)   class
    0              0              face
    1              0              masked
    0              1              sunglasses
    1              1              masked_sunglasses

The class index of every label file and model of this project *is* that number, so that the
four-class view and the two-bit view are one array seen twice.
"""

from __future__ import annotations

import difflib
from enum import IntEnum

from facesort.errors import LabelError

MOUTH = 0b01
EYES = 0b10


class FaceClass(IntEnum):
    """What covers a face; the value is the class index and the two bits at once."""

    face = 0b00
    masked = MOUTH
    sunglasses = EYES
    masked_sunglasses = MOUTH | EYES

    @property
    def mouth_covered(self) -> bool:
        return bool(self & MOUTH)

    @property
    def eyes_covered(self) -> bool:
        return bool(self & EYES)

    @classmethod
    def from_bits(cls, mouth_covered: bool, eyes_covered: bool) -> FaceClass:
        return cls(MOUTH * bool(mouth_covered) | EYES * bool(eyes_covered))


CLASS_NAMES: tuple[str, ...] = tuple(c.name for c in FaceClass)

# Names that other data sets use for the same four states.
ALIASES: dict[str, FaceClass] = {
    "without_mask": FaceClass.face,
    "no_mask": FaceClass.face,
    "bare": FaceClass.face,
    "non_occluded": FaceClass.face,
    "with_mask": FaceClass.masked,
    "mask": FaceClass.masked,
    "bottom_occluded": FaceClass.masked,
    "top_occluded": FaceClass.sunglasses,
    "both": FaceClass.masked_sunglasses,
    "fully_occluded": FaceClass.masked_sunglasses,
}


def is_class(text: str) -> bool:
    """Does ``text`` name one of the four, as `parse_class` has it?"""
    try:
        parse_class(text)
    except LabelError:
        return False
    return True


def parse_class(text: str) -> FaceClass:
    """Return the class that ``text`` names (a class name or a known alias; case, blanks, dashes
    do not matter). Raises `LabelError` with the nearest known name."""
    key = text.strip().lower().replace("-", "_").replace(" ", "_")
    if key in FaceClass.__members__:
        return FaceClass[key]
    if key in ALIASES:
        return ALIASES[key]
    known = [*CLASS_NAMES, *ALIASES]
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"expected one of {', '.join(CLASS_NAMES)}"
    raise LabelError(f"unknown class '{text}'; {hint}")
