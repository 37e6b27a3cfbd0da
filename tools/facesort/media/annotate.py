"""Draws faces into a picture by Ultralytics' own plotting: it is installed anyway, and its boxes
look as people know them. Labels are drawn by OpenCV, which wants no font (Pillow's way would look
for one on the network)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort import packages
from facesort.classes import FaceClass
from facesort.errors import ModelError
from facesort.media.looks import Face, Look

COLOURS_RGB = {  # told apart also by those who see no red or green (Okabe and Ito, 2008)
    FaceClass.face.name: (0, 158, 115),
    FaceClass.masked.name: (0, 114, 178),
    FaceClass.sunglasses.name: (230, 159, 0),
    FaceClass.masked_sunglasses.name: (213, 94, 0),
}
OTHER_RGB = (204, 121, 167)


def annotated(look: Look) -> NDArray[np.uint8]:
    """A copy of the picture with boxes; raises `ModelError` where Ultralytics is not installed."""
    annotator = _annotator()(np.array(look.rgb, order="C"))
    for face, box in zip(look.faces, look.boxes_in_rgb, strict=True):
        annotator.box_label(box, label_of(face), COLOURS_RGB.get(face.class_name, OTHER_RGB))
    return np.asarray(annotator.result(), dtype=np.uint8)


def label_of(face: Face) -> str:
    number = "" if face.track is None else f"#{face.track} "
    return f"{number}{face.class_name} {face.confidence:.2f}"


def _annotator() -> Any:
    try:
        from facesort.models.quiet import import_ultralytics

        import_ultralytics()
        from ultralytics.utils import plotting
    except ImportError as error:
        line = packages.install_line(["ultralytics"])
        raise ModelError(f"drawing needs ultralytics ({error}); run: {line}") from None
    return plotting.Annotator
