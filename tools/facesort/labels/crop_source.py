"""Reads a source of face crops, whichever way it tells their classes."""

from __future__ import annotations

from pathlib import Path

from facesort.labels import flags, folders
from facesort.labels.class_table import DROP
from facesort.labels.named_crops import NamedCrops, images_below
from facesort.labels.webdataset import shard_reader, shards

AUTO, FOLDERS, FLAGS, CSV, SHARDS = KINDS = ("auto", "folders", "flags", "csv", "webdataset")
_MOST = 0.5  # of the crops have flags: then it is a source with flags


def kind_of(src: Path) -> str:
    """``csv`` for such a file, ``webdataset`` for a tar or a folder of them without images,
    ``flags`` for a folder in which most crops have some, else ``folders``."""
    if src.suffix.lower() == ".csv" and not src.is_dir():
        return CSV
    if not src.is_dir() and shards.is_shard(src):
        return SHARDS
    if src.is_dir() and shards.find(src) and not any(images_below(src)):
        return SHARDS
    share = flags.share(relative for _, relative in images_below(src))
    return FLAGS if share > _MOST else FOLDERS


def read(
    src: Path, kind: str, table: dict[str, str], unpack_to: Path | None = None
) -> tuple[NamedCrops, dict[str, str]]:
    """The crops of ``src``, and the class table with what this kind adds to it. Shards need an
    empty folder for their images."""
    if kind == SHARDS:
        return shard_reader.read_crops(src, unpack_to), table
    if kind == CSV:
        return folders.read_table(folders.find_table(src) if src.is_dir() else src), table
    if kind == FLAGS:
        return flags.read(src), {flags.OTHER: DROP} | table
    return folders.read_classes(src, table), table
