"""Reads a label source of any format: tells which it is by its content, and where its images lie.

voc         a folder of xml, or one                yolo   data.yaml, or txt with classes.txt
createml    a json list, or a folder of them       coco   a json object
cvat        an xml of many images, or of tracks  labelme  a json with shapes an image
labelstudio a json list of tasks
rof         pickles        widerface, retinaface   a text list of images and faces
parquet     a file, or a folder of its parts
openimages  a csv of boxes, or a folder with class descriptions beside it
webdataset  shards with their images: a tar, a folder of them, data-{000000..000012}.tar
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from facesort.dataset.convert.yolo_places import find_places, images_at
from facesort.dataset.splits import TRAIN
from facesort.dataset.yolo_dataset import read_config
from facesort.errors import DatasetError, LabelError
from facesort.labels import formats, parquet, yolo
from facesort.labels.image_labels import LabelSet
from facesort.labels.resolve import RawAnnotation, RawBox, Reading, resolve
from facesort.labels.webdataset import shard_reader as webdataset
from facesort.labels.webdataset import shards
from facesort.labels.widerface import reader

AUTO = "auto"
WEBDATASET = "webdataset"
_START_BYTES = 4096
_LABEL_FOLDERS = ("labels", "annotations", "Annotations")
_SPLIT_FOLDERS = {"train": TRAIN, "training": TRAIN}
_SPLIT_FOLDERS |= {"val": "val", "valid": "val", "validation": "val"}
_SPLIT_FOLDERS |= {"test": "test", "testing": "test"}
_IMAGE_FOLDERS = ("images", "JPEGImages", "imgs", "photos")
_YAML = (".yaml", ".yml")
_WORDS = re.compile("[a-z]+")


def read_yolo(source: Path, reading: Reading) -> LabelSet:
    """A folder of txt labels; without a class list, classes are called by their numbers."""
    return yolo.read_folder(source, yolo.find_names(source), reading)


def read_faces(source: Path, reading: Reading) -> LabelSet:
    """A list of WIDER FACE or RetinaFace; every box is a ``face``. Filters and landmarks are the
    business of tools/widerface_to_yolo.py."""
    items = []
    for image in reader.read(source).images:
        boxes = [
            RawBox("face", box, f"{source.name}: {image.name}: face {i}")
            for i, box in enumerate(image.xyxy_px.tolist())
        ]
        items.append(RawAnnotation(image.name, boxes))
    return resolve(items, reading)


READERS: dict[str, Callable[[Path, Reading], LabelSet]] = {
    **{name: one.read for name, one in formats.FORMATS.items() if one.reads},
    "yolo": read_yolo,
    WEBDATASET: webdataset.read,
    "widerface": read_faces,
    "retinaface": read_faces,
}


def read(
    source: Path, form: str, split: str | None, reading: Reading
) -> Iterator[tuple[str, LabelSet]]:
    """``source`` by split: those of a data.yaml (or the one asked for), else one."""
    config = source / "data.yaml" if source.is_dir() else source
    is_yaml = config.suffix.lower() in _YAML and config.is_file()
    if form in (AUTO, "yolo") and is_yaml and (config == source or _splits(config)):
        yield from read_splits(config, split, reading)
    else:
        yield split or TRAIN, read_source(source, form, reading)


def read_split_folders(
    source: Path, form: str, split: str | None, reading: Reading, images: Path | None
) -> Iterator[tuple[str, LabelSet]]:
    """Each folder of ``source`` that is called as a split (or that one), whatever a data.yaml says.

    ``train/``, ``valid/``, ``test/`` lie in ``source`` itself or in its folder of labels; or there
    is a file a split, such as ``train-annotations-bbox.csv`` and ``instances_val2017.json``. Their
    images lie below ``images``, or near the labels. Raises `LabelError` where nothing is so called.
    """
    places = split_places(source)
    if not places or (split and split not in places):
        named = ", ".join(places) or "none"
        what = split or "train, valid or test"
        raise LabelError(f"{source}: no folder or label file {what}; there: {named}")
    for name in [split] if split else places:
        place = places[name]
        called = [folder for folder, means in _SPLIT_FOLDERS.items() if means == name]
        called = [place.name] if place.is_dir() else called
        tries = [base / one for base in (images, *_bases(source)) if base for one in called]
        near = [there for there in tries if there.is_dir()]
        if place.is_dir() and place.parent == source and not images:
            near = [images_of(place)]
        at = near[0] if near else images or images_of(source)
        yield name, read_source(place, form, replace(reading, images=at))


def split_places(source: Path) -> dict[str, Path]:
    """{our split: the folder of labels, or its file}; `LabelError` where two are one split."""
    bases = [
        base for base in (source, *(source / name for name in _LABEL_FOLDERS)) if base.is_dir()
    ]
    for base in bases:
        found = _by_split((name, base / name) for name in _SPLIT_FOLDERS if (base / name).is_dir())
        if found:
            return found
    for base in bases:
        files = [
            file for file in sorted(base.iterdir()) if file.suffix in (".csv", ".json", ".xml")
        ]
        found = _by_split(
            (word, file)
            for file in files
            for word in _WORDS.findall(file.stem.lower())
            if word in _SPLIT_FOLDERS and format_of_file(file)
        )
        if found:
            return found
    return {}


def _by_split(named: Iterable[tuple[str, Path]]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for name, place in named:
        first = found.setdefault(_SPLIT_FOLDERS[name], place)
        if first != place:
            both = f"{first.name} and {place.name} are both {_SPLIT_FOLDERS[name]}"
            raise LabelError(f"{place.parent}: {both}; move one")
    return found


def _bases(source: Path) -> list[Path]:
    return [source / name for name in _IMAGE_FOLDERS]


def read_source(source: Path, form: str, reading: Reading) -> LabelSet:
    """``source`` as the format ``form`` says (`AUTO`: its content does)."""
    form = tell_format(source) if form == AUTO else form
    return _rooted(READERS[form](source, reading))


def read_splits(
    config: Path, split: str | None, reading: Reading
) -> Iterator[tuple[str, LabelSet]]:
    """The splits of a data.yaml, or that one; a folder that serves two of them is read once."""
    found = find_places(config)
    splits, notes = found.splits, found.notes
    if not splits:
        listed = ", ".join(map(str, read_config(config).splits.values())) or "no train, val or test"
        raise DatasetError(f"{config}: no images there: {listed}; is the path right?")
    if split is not None and split not in splits:
        raise DatasetError(f"{config}: no images of '{split}'; it has {', '.join(splits)}")
    taken: set[Path] = set()
    own_first = sorted(splits, key=lambda s: splits[s][0].name != s)
    for name in [split] if split else own_first:
        places = [place for place in splits[name] if place not in taken]
        if not places:
            continue
        taken.update(places)
        images = [image for place in places for image in images_at(place)]
        folder = places[0] if places[0].is_dir() else places[0].parent
        near = replace(reading, images=folder)
        labels = yolo.read_images(images, found.names, near, found.keypoint_fields)
        yield name, replace(labels, notes=(*labels.notes[:1], *notes, *labels.notes[1:]))
        notes = ()


def _splits(config: Path) -> dict[str, list[Path]]:
    return find_places(config).splits if config.is_file() else {}


def tell_format(source: Path) -> str:
    """The format of a file or folder; `LabelError` where it could be several or none."""
    if _is_shards(source):
        return WEBDATASET
    if not source.exists():
        raise LabelError(f"{source}: no such file or folder; is the path right?")
    found = formats_in(source) if source.is_dir() else {format_of_file(source)} - {""}
    if len(found) == 1:
        return found.pop()
    what = f"could be {' or '.join(sorted(found))}" if found else "is no label format known here"
    raise LabelError(f"{source}: {what}; pass --format {'|'.join(sorted(found or READERS))}")


def _is_shards(source: Path) -> bool:
    """A file or pattern by its name; beside labels, the tar files of a folder may be anything."""
    if not source.is_dir():
        return shards.is_shard(source)
    if not shards.find(source):
        return False
    found = formats_in(source)
    texts = {file.name.lower() for file in source.rglob("*.txt")}
    return found == set() or (found == {"yolo"} and texts <= yolo.NO_LABELS)


def formats_in(folder: Path) -> set[str]:
    """The formats of which ``folder`` holds label files."""
    found = set()
    suffixes = {file.suffix.lower() for file in folder.rglob("*.*")}
    if ".xml" in suffixes:
        found.add(format_of_file(next(iter(sorted(folder.rglob("*.xml"))))) or "voc")
    if suffixes & {".pkl", ".pickle"}:
        found.add("rof")
    if ".parquet" in suffixes:
        found.add("parquet")
    if ".json" in suffixes:
        found |= {format_of_file(next(iter(sorted(folder.rglob("*.json")))))} - {""}
    if ".csv" in suffixes and any(format_of_file(f) == "openimages" for f in folder.rglob("*.csv")):
        found.add("openimages")
    if ".txt" in suffixes and (
        yolo.has_label_lines(folder) or (not found and yolo.find_names(folder))
    ):
        found.add("yolo")
    return found


def format_of_file(file: Path) -> str:
    """By its first bytes; "" where they tell none."""
    with file.open("rb") as stream:
        start = stream.read(_START_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    if file.suffix.lower() in (".pkl", ".pickle") or start.startswith(b"\x80"):
        return "rof"
    if start.startswith(parquet.MAGIC):
        return "parquet"
    if start.startswith(b"MATLAB"):
        return "widerface"
    sniffed = formats.sniff(start)
    if sniffed:
        return sniffed
    if start[:1] == b"{" and len(start) < _START_BYTES and b'"images"' not in start:
        return ""  # Label Studio's notes.json beside YOLO labels
    by_start = {b"<": "voc", b"[": "createml", b"{": "coco"}
    if start[:1] in by_start:
        return by_start[start[:1]]
    lines = [line.strip().lower() for line in start.decode("utf-8", "replace").splitlines()]
    first = lines[0] if lines else ""
    if not first.endswith((".jpg", ".jpeg", ".png")):
        return ""
    return "retinaface" if first.startswith("#") else "widerface"


@contextmanager
def unpacking(source: Path, form: str, out: Path) -> Iterator[Path | None]:
    """Where ``source`` is shards, a folder for their images, which are linked from there into
    ``out``: it lies beside that, and is gone in the end. Otherwise None."""
    if form == WEBDATASET or (form == AUTO and _is_shards(source)):
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=out.parent, prefix=".unpacking_") as folder:
            yield Path(folder)
    else:
        yield None


def images_of(source: Path) -> Path:
    """Where the images of ``source`` most likely lie: beside it, under a usual name."""
    folder = source if source.is_dir() else source.parent
    for base in (folder, folder.parent):
        for name in _IMAGE_FOLDERS:
            if (base / name).is_dir():
                return base / name
    return folder


def _rooted(labels: LabelSet) -> LabelSet:
    """Names start at the folder that all images share, not further up."""
    if not labels.images:
        return labels
    shared = Path(os.path.commonpath([image.path.parent for image in labels.images]))
    return replace(labels, root=shared)
