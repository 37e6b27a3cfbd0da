"""Reads the records back from JSON, and trusts nothing: a person may have edited the file.

Every function raises `ValueError`, `KeyError` or `TypeError` on what no run of ours has written.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from facesort.album.records import (
    FACE_FOLDERS,
    LINKS,
    PHOTO_FOLDERS,
    Entry,
    Face,
    Plan,
    Scan,
)
from facesort.classes import CLASS_NAMES

T = TypeVar("T")
VIEWS = {"targets": ("photos", PHOTO_FOLDERS), "crops": ("faces", FACE_FOLDERS)}


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    plan = Plan(
        src=_folder(data["src"]),
        dst=_folder(data["dst"]),
        decode_px=_count(data["decode_px"]),
        entries=tuple(entry_from_json(entry) for entry in _is(list, data["entries"])),
        levels=_count(data["levels"]),
    )
    for names in (plan.paths, [entry.scan.photo for entry in plan.entries]):
        if len(set(names)) < len(names):
            raise ValueError("something is in it twice")
    return plan


def entry_from_json(data: Mapping[str, Any]) -> Entry:
    entry = Entry(
        scan=scan_from_json(data["scan"]),
        link=_one_of(LINKS, data["link"]),
        targets=_paths("targets", data["targets"]),
        crops=_paths("crops", data["crops"]),
        face_targets=_paths("targets", data["face_targets"]),
        human=tuple(_one_of(("", *FACE_FOLDERS), name) for name in data.get("human", ())),
    )
    if entry.human and len(entry.human) != len(entry.scan.faces):
        raise ValueError(f"{entry.scan.photo}: expected what a person said of each face, or none")
    if not len(entry.scan.faces) == len(entry.crops) == len(entry.face_targets):
        raise ValueError(f"{entry.scan.photo}: expected a crop and a target for each face")
    return entry


def scan_from_json(data: Mapping[str, Any]) -> Scan:
    return Scan(
        photo=_inner_path(data["photo"]),
        size_bytes=_count(data["size_bytes"]),
        mtime_ns=_is(int, data["mtime_ns"]),
        content=_is(str, data["content"]),
        scale=_number(data["scale"], 1e-9, 1e9),
        faces=tuple(_face(face) for face in _is(list, data["faces"])),
        problem=_is(str, data["problem"]),
    )


def _face(data: Mapping[str, Any]) -> Face:
    x1, y1, x2, y2 = (_number(value, -1e9, 1e9) for value in _is(list, data["xyxy_px"]))
    class_name = _one_of(CLASS_NAMES, data["class_name"])
    return Face((x1, y1, x2, y2), class_name, _number(data["confidence"], 0, 1))


def _paths(kind: str, values: Any) -> tuple[str, ...]:
    """Files of one view, each in one of its folders."""
    view, folders = VIEWS[kind]
    for path in _is(list, values):
        parts = _inner_path(path).split("/")
        if len(parts) != 3 or parts[0] != view or parts[1] not in folders:
            raise ValueError(f"{path}: expected a file in a folder of {view}/")
    return tuple(values)


def _folder(path: Any) -> str:
    if not _is(str, path) or "\0" in path:
        raise ValueError(f"{path!r}: expected the path of a folder")
    return str(path)


def _inner_path(path: Any) -> str:
    """A path that stays inside of what it is relative to, on this system."""
    parts = _is(str, path).split("/")
    if os.path.isabs(path) or "\0" in path or ".." in parts or list(Path(path).parts) != parts:
        raise ValueError(f"{path}: expected a path inside the folder")
    return str(path)


def _is(kind: type[T], value: Any) -> T:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{value!r}: expected {kind.__name__}")
    return value


def _count(value: Any) -> int:
    if _is(int, value) < 0:
        raise ValueError(f"{value}: expected 0 or more")
    return int(value)


def _number(value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r}: expected a number")
    if not low <= value <= high:
        raise ValueError(f"{value}: expected {low} to {high}")
    return value


def _one_of(known: tuple[str, ...], value: Any) -> str:
    if value not in known:
        raise ValueError(f"{value!r}: expected one of {', '.join(known)}")
    return str(value)
