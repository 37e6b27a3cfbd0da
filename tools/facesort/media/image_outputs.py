"""The outputs that are images: crops of faces and heads, masks, annotated photos and videos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort import packages
from facesort.classes import FaceClass
from facesort.errors import ModelError
from facesort.media.frame_results import Face, FrameResult, cut, head_of, masks_of, whole_px
from facesort.media.live_view import Window
from facesort.media.outputs import Output
from facesort.media.sources import Source
from facesort.media.tracking import Votes
from facesort.media.video_writer import VideoWriter
from facesort.models.segment import Segment

COLOURS_RGB = {  # distinct also for those who see no red or green (Okabe and Ito, 2008)
    FaceClass.face.name: (0, 158, 115),
    FaceClass.masked.name: (0, 114, 178),
    FaceClass.sunglasses.name: (230, 159, 0),
    FaceClass.masked_sunglasses.name: (213, 94, 0),
}
OTHER_RGB = (204, 121, 167)


def annotated(look: FrameResult) -> NDArray[np.uint8]:
    """A copy of the image with boxes; raises `ModelError` where Ultralytics is not installed."""
    annotator = _annotator()(np.array(look.rgb, order="C"))
    for face, box in zip(look.faces, look.boxes_in_rgb, strict=True):
        annotator.box_label(box, label_of(face), COLOURS_RGB.get(face.class_name, OTHER_RGB))
    return np.asarray(annotator.result(), dtype=np.uint8)


def label_of(face: Face) -> str:
    number = "" if face.track is None else f"#{face.track} "
    return f"{number}{face.class_name} {face.confidence:.2f}"


def _annotator() -> Any:
    try:
        from facesort.models.ultralytics_loader import import_ultralytics

        import_ultralytics()
        from ultralytics.utils import plotting
    except ImportError as error:
        line = packages.install_line(["ultralytics"])
        raise ModelError(f"drawing needs ultralytics ({error}); run: {line}") from error
    return plotting.Annotator


JPEG_QUALITY = 92


def save(image: NDArray[np.uint8], path: Path) -> None:
    """By Pillow: OpenCV cannot write to names in every script on every system."""
    from PIL import Image

    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.ascontiguousarray(image)).save(path, quality=JPEG_QUALITY)


class Images(Output):
    """Counts what it saves, by folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._saved: dict[str, int] = {}

    def save(self, image: NDArray[np.uint8], kind: str, name: str) -> None:
        save(image, self.folder / kind / name)
        self._saved[kind] = self._saved.get(kind, 0) + 1

    @property
    def summary(self) -> str:
        return ", ".join(f"{kind}/ ({number:,})" for kind, number in self._saved.items())


class Crops(Images):
    """``faces/{stem}_{face}.jpg`` and, four times as wide and high, ``heads/``."""

    def __init__(self, folder: Path, head_scale: float) -> None:
        super().__init__(folder)
        self._head_scale = head_scale

    def take(self, look: FrameResult) -> None:
        size_wh = look.rgb.shape[1], look.rgb.shape[0]
        for index, box in enumerate(look.boxes_in_rgb):
            name = f"{look.stem}_{index}.jpg"
            self.save(cut(look.rgb, whole_px(box, size_wh)), "faces", name)
            self.save(cut(look.rgb, head_of(box, size_wh, self._head_scale)), "heads", name)


class Masks(Images):
    """White on black: ``masks/`` as large as the face's crop, ``head_masks/`` as the head's."""

    def __init__(self, folder: Path, segment: Segment, head_scale: float) -> None:
        super().__init__(folder)
        self._segment = segment
        self._head_scale = head_scale

    def take(self, look: FrameResult) -> None:
        for index, box in enumerate(look.boxes_in_rgb):
            found = masks_of(look.rgb, box, self._segment, self._head_scale)
            name = f"{look.stem}_{index}.png"
            self.save(found.face_mask, "masks", name)
            self.save(found.head_mask, "head_masks", name)


class Annotated(Images):
    """``annotated/``: an image for a photo, a video with its sound for a video."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._film: VideoWriter | None = None
        self._source: Source | None = None
        self._fps = 0.0
        self._videos: list[str] = []

    def begin(self, source: Source, fps: float) -> None:
        self._source, self._fps = source, fps

    def take(self, look: FrameResult) -> None:
        image = annotated(look)
        if look.frame is None:
            self.save(image, "annotated", f"{look.stem}.jpg")
        else:
            self._open_writer(look).write(image, look.time_s or 0.0)

    def _open_writer(self, look: FrameResult) -> VideoWriter:
        if self._film is None:
            (self.folder / "annotated").mkdir(exist_ok=True)
            sound = Path(look.source.where) if look.source.kind == "video" else None
            stem = look.stem.rpartition("_")[0]  # without the frame
            path = self.folder / "annotated" / f"{stem}.mp4"
            size_wh = look.rgb.shape[1], look.rgb.shape[0]
            self._film = VideoWriter(path, size_wh, self._fps, sound)
            self._videos.append(f"annotated/{path.name}" + self._film.remark)
        return self._film

    def end(self, votes: Votes) -> None:
        if self._film is not None:
            writer, self._film = self._film, None
            writer.close()

    @property
    def summary(self) -> str:
        return ", ".join([text for text in [super().summary, *self._videos] if text])


class Shown(Output):
    """A window."""

    def __init__(self, window: Window) -> None:
        self._window = window

    def take(self, look: FrameResult) -> None:
        self._window.show(annotated(look), is_video=look.frame is not None)

    def close(self) -> None:
        self._window.close()
