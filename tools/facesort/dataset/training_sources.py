"""The three sources of the first data set, read into `ImageLabels` with what a second look found.

scenes   Pascal VOC xml, classes with_mask / without_mask / with_incorrect_mask
selfies  boxes proposed by a detector, each looked at by a person
crops    one face an image, its class in a table
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from facesort.classes import CLASS_NAMES, FaceClass, parse_class
from facesort.errors import DatasetError, LabelError
from facesort.labels import named_crops, voc
from facesort.labels.image_labels import IGNORE, ImageLabels
from facesort.photos import open_photo

SecondLook = Mapping[tuple[str, int], str]


def scene_class(original: str, finding: str | None) -> int:
    """The class of a scene's box from its first label and the finding of the second look.

    ``with_incorrect_mask`` says nothing about the two bits (chin, nose out, over the eyes), so
    without a finding it is unknown: `IGNORE`.
    """
    if finding is None:
        return IGNORE if original == "with_incorrect_mask" else int(parse_class(original))
    if finding in CLASS_NAMES and finding != "sunglasses":
        return int(FaceClass[finding])
    if finding.startswith("should_be_"):
        return int(parse_class(finding.removeprefix("should_be_")))
    if finding == "sunglasses":  # the eyes bit alone: the first label holds the mouth bit
        if original == "with_incorrect_mask":
            return int(FaceClass.sunglasses)
        mouth = parse_class(original).mouth_covered
        return int(FaceClass.from_bits(mouth_covered=mouth, eyes_covered=True))
    if finding.startswith("drop") or finding.endswith("_unsure"):
        return IGNORE
    raise LabelError(f"second look: '{finding}' is no finding; expected a class, should_be_*, drop")


def read_second_looks(paths: Iterable[Path], index_column: str) -> dict[tuple[str, int], str]:
    """Findings of several tables; a later table overrides an earlier one."""
    found: dict[tuple[str, int], str] = {}
    for path in paths:
        found.update(named_crops.by_box(path, index_column, "finding"))
    return found


def read_scenes(root: Path, findings: SecondLook) -> list[ImageLabels]:
    """``root/annotations/*.xml`` with ``root/images``."""
    scenes = []
    for xml in sorted((root / "annotations").glob("*.xml")):
        scenes.append(
            voc.read(
                xml,
                root / "images",
                lambda index, name, photo=f"{xml.stem}.jpg": scene_class(  # type: ignore[misc]
                    name, findings.get((photo, index))
                ),
            )
        )
    if not scenes:
        raise DatasetError(f"{root}: no annotations/*.xml; expected a Pascal VOC folder")
    return scenes


def read_selfies(root: Path, findings: SecondLook) -> list[ImageLabels]:
    """``root/images`` with the boxes of ``root/proposed_boxes.json`` that a person confirmed.

    A photo is left out when it was dropped whole or when one of its boxes was never looked at.
    """
    proposed = _read_json(root / "proposed_boxes.json")
    selfies = []
    for name, boxes in sorted(proposed.items()):
        seen = [findings.get((name, i)) for i in range(len(boxes))]
        if not boxes or (name, -1) in findings or None in seen:
            continue
        classes = [IGNORE if f == "drop" else int(FaceClass[str(f)]) for f in seen]
        path = root / "images" / name
        size_wh = open_photo(path).size_wh
        selfies.append(ImageLabels.of(path, size_wh, [box for _, box in boxes], classes))
    return selfies


def came_in(scenes: Path | None, selfies: Path | None, crops: Path | None) -> dict[str, int]:
    """Images of each source that is given, before anything of it is left out."""
    found = {}
    if scenes:
        found["scenes"] = len(list((scenes / "annotations").glob("*.xml")))
    if selfies:
        found["selfies"] = len(_read_json(selfies / "proposed_boxes.json"))
    if crops:
        found["crops"] = len(named_crops.read(crops / "four_class.csv", "image", "class"))
    return found


def _read_json(path: Path) -> dict[str, list[tuple[float, list[float]]]]:
    try:
        boxes = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LabelError(
            f"{path}: cannot be read ({error.strerror}); is the path right?"
        ) from error
    except ValueError as error:
        raise LabelError(
            f"{path}: not JSON ({error}); expected image: [[score, box], ...]"
        ) from error
    if not isinstance(boxes, dict):
        raise LabelError(f"{path}: holds a {type(boxes).__name__}; expected image: [[score, box]]")
    return boxes


def read_crops(root: Path, table: Path) -> list[tuple[Path, FaceClass]]:
    """Each crop with its class; ``ambiguous`` ones are left out."""
    rows = named_crops.read(table, "image", "class")
    return [
        (root / row["image"], parse_class(row["class"]))
        for row in rows
        if row["class"] != "ambiguous"
    ]
