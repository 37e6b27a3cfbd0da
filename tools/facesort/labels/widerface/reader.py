"""A face list of any of the three formats, told by its content, into a `LabelSet`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import SizeWH, clip_xyxy
from facesort.errors import LabelError, PhotoError
from facesort.labels import yolo_pose
from facesort.labels.image_labels import ImageLabels
from facesort.labels.label_set import LabelSet
from facesort.labels.widerface import bbx_text, mat_file, retinaface
from facesort.labels.widerface.face_filter import FaceFilter
from facesort.labels.widerface.face_list import FaceList, ListedImage
from facesort.labels.widerface.image_lookup import Locate, NotFound

_NAMED = 3  # missing images named on the screen; all of them are in the file
PLACEHOLDER = "all-zero row (no face)"


def read(path: Path) -> FaceList:
    """Read bbx_gt.txt, label.txt or .mat, whatever it is called."""
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise LabelError(f"{path}: cannot be read ({error.strerror}); is the path right?") from None
    if start.startswith(b"MATLAB") or start.startswith(b"\x89HDF"):
        return mat_file.read(path)
    if not start.strip():
        raise LabelError(f"{path}: is empty; expected bbx_gt.txt, label.txt or a .mat file")
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"#"):
        return retinaface.read(path)
    return bbx_text.read(path)


@dataclass
class Conversion:
    """Turns a `FaceList` into a `LabelSet`; afterwards ``missing`` says which images were not to
    be had, ``{name: reason}``."""

    locate: Locate
    root: Path
    wanted: FaceFilter = field(default_factory=FaceFilter)
    class_name: str = "face"
    keypoints: bool = False
    missing: dict[str, str] = field(default_factory=dict)
    _left_out: Counter[str] = field(default_factory=Counter)

    def convert(self, faces: FaceList, listed_images: Sequence[ListedImage]) -> LabelSet:
        """``images`` are those of ``faces``, perhaps behind a progress bar.

        An image all of whose faces are dropped is left out as well: with an empty label it would
        teach that faces are background. Images listed without a face stay.
        """
        self.wanted.check(faces)
        if self.keypoints and not any((p.landmarks[..., 2] >= 0).any() for p in faces.images):
            raise LabelError(
                "this list has no landmarks; only RetinaFace's label.txt of the train part does"
            )
        self._left_out[PLACEHOLDER] += faces.placeholders
        images, emptied = [], 0
        for listed in listed_images:
            found = self._place(listed)
            if found is None:
                continue
            image = self._image(listed, faces.columns, *found)
            if len(listed.xywh_px) and not len(image.class_id):
                emptied += 1
            else:
                images.append(image)
        return LabelSet(
            (self.class_name,),
            tuple(images),
            self.root,
            +self._left_out,
            self._notes(len(faces.images), emptied),
        )

    def _place(self, listed: ListedImage) -> tuple[Path, SizeWH] | None:
        try:
            return self.locate(listed.name)
        except PhotoError as error:
            self.missing[listed.name] = str(error)
            reason = "image missing" if isinstance(error, NotFound) else "image unreadable"
            self._left_out[reason] += len(listed.xywh_px)
            return None

    def _image(
        self, listed: ListedImage, columns: tuple[str, ...], path: Path, size_wh: SizeWH
    ) -> ImageLabels:
        keep = self.wanted.keep(listed, columns, self._left_out)
        boxes = clip_xyxy(listed.xyxy_px, size_wh)
        inside = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        self._left_out["outside the image"] += int((keep & ~inside).sum())
        keep &= inside
        ids = np.zeros(int(keep.sum()), dtype=np.int64)
        if not self.keypoints:
            return ImageLabels(path, size_wh, boxes[keep], ids)
        points = _keypoints(listed.landmarks[keep])
        return yolo_pose.PoseLabels(path, size_wh, boxes[keep], ids, points)

    def _notes(self, listed: int, emptied: int) -> tuple[str, ...]:
        notes = []
        if self.missing:
            first = ", ".join(list(self.missing)[:_NAMED])
            more = ", ..." if len(self.missing) > _NAMED else ""
            notes.append(
                f"{len(self.missing):,} of {listed:,} images missing or unreadable: {first}{more}"
            )
        if emptied:
            notes.append(f"{emptied:,} images left out: none of their faces was kept")
        return tuple(notes)


def _keypoints(landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
    """RetinaFace's landmark states (0 visible, 1 covered, -1 unknown) as YOLO's (2, 1, 0)."""
    points = landmarks.copy()
    states = landmarks[..., 2]
    points[..., 2] = np.select(
        [states == 0, states == 1], [yolo_pose.VISIBLE, yolo_pose.COVERED], yolo_pose.UNMARKED
    )
    points[states < 0] = 0
    return points
