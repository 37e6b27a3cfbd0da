"""Head and shoulders without a model: GrabCut from the face's box, and whose mask it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LONG_SIDE_PX = 160  # GrabCut's time grows with the pixels; a mask is smooth anyway
ROUNDS = 2  # a third changes next to nothing


def grab_cut(rgb: NDArray[np.uint8], face_px: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    """(h, w) True where the person is, of a head crop (h, w, 3) with the face in its pixels."""
    import cv2

    height, width = rgb.shape[:2]
    scale = min(LONG_SIDE_PX / max(height, width), 1.0)
    small_wh = max(round(width * scale), 1), max(round(height * scale), 1)
    small = cv2.resize(rgb, small_wh, interpolation=cv2.INTER_AREA)
    face = (np.array(face_px) * [*small_wh, *small_wh] / [width, height, width, height]).tolist()
    seeds = seeds_of(small_wh, face)
    known = np.unique(seeds)
    if {cv2.GC_BGD, cv2.GC_PR_BGD} & set(known) and {cv2.GC_FGD, cv2.GC_PR_FGD} & set(known):
        colours = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.setRNGSeed(0)  # the same image, the same mask
        bgr = np.ascontiguousarray(small[..., ::-1], dtype=np.uint8)
        no_box = (0, 0, 1, 1)  # the seeds say it all
        cv2.grabCut(bgr, seeds, no_box, *colours, ROUNDS, cv2.GC_INIT_WITH_MASK)
    person = np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    smooth = cv2.resize(cv2.GaussianBlur(person, (0, 0), 1), (width, height))
    return person_of(np.asarray(smooth >= 0.5, dtype=bool), face_px)


def likely_shape(rgb: NDArray[np.uint8], face_px: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    """Where a person is likely, without a look at the colours: what GrabCut is measured against."""
    import cv2

    seeds = seeds_of((rgb.shape[1], rgb.shape[0]), [float(edge) for edge in face_px])
    return np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD))


def seeds_of(size_wh: tuple[int, int], face_px: list[float]) -> NDArray[np.uint8]:
    """GrabCut's mask to begin with: surely the person in the middle of the face, likely in its
    head and on its shoulders, surely not high above and far beside, unlikely elsewhere."""
    import cv2

    w, h = size_wh
    x1, y1, x2, y2 = face_px
    face_w, face_h, cx, cy = x2 - x1, y2 - y1, (x1 + x2) / 2, (y1 + y2) / 2
    y, x = np.mgrid[:h, :w] + 0.5
    seeds = np.full((h, w), cv2.GC_PR_BGD, dtype=np.uint8)
    seeds[out_of_reach(size_wh, face_px)] = cv2.GC_BGD
    head = ((x - cx) / (0.7 * face_w)) ** 2 + ((y - (cy - 0.15 * face_h)) / (0.78 * face_h)) ** 2
    below_chin = (y - y2) / face_h
    half_w = face_w * np.clip(0.7 + 2.5 * (below_chin - 0.15), 0.7, 1.8)
    body = (below_chin > -0.2) & (abs(x - cx) < half_w)
    seeds[(head <= 1) | body] = cv2.GC_PR_FGD
    middle = ((x - cx) / (0.4 * face_w)) ** 2 + ((y - cy) / (0.42 * face_h)) ** 2
    seeds[middle <= 1] = cv2.GC_FGD
    return seeds


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
