"""A contact sheet of what was drawn, each face at 100 px: would a person be fooled?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from facesort.dataset.synth.draw_on_image import DrawnFace
from facesort.dataset.synth.paint import Pixels
from facesort.dataset.writer import write_jpeg
from facesort.errors import DatasetError

FACE_PX, CELL_PX, COLUMNS = 100, 170, 8
CELLS = 96
_OF_A_KIND = 12  # so that no kind fills the sheet


class Sheet:
    """Collects cells; `save` writes them as one JPEG."""

    def __init__(self) -> None:
        self._cells: list[Pixels] = []
        self._kinds: Counter[str] = Counter()

    def add(self, rgb: Pixels, faces: Sequence[DrawnFace]) -> None:
        for face in faces:
            if len(self._cells) < CELLS and self._kinds[face.kind] < _OF_A_KIND:
                self._kinds[face.kind] += 1
                self._cells.append(_cell(rgb, face))

    def save(self, path: Path) -> int:
        """Write the sheet and return how many faces it shows; raises `DatasetError` if none or if
        the file cannot be written."""
        if not self._cells:
            raise DatasetError(f"{path}: nothing was drawn, so there is no contact sheet")
        blank = [np.zeros_like(self._cells[0])] * (-len(self._cells) % COLUMNS)
        cells = [*self._cells, *blank]
        rows = [np.hstack(cells[k : k + COLUMNS]) for k in range(0, len(cells), COLUMNS)]
        path.parent.mkdir(parents=True, exist_ok=True)
        write_jpeg(np.vstack(rows), path)
        return len(self._cells)


def _cell(rgb: Pixels, face: DrawnFace) -> Pixels:
    """The face, `FACE_PX` high, with room around it and its kind and class below."""
    import cv2

    x1, y1, x2, y2 = face.xyxy_px
    scale = FACE_PX / max(x2 - x1, y2 - y1)
    middle = np.array([x1 + x2, y1 + y2]) / 2
    shift = CELL_PX / 2 - middle * scale
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    sharp = rgb if scale > 0.7 else cv2.GaussianBlur(rgb, (0, 0), 0.4 / scale)
    cell = cv2.warpAffine(sharp, matrix, (CELL_PX, CELL_PX), borderValue=(114, 114, 114))
    for text, y in ((face.kind, CELL_PX - 16), (face.after.name, CELL_PX - 4)):
        for colour, width in (((0, 0, 0), 3), ((255, 255, 90), 1)):
            cv2.putText(cell, text, (3, y), 0, 0.36, colour, width, cv2.LINE_AA)
    return np.asarray(cell, dtype=np.uint8)
