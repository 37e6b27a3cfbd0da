"""The held-back images of the pool: from the photo folders, split as `build_dataset.py` does.

Nothing of them may be trained on; ``val`` is for choosing thresholds and sizes, ``test`` for
judging. A source is a YOLO folder's block (``wild ccp``) or one of scenes, selfies, crops.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from facesort.dataset.build import Item, split_sources  # noqa: E402
from facesort.dataset.pool_split import block_of  # noqa: E402
from facesort.dataset.splits import group_by_hash, perceptual_hash  # noqa: E402
from facesort.labels.image_labels import ImageLabels  # noqa: E402


@dataclass(frozen=True, eq=False)
class HeldBack:
    """A held-back image; ``labels`` is None for a crop, whose one face has ``face_class``.

    ``group`` numbers the near-duplicates (and people, where they are known) it belongs to.
    """

    source: str
    path: Path
    labels: ImageLabels | None
    face_class: int
    group: int


def add_options(parser: argparse.ArgumentParser) -> None:
    """--scenes, --selfies, --crops, --yolo as in build_dataset.py, and --part."""
    for kind in ("scenes", "selfies", "crops"):
        parser.add_argument(f"--{kind}", type=Path)
    parser.add_argument("--yolo", action="append", default=[], metavar="NAME=DIR")
    parser.set_defaults(face_model_boxes=())  # judged on the labels as they are
    parser.add_argument("--part", choices=["val", "test", "train"], default="test")


def read(args: argparse.Namespace, parts: Sequence[str] = ()) -> list[HeldBack]:
    """The images of ``parts``, else of ``args.part``."""
    import build_dataset

    from facesort import console

    sources = build_dataset.read_sources(args)
    items, splits, problems = split_sources(sources, console.progress)
    for line in problems:
        print(f"left out: {line}")
    chosen = [
        item for item, split in zip(items, splits, strict=True) if split in (parts or (args.part,))
    ]
    groups = group_by_hash([perceptual_hash(item.path) for item in chosen])
    merged = _with_people(chosen, groups.tolist())
    return [_image(item, group) for item, group in zip(chosen, merged, strict=True)]


def _with_people(items: Sequence[Item], groups: Sequence[int]) -> list[int]:
    from facesort.dataset.crops.crop_set import merge

    people = [None if item.group is None else (item.kind, item.group) for item in items]
    return merge(list(groups), people)


def _image(item: Item, group: int) -> HeldBack:
    source = f"{item.kind} {block_of(item.path.stem)}".strip() if item.of_folder else item.kind
    return HeldBack(source, item.path, item.labels, int(item.face_class), group)
