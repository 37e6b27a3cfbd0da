"""The Python call of the RetinaFace system of Seoul National University, with its five results.

from facesort.media.inference import inference
from facesort.models.detect import load_detector
from facesort.photos import open_photo

result = inference([open_photo(path).rgb for path in paths], load_detector(weights))
result_bboxes, face_bboxes, face_masks, head_bboxes, head_masks = result
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from facesort.media.frame_results import HEAD_SCALE, Region, masks_of
from facesort.models.detect import Detector
from facesort.models.segment import Segment, load_segmenter

RegionsOfImages: TypeAlias = list[NDArray[np.int64]]  # an image: (faces, 4) x1 y1 x2 y2
MasksOfImages: TypeAlias = list[list[NDArray[np.uint8]]]  # an image, a face: (h, w, 3)
Result: TypeAlias = tuple[
    RegionsOfImages, RegionsOfImages, MasksOfImages, RegionsOfImages, MasksOfImages
]


def inference(
    images_rgb: Iterable[NDArray[np.uint8]],
    detector: Detector,
    segment: Segment | None = None,
    head_scale: float = HEAD_SCALE,
) -> Result:
    """``result_bboxes, face_bboxes, face_masks, head_bboxes, head_masks`` of images (h, w, 3).

    Each is a list with one element an image, also where no face is (the original leaves those out
    of its first list, so that its lists do not match). ``result_bboxes`` and ``head_bboxes`` are
    whole pixels of the image, ``face_bboxes`` of the head; masks are white where the face or the
    person is, and as large as their box. ``segment`` is GrabCut if not given.
    """
    segment = segment or load_segmenter(None)
    found = [
        [masks_of(rgb, box, segment, head_scale) for box in detector.detect([rgb])[0].xyxy_px]
        for rgb in images_rgb
    ]
    return (
        [_regions([face.face_px for face in faces]) for faces in found],
        [_regions([face.face_in_head_px for face in faces]) for faces in found],
        [[_rgb(face.face_mask) for face in faces] for faces in found],
        [_regions([face.head_px for face in faces]) for faces in found],
        [[_rgb(face.head_mask) for face in faces] for faces in found],
    )


def _regions(regions: Sequence[Region]) -> NDArray[np.int64]:
    return np.array(regions, dtype=np.int64).reshape(-1, 4)


def _rgb(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(mask[..., None], 3, axis=2)
