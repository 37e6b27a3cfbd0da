"""Which part of a mask is the person whose face is known, and not somebody else in the image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FacePx = tuple[int, int, int, int]
Mask = NDArray[np.bool_]


def out_of_reach(size_wh: tuple[int, int], face_px: Sequence[float]) -> Mask:
    """True high above a face and far beside its head, where only others can be: a network that
    finds people cannot tell one from the next."""
    w, h = size_wh
    x1, y1, x2, y2 = face_px
    y, x = np.mgrid[:h, :w] + 0.5
    beside = (abs(x - (x1 + x2) / 2) > 1.3 * (x2 - x1)) & (y < y2 + 0.1 * (y2 - y1))
    return np.asarray(beside | (y < y1 - 0.8 * (y2 - y1)), dtype=bool)


def person_of(person: Mask, face_px: FacePx) -> Mask:
    """Of a mask, the connected part that holds most of the face, without holes: other people in
    the crop who do not touch this one are left out."""
    import cv2

    left, top, right, bottom = face_px
    number, parts = cv2.connectedComponents(person.astype(np.uint8))
    in_face = np.bincount(parts[top:bottom, left:right].ravel(), minlength=number)
    in_face[0] = 0
    if number < 2 or not in_face.any():
        return np.zeros_like(person)
    chosen = (parts == in_face.argmax()).astype(np.uint8)
    outlines, _ = cv2.findContours(chosen, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(chosen, outlines, -1, 1, cv2.FILLED)
    return np.asarray(filled, dtype=bool)
