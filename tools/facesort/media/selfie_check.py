"""The selfie check with its models: finds the face, its five points, and judges both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facesort.boxes import Boxes, area, as_boxes
from facesort.classes import FaceClass
from facesort.detections import Detections, FaceFinder, FoundFaces
from facesort.models.detect import YoloDetector
from facesort.models.occlusion_scores import cover_scores
from facesort.models.people.points import PointFinder
from facesort.photos import Photo
from facesort.selfie.check import Verdict, check_selfie
from facesort.selfie.components import Covers, components
from facesort.selfie.limits import Limits


@dataclass(frozen=True)
class SelfieChecker:
    """``detector`` finds our four classes; ``yunet``, where given, finds the points for the pose
    instead of ``points``."""

    detector: YoloDetector
    points: PointFinder
    limits: Limits
    yunet: FaceFinder | None = None

    def check(self, photo: Photo) -> tuple[Verdict, MainFace | None]:
        """The verdict, and the main face for `components`; None where there is no face."""
        found = self.detector.detect([photo.rgb])[0]
        face = main_face(found, photo, self.points)
        if self.yunet:
            marks: FoundFaces | None = self.yunet(photo.rgb, self.limits.network_px)
        else:
            marks = face.as_found() if face else None
        covers = self.covers(photo, face) if face else None
        return check_selfie(photo, found, self.limits, marks, covers), face

    def components(self, photo: Photo, face: MainFace | None) -> dict[str, int | None] | None:
        """Quality components of the photo that `check` saw; None where there is no face."""
        if face is None:
            return None
        verdict = check_selfie(photo, face.found, self.limits)
        if verdict.measures is None:
            return None
        covers = self.covers(photo, face)
        return components(photo, face.xyxy_px, verdict.measures, covers, face.points_px)

    def covers(self, photo: Photo, face: MainFace) -> Covers:
        """How probably eyes and mouth of ``face`` are covered, by another look at it alone."""
        px = self.limits.cover_px
        return cover_scores(self.detector, photo.rgb, face.xyxy_px, px) or face.covers()


@dataclass(frozen=True, eq=False)
class MainFace:
    """The largest face: box (4,) and five points (5, 2) in the pixels of the photo's ``rgb``."""

    found: Detections
    xyxy_px: Boxes
    points_px: Boxes
    confidence: float
    face_class: FaceClass

    def as_found(self) -> FoundFaces:
        return FoundFaces(
            as_boxes(self.xyxy_px), np.array([self.confidence]), self.points_px.reshape(1, 5, 2)
        )

    def covers(self) -> Covers:
        """By the one class that the detection kept."""
        half = self.confidence / 2
        eyes, mouth = self.face_class.eyes_covered, self.face_class.mouth_covered
        return Covers(0.5 + half if eyes else 0.5 - half, 0.5 + half if mouth else 0.5 - half)


def main_face(found: Detections, photo: Photo, finder: PointFinder) -> MainFace | None:
    """The largest of ``found`` with its points; None where there is none, or it has no area."""
    if not len(found):
        return None
    main = int(area(found.xyxy_px).argmax())
    box = found.xyxy_px[main]
    if not area(box)[0] > 0:
        return None
    try:
        points = finder.find(photo.rgb, box)[0]
    except ValueError:  # the points fell into one place: no pose
        return None
    face_class = FaceClass(int(found.class_id[main]))
    return MainFace(found, box, points, float(found.confidence[main]), face_class)
