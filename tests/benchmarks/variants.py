"""Variants of the built data set, to see what a part of it is worth.

    python tests/benchmarks/variants.py --scenes photos/scenes_voc \\
        --selfies photos/selfies_sunglasses --out variants
    python tools/train_yolo.py model=X data=variants/photos.yaml ...
    python tools/evaluate_yolo.py --data variants/composed.yaml --split val --weights ...

photos.yaml        only the scenes and selfies, each split
scenes.yaml        only the scenes, each split
composed.yaml      only what is placed on canvases, each split: crops, and in train selfies too
first_labels.yaml  the scenes and selfies of train as they came, before anybody looked twice: every
                   with_incorrect_mask is masked, every proposed box of a selfie is sunglasses

The images of the first three stay where they are; those of the last are copied, for what the
second look painted over is seen again.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from facesort.classes import CLASS_NAMES, FaceClass, parse_class  # noqa: E402
from facesort.dataset.splits import SPLITS, TRAIN  # noqa: E402
from facesort.dataset.yolo_dataset import read_config  # noqa: E402
from facesort.labels import voc, yolo  # noqa: E402
from facesort.labels.image_labels import ImageLabels  # noqa: E402
from facesort.photos import open_photo  # noqa: E402

KINDS = {
    "photos": ("scene_", "selfie_"),
    "scenes": ("scene_",),
    "composed": ("composed_", "synthetic_"),
}


def naive_class(name: str) -> int:
    return int(FaceClass.masked if name == "with_incorrect_mask" else parse_class(name))


def first_labels(images: Iterable[Path], scenes: Path, selfies: Path) -> Iterable[ImageLabels]:
    """The labels of each image (named `scene_images_STEM`, `selfie_images_STEM`) as they came."""
    proposed = json.loads((selfies / "proposed_boxes.json").read_text())
    for image in images:
        kind, _, stem = image.stem.split("_", 2)
        if kind == "scene":
            xml = scenes / "annotations" / f"{stem}.xml"
            yield voc.read(xml, scenes / "images", lambda _, name: naive_class(name))
        else:
            path = next((selfies / "images").glob(f"{stem}.*"))
            boxes = [box for _, box in proposed[path.name]]
            classes = [int(FaceClass.sunglasses)] * len(boxes)
            yield ImageLabels.of(path, open_photo(path).size_wh, boxes, classes)


def write_yaml(out: Path, name: str, splits: dict[str, str]) -> None:
    lines = [f"{split}: {place}" for split, place in splits.items()]
    names = [f"  {number}: {class_name}" for number, class_name in enumerate(CLASS_NAMES)]
    (out / f"{name}.yaml").write_text("\n".join([f"path: {out}", *lines, "names:", *names, ""]))


def write_list(out: Path, name: str, images: Iterable[Path]) -> str:
    (out / f"{name}.txt").write_text("".join(f"{image}\n" for image in images))
    return f"{name}.txt"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT / "data_configs" / "occlusion.yaml")
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--selfies", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()

    out = args.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    data = read_config(args.data)
    lists: dict[str, dict[str, str]] = {name: {} for name in KINDS}
    for split in SPLITS:
        for name, kinds in KINDS.items():
            images = [p for p in data.images(split) if p.name.startswith(kinds)]
            lists[name][split] = write_list(out, f"{name}_{split}", images)
    for name, splits in lists.items():
        write_yaml(out, name, splits)

    folder = out / "first_labels" / "images" / TRAIN
    folder.mkdir(parents=True, exist_ok=True)
    (out / "first_labels" / "labels" / TRAIN).mkdir(parents=True, exist_ok=True)
    train = [p for p in data.images(TRAIN) if p.name.startswith(KINDS["photos"])]
    for image, labels in zip(train, first_labels(train, args.scenes, args.selfies), strict=True):
        copy = folder / f"{image.stem}{labels.path.suffix}"
        shutil.copy(labels.path, copy)
        yolo.write(ImageLabels.of(copy, labels.size_wh, labels.xyxy_px, labels.class_id))
    write_yaml(out, "first_labels", {**lists["photos"], TRAIN: f"first_labels/images/{TRAIN}"})
    print(f"written to {out}: {len(train):,} images with their first labels")


if __name__ == "__main__":
    main()
