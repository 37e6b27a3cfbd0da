"""The masks of a face and of its head, aligned to the picture also at its border.

The RetinaFace system that this follows cuts the face from the middle of the head's mask, which is
wrong where the head is cut by the border of the picture; here it is cut where the face is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.media.regions import HEAD_SCALE, Region, cut, head_of, whole_px, within

# (head crop RGB, the face in its pixels) -> (h, w) True where the person of that face is
Segment = Callable[[NDArray[np.uint8], Region], NDArray[np.bool_]]
WHITE = 255


@dataclass(frozen=True, eq=False)
class HeadAndFace:
    """``face_px`` and ``head_px`` in the picture; the masks (h, w), 0 or 255, are as large."""

    face_px: Region
    head_px: Region
    face_mask: NDArray[np.uint8]
    head_mask: NDArray[np.uint8]

    @property
    def face_in_head_px(self) -> Region:
        return within(self.face_px, self.head_px)


def masks_of(
    rgb: NDArray[np.uint8],
    xyxy_px: ArrayLike,
    segment: Segment,
    head_scale: float = HEAD_SCALE,
) -> HeadAndFace:
    """Masks of one face of a picture (h, w, 3).

    The face's mask is what the head's has inside the oval that fills the face's box: hair, ears
    and shoulders in the corners of the box are no face.
    """
    size_wh = rgb.shape[1], rgb.shape[0]
    face_px = whole_px(xyxy_px, size_wh)
    head_px = head_of(xyxy_px, size_wh, head_scale)
    inside = within(face_px, head_px)
    head_mask = np.where(segment(cut(rgb, head_px), inside), WHITE, 0).astype(np.uint8)
    face_mask = np.where(oval(xyxy_px, face_px), cut(head_mask, inside), 0).astype(np.uint8)
    return HeadAndFace(face_px, head_px, face_mask, head_mask)


def oval(xyxy_px: ArrayLike, region: Region) -> NDArray[np.bool_]:
    """True inside the oval that fills a box, as an array over ``region``. A face that the border
    cuts in half has half an oval only if its box goes on beyond; boxes usually end there."""
    x1, y1, x2, y2 = np.asarray(xyxy_px, dtype=np.float64)
    left, top, right, bottom = region
    x = (np.arange(left, right) + 0.5 - (x1 + x2) / 2) / max((x2 - x1) / 2, 0.5)
    y = (np.arange(top, bottom) + 0.5 - (y1 + y2) / 2) / max((y2 - y1) / 2, 0.5)
    inside: NDArray[np.bool_] = x[None, :] ** 2 + y[:, None] ** 2 <= 1
    return inside


# per picture: regions (faces, 4) as integers, and for each face a mask (h, w, 3)
Masked = tuple[
    list[NDArray[np.int64]],
    list[NDArray[np.int64]],
    list[list[NDArray[np.uint8]]],
    list[NDArray[np.int64]],
    list[list[NDArray[np.uint8]]],
]


def inference(
    pictures: Iterable[tuple[NDArray[np.uint8], ArrayLike]],
    segment: Segment,
    head_scale: float = HEAD_SCALE,
) -> Masked:
    """``result_bboxes, face_bboxes, face_masks, head_bboxes, head_masks``, as the RetinaFace system
    of Seoul National University returns them, for pictures with the boxes of their faces.

    Each is a list with one element a picture (there too where no face is: the original skips
    those in the first list, so that its lists do not match). ``result_bboxes`` and
    ``head_bboxes`` are (faces, 4) whole pixels x1 y1 x2 y2 of the picture, ``face_bboxes`` of the
    head; masks are (h, w, 3), white where the face or the person is, as large as their box.
    """
    result: Masked = ([], [], [], [], [])
    for rgb, boxes in pictures:
        found = [masks_of(rgb, box, segment, head_scale) for box in np.reshape(boxes, (-1, 4))]
        result[0].append(_regions([one.face_px for one in found]))
        result[1].append(_regions([one.face_in_head_px for one in found]))
        result[2].append([_three(one.face_mask) for one in found])
        result[3].append(_regions([one.head_px for one in found]))
        result[4].append([_three(one.head_mask) for one in found])
    return result


def _regions(regions: list[Region]) -> NDArray[np.int64]:
    return np.array(regions, dtype=np.int64).reshape(-1, 4)


def _three(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(mask[..., None], 3, axis=2)
