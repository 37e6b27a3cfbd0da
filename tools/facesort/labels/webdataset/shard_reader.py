"""Reads WebDataset shards as labels, or as face crops with a class each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from facesort.errors import LabelError
from facesort.labels.class_table import IGNORE_NAME
from facesort.labels.image_labels import LabelSet
from facesort.labels.named_crops import NamedCrops, Refused
from facesort.labels.resolve import RawAnnotation, ReadError, Reading, resolve
from facesort.labels.webdataset import sample_labels
from facesort.labels.webdataset.samples import Sample, Samples
from facesort.reporter import no_step

NO_LABELS = "no labels"


def read(source: Path, reading: Reading) -> LabelSet:
    """A shard, a folder of them, or a pattern, its images put into ``reading.unpack_to``; the
    classes in the order of the list beside the shards, the others behind them by name. Raises
    `LabelError` where there is no shard, or no such folder."""
    folder = _required(reading.unpack_to, source)
    samples = Samples(source, folder, reading.step)
    items = [_item(sample, samples) for sample in samples]
    found = {box.name for item in items if isinstance(item, RawAnnotation) for box in item.boxes}
    others = sorted(found - {*samples.names, IGNORE_NAME, ""}, key=_by_number)
    labels = resolve(items, replace(reading, images=folder), [*samples.names, *others])
    return replace(labels, notes=(*samples.notes(), *labels.notes))


def _item(sample: Sample, samples: Samples) -> RawAnnotation | ReadError:
    image, labels = sample.image(), sample.labels(tuple(sample_labels.READERS))
    sample.keep_only(image if not isinstance(labels, str) else "")
    if isinstance(labels, str):
        reason = image if isinstance(image, str) else NO_LABELS
        samples.left_out[reason] += 1
        return ReadError(f"{sample.where}: {reason} ({labels})")
    if isinstance(image, str):
        samples.left_out[image] += 1
        return ReadError(f"{sample.where}: {image}", len(labels.boxes), f"sample with {image}")
    return RawAnnotation(
        sample.where, labels.boxes, labels.size_wh, normalised=labels.normalised, path=image
    )


def _required(folder: Path | None, source: Path) -> Path:
    if folder is None:
        raise LabelError(
            f"{source}: shards, which are not read here; first make files of them with "
            "tools/labels_to_yolo.py or tools/crops_to_yolo.py"
        )
    return folder


def _by_number(name: str) -> tuple[int, str]:
    is_number = name.isascii() and name.isdigit() and len(name) < 10
    return (int(name) if is_number else -1), name


def read_crops(source: Path, unpack_to: Path | None) -> NamedCrops:
    """Samples with a ``.cls``, their images put into ``unpack_to``; the others are refused."""
    folder = _required(unpack_to, source)
    samples = Samples(source, folder, no_step)
    crops: list[tuple[Path, str]] = []
    refused: list[Refused] = []
    for sample in samples:
        image, labels = sample.image(), sample.labels((sample_labels.WHOLE,))
        sample.keep_only(image)
        if isinstance(image, str):
            refused.append(Refused(folder / sample.where, "", image))
        elif isinstance(labels, str):
            refused.append(Refused(image, "", "no class", labels))
        elif labels.boxes[0].problem:
            refused.append(Refused(image, "", "no class", labels.boxes[0].problem))
        else:
            crops.append((image, labels.boxes[0].name))
    return NamedCrops(folder, tuple(crops), tuple(refused), tuple(samples.notes()))
