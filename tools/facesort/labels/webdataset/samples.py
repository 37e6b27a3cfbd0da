"""From the members of shards to samples: an image, put into a folder, and what is said of it.

An image becomes ``<shard>/<key>.<suffix>`` in a folder of ours, so that a key which occurs in two
shards is two images; from a tar file's names come only characters that any disk takes. Members of
a sample need not be neighbours, as webdataset wants them; they must be in one shard.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from facesort.errors import LabelError
from facesort.file_names import is_device
from facesort.labels import yolo
from facesort.labels.named_crops import plain_text
from facesort.labels.webdataset import sample_labels, shards
from facesort.labels.webdataset.sample_labels import Names, ParsedLabels
from facesort.photos import PHOTO_SUFFIXES
from facesort.reporter import Step

NAMES_FILE = "classnames.txt"  # as clip-benchmark's shards have it, beside them or one above
_MAX_IMAGE_BYTES = 1_000_000_000
_MAX_PART_BYTES = 150
_NOT_PORTABLE = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f]')


@dataclass
class Sample:
    """``images`` and ``parsed`` labels, by suffix; a text in place of labels says why none."""

    where: str
    images: dict[str, Path] = field(default_factory=dict)
    parsed: dict[str, ParsedLabels | str] = field(default_factory=dict)

    def image(self) -> Path | str:
        """The image: the one whose suffix has one part, else the only one; or why none."""
        plain = [path for suffix, path in self.images.items() if "." not in suffix]
        found = plain or list(self.images.values())
        if len(found) > 1:
            return "several images"
        return found[0] if found else "no image"

    def labels(self, kinds: Sequence[str]) -> ParsedLabels | str:
        """What the first of ``kinds`` says that says something; or why none does."""
        by_kind = [s for kind in kinds for s in sorted(self.parsed, key=len) if _kind(s) == kind]
        for suffix in by_kind:
            if isinstance(labels := self.parsed[suffix], ParsedLabels):
                return labels
        said = "; ".join(f"{suffix}: {self.parsed[suffix]}" for suffix in by_kind)
        return said or f"no {' or '.join(kinds)}"

    def keep_only(self, kept: Path | str) -> None:
        """Removes the other images."""
        for path in self.images.values():
            if path != kept:
                path.unlink()


class Samples:
    """Reads the shards of ``source``, putting images into ``folder``.

    ``names`` is the class list beside the shards, empty where there is none. Once all was read,
    ``notes`` accounts for shards, members and samples; ``left_out`` counts those that cannot be
    used, by reason.
    """

    def __init__(self, source: Path, folder: Path, step: Step) -> None:
        self._shards = [shard.absolute() for shard in shards.find(source)]
        if not any(shard.is_file() for shard in self._shards):
            raise LabelError(f"{source}: no shard there; expected such as data-{{000..012}}.tar")
        self._root = Path(os.path.commonpath([shard.parent for shard in self._shards]))
        self._folder = folder
        self._step = step
        self.names = _class_names(self._root)
        self._damaged: list[str] = []
        self._passed: list[shards.PassedOver] = []
        self._unused: Counter[str] = Counter()
        self.count = 0
        self.left_out: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Sample]:
        for shard in self._step(self._shards, len(self._shards), "shard"):
            for sample in self._of(shard):
                self.count += 1
                yield sample

    def notes(self) -> list[str]:
        damaged = f", {len(self._damaged):,} of them damaged or missing" if self._damaged else ""
        left = ", ".join(f"{n:,} with {what}" for what, n in self.left_out.items())
        samples = f"{self.count:,} samples{left and ', left out '}{left}"
        notes = [f"read: {len(self._shards):,} shards{damaged}; {samples}", *self._damaged]
        if self._unused:
            kinds = ", ".join(f"{n:,} {kind}" for kind, n in sorted(self._unused.items()))
            notes.append(f"members of no use here: {kinds}")
        return notes + [f"passed over: {item.where}: {item.why}" for item in self._passed]

    def _of(self, shard: Path) -> Iterator[Sample]:
        """A sample ends with its shard, or where one of its names comes again."""
        begun: dict[str, Sample] = {}
        try:
            for member in shards.members(shard):
                if isinstance(member, shards.PassedOver):
                    self._passed.append(member)
                    continue
                sample = begun.get(member.key)
                if sample and member.suffix in {*sample.images, *sample.parsed}:
                    yield begun.pop(member.key)
                    sample = None
                where = f"{shard.name}: {member.key}"
                self._take(member, begun.setdefault(member.key, sample or Sample(where)), shard)
        except shards.Damaged as error:
            self._damaged.append(str(error))
        yield from begun.values()

    def _take(self, member: shards.Member, sample: Sample, shard: Path) -> None:
        kind = _kind(member.suffix)
        if f".{kind}" in PHOTO_SUFFIXES:
            if member.size_bytes > _MAX_IMAGE_BYTES:
                why = f"has {member.size_bytes / 1e9:.1f} GB"
                self._passed.append(shards.PassedOver(f"{sample.where}.{member.suffix}", why))
                return
            target = _free(self._folder / self._place(shard) / _portable(member.key), kind)
            _write(member, target)
            sample.images[member.suffix] = target
        elif kind in sample_labels.READERS:
            sample.parsed[member.suffix] = self._parsed(member, f"{sample.where}.{member.suffix}")
        else:
            self._unused[kind] += 1

    def _parsed(self, member: shards.Member, where: str) -> ParsedLabels | str:
        if member.size_bytes > sample_labels.MAX_BYTES:
            return f"has {member.size_bytes / 1e6:.0f} MB"
        data = b"".join(member.blocks())
        try:
            return sample_labels.parse(_kind(member.suffix), data, where, self.names)
        except LabelError as error:
            return str(error)

    def _place(self, shard: Path) -> Path:
        relative = shard.parent.relative_to(self._root) / shard.name.partition(".tar")[0]
        return _portable(relative.as_posix())


def _kind(suffix: str) -> str:
    return suffix.rpartition(".")[2]


def _class_names(folder: Path) -> Names:
    names = yolo.find_names(folder)
    listed = [base / NAMES_FILE for base in (folder, folder.parent)]
    return names or next((yolo.read_names(f) for f in listed if f.is_file()), ())


def _portable(key: str) -> Path:
    """``key`` as a path below another. Its folders have no dot, which an image has: so neither
    ever stands where the other is to be."""
    return Path(*(_portable_part(part) for part in key.split("/") if part not in ("", ".")))


def _portable_part(part: str) -> str:
    plain = _NOT_PORTABLE.sub("_", plain_text(part)).replace(".", "_")
    cut = plain.encode()[:_MAX_PART_BYTES].decode("utf-8", "ignore").strip() or "_"
    return f"{cut}_" if is_device(cut) else cut


def _free(place: Path, suffix: str) -> Path:
    target, number = place.with_name(f"{place.name}.{suffix}"), 2
    while target.exists():
        target = place.with_name(f"{place.name}_{number}.{suffix}")
        number += 1
    return target


def _write(member: shards.Member, target: Path) -> None:
    """Whole, or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("xb") as file:
            file.writelines(member.blocks())
    except BaseException:
        target.unlink(missing_ok=True)
        raise
