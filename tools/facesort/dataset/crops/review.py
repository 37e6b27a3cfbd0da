"""Files the crops that could not be used, so that a person can look at them, by reason.

out/_review/<reason>/<path in the source>   hard links, copies where the disk has none
out/_review/review.csv                      image,class,reason,detail,file
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from facesort.csv_files import Writer
from facesort.dataset.links import link_or_copy
from facesort.labels.named_crops import Refused

FOLDER = "_review"
COLUMNS = ("image", "class", "reason", "detail", "file")


def file_for_review(refused: Sequence[Refused], root: Path, out: Path) -> Path | None:
    """Write the folder and return its path; None where there is nothing to look at."""
    if not refused:
        return None
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)  # another split of the data set may have filed some
    table = folder / "review.csv"
    is_new = not table.exists()
    with table.open("a", newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = Writer(file)
        if is_new:
            rows.writerow(COLUMNS)
        for crop in refused:
            inside = crop.path.is_relative_to(root)
            relative = crop.path.relative_to(root) if inside else Path(crop.path.name)
            told = _file(crop.path, folder / re.sub(r"\W+", "_", crop.reason) / relative)
            where = told.relative_to(folder).as_posix() if told else ""
            rows.writerow([relative.as_posix(), crop.name, crop.reason, crop.detail, where])
    return folder


def _file(path: Path, target: Path) -> Path | None:
    """Link ``path`` to ``target`` or a name like it; None where it is not there, or not readable:
    the table tells."""
    stem, number = target.stem, 2
    while os.path.lexists(target):
        target = target.with_name(f"{stem}_{number}{target.suffix}")
        number += 1
    try:
        link_or_copy(path, target)
    except OSError:
        return None
    return target
