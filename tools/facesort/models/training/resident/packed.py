"""A packed data set: a folder of small pictures and ``index.json``, one row a picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from facesort.errors import DatasetError
from facesort.models.training.resident.pool import LabelledImage


def read_packed(root: Path) -> list[LabelledImage]:
    """``root/index.json``: rows of file, boxes (xyxy px), cls, weight and group."""
    try:
        rows = json.loads((root / "index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{root}/index.json: cannot be read ({error})") from error
    with ThreadPoolExecutor() as threads:
        return list(threads.map(lambda row: _read(root, row), rows))


def _read(root: Path, row: dict[str, Any]) -> LabelledImage:
    import cv2

    bgr = cv2.imdecode(np.frombuffer((root / row["file"]).read_bytes(), np.uint8), 1)
    if bgr is None:
        raise DatasetError(f"{root / row['file']}: not an image; expected what index.json lists")
    return LabelledImage(
        np.asarray(bgr, np.uint8)[..., ::-1],
        np.asarray(row["boxes"], float).reshape(-1, 4),
        np.asarray(row["cls"], np.int64),
        float(row.get("weight", 1.0)),
        int(row.get("group", 0)),
    )


def write_packed(root: Path, rows: Iterator[dict[str, Any]]) -> None:
    """Write the index; the pictures lie beside it already."""
    (root / "index.json").write_text(json.dumps(list(rows)), encoding="utf-8")
