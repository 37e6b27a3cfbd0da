"""``children.yaml``: the data set YAML whose classes are persons.

Its paths are relative to itself, and it has no ``path:``, so that the project works wherever it
lies. It is only ever replaced where its first line says so: a file made by hand stays.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from facesort.dataset.split import SPLITS, TRAIN
from facesort.errors import DatasetError

MARK = "# tools/crops_to_yolo.py may replace this file; without this line, it does not."
_REMARK = """
# One class a child, for: yolo detect train data={config}
# These are names of persons: keep them out of git.
"""


def check_replaceable(config: Path) -> None:
    """Raise `DatasetError` where ``config`` is somebody's own file."""
    if not config.exists():
        return
    try:
        first = config.read_text(encoding="utf-8").split("\n", 1)[0]
    except (OSError, UnicodeDecodeError):
        first = ""
    if first.strip() != MARK:
        raise DatasetError(
            f"{config}: not made by this tool, so not replaced; pass another --config, or make "
            f"its first line: {MARK}"
        )


def write_config(config: Path, out: Path, names: Sequence[str], splits: Iterable[str]) -> None:
    """Write ``config`` for the data set at ``out`` that has ``splits``."""
    check_replaceable(config)
    there = [split for split in SPLITS if split in set(splits)]
    train = TRAIN if TRAIN in there else there[0]
    val = next(split for split in ("val", "test", train) if split in there)
    folders = {TRAIN: train, "val": val} | {split: split for split in there}
    paths = {key: _relative(out / "images" / folder, config) for key, folder in folders.items()}
    body = yaml.safe_dump(
        paths | {"names": dict(enumerate(names))}, sort_keys=False, allow_unicode=True
    )
    config.parent.mkdir(parents=True, exist_ok=True)
    remark = _REMARK.lstrip("\n").format(config=config.name)
    config.write_text(f"{MARK}\n{remark}{body}", encoding="utf-8")


def _relative(folder: Path, config: Path) -> str:
    start = config.parent.resolve()
    try:
        return Path(os.path.relpath(folder.resolve(), start)).as_posix()
    except ValueError:  # another drive: there is no way from here to there
        return folder.resolve().as_posix()
