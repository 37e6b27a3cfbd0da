"""The verdict on one photo: what stands in the way of recognising the face in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from facesort.boxes import Boxes, area, iou_matrix, min_side
from facesort.classes import FaceClass
from facesort.detections import Detections, FoundFaces
from facesort.photos import Photo
from facesort.selfie.components import Covers
from facesort.selfie.limits import Limits
from facesort.selfie.measure import Measures, Pose, measure, pose_of
from facesort.selfie.words import words_of

_SAME_FACE = 0.5  # so much of a smaller box inside the main face: not another person
_SAME_IOU = 0.3  # landmarks of another model belong to the face they overlap this much


@dataclass(frozen=True)
class Verdict:
    """``reasons`` are keys of words.yaml, in the order in which a person would fix them; there
    are none for a usable photo. ``measures`` is None where there is no face."""

    reasons: tuple[str, ...]
    covered: tuple[str, ...] = ()
    measures: Measures | None = None

    @property
    def usable(self) -> bool:
        return not self.reasons

    def advice(self, language: str = "en") -> str:
        return words_of(language).sentence(self.reasons)

    def as_json(self, language: str = "en", measures: bool = False) -> dict[str, Any]:
        """``{usable, reasons, covered, advice}``, with ``measured`` on demand."""
        content = {
            "usable": self.usable,
            "reasons": list(self.reasons),
            "covered": list(self.covered),
            "advice": self.advice(language),
        }
        if measures:
            content["measured"] = asdict(self.measures) if self.measures else None
        return content


def check_selfie(
    photo: Photo,
    found: Detections,
    limits: Limits,
    points: FoundFaces | None = None,
    covers: Covers | None = None,
) -> Verdict:
    """Judge ``photo`` by the faces ``found`` in ``photo.rgb`` (class index = `FaceClass`).

    The main face is the largest. Have the network look at ``limits.network_px``: it often misses
    the large face of a selfie at 640 px. ``points`` are faces with landmarks in the same pixels,
    from any model that has them: with them, a turned or tilted head is noticed as well. ``covers``
    of the main face decide over its class: they come of a look at the face alone, which does not
    take clear eyeglasses for a cover.
    """
    if not len(found):
        return Verdict(("no_face",))
    main = int(area(found.xyxy_px).argmax())
    xyxy = found.xyxy_px[main]
    others = np.delete(found.xyxy_px, main, axis=0)
    measures = measure(
        photo,
        xyxy,
        confidence=float(found.confidence[main]),
        other_face=_largest_other(xyxy, others),
        pose=_pose(xyxy, points),
    )
    covered = _covered(FaceClass(int(found.class_id[main])), covers, limits)
    return Verdict(tuple(_reasons(measures, covered, limits)), covered, measures)


def _covered(face_class: FaceClass, covers: Covers | None, limits: Limits) -> tuple[str, ...]:
    if covers is None:
        parts = {"eyes": face_class.eyes_covered, "mouth": face_class.mouth_covered}
    else:
        parts = {"eyes": covers.eyes > limits.max_cover, "mouth": covers.mouth > limits.max_cover}
    return tuple(part for part, is_covered in parts.items() if is_covered)


def _reasons(m: Measures, covered: tuple[str, ...], limits: Limits) -> Iterator[str]:
    checks = {
        "several_faces": m.other_face > limits.max_other_face,
        "eyes_covered": "eyes" in covered,
        "mouth_covered": "mouth" in covered,
        "cut_off": m.border_gap < limits.min_border_gap,
        "too_small": m.face_px < limits.min_face_px,
        "turned": m.pose is not None and abs(m.pose.nose_offset) > limits.max_nose_offset,
        "tilted": m.pose is not None and abs(m.pose.tilt_deg) > limits.max_tilt_deg,
        "too_dark": m.light < limits.min_light,
        "too_bright": m.burnt > limits.max_burnt,
        "blurred": m.blur > limits.max_blur,
    }
    named = [reason for reason, holds in checks.items() if holds]
    yield from named
    if not named and m.confidence < limits.min_confidence:
        yield "unclear"  # nothing better to say


def _largest_other(xyxy: Boxes, others: Boxes) -> float:
    """The side of the largest other face as a fraction of the main one's; 0 if there is none."""
    left_top = np.maximum(others[:, :2], xyxy[:2])
    right_bottom = np.minimum(others[:, 2:], xyxy[2:])
    shared = np.prod(np.clip(right_bottom - left_top, 0, None), axis=1)
    apart = others[shared <= _SAME_FACE * area(others)]
    return float(min_side(apart).max(initial=0.0) / max(min_side(xyxy)[0], 1.0))


def _pose(xyxy: Boxes, points: FoundFaces | None) -> Pose | None:
    if points is None or not len(points.xyxy_px):
        return None
    overlap = iou_matrix(xyxy, points.xyxy_px)[0]
    best = int(overlap.argmax())
    return pose_of(points.landmarks_px[best]) if overlap[best] >= _SAME_IOU else None
