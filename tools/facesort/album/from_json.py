"""Reads the records back from JSON, and trusts nothing: a person may have edited the file.

Every function raises `ValueError`, `KeyError` or `TypeError` on what no run of ours has written.
Paths and names that come again and again are one string in memory: albums are large.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from facesort.album.link_modes import LINK_MODES
from facesort.album.names import can_be_folder
from facesort.album.person.identification import vector_from_text
from facesort.album.records import (
    BY_CLASS,
    Entry,
    Example,
    Face,
    Folders,
    Identity,
    Learned,
    Plan,
    Prediction,
    Scan,
    Vote,
)
from facesort.classes import CLASS_NAMES
from facesort.models.people import similarity_norm

T = TypeVar("T")

MOST = 2**63 - 1  # bytes, nanoseconds


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    people = people_from_json(data.get("people", []))
    plan = Plan(
        src=_folder(data["src"]),
        dst=_folder(data["dst"]),
        decode_px=_count(data["decode_px"]),
        entries=tuple(
            entry_from_json(entry, Folders(people)) for entry in _is(list, data["entries"])
        ),
        levels=_count(data["levels"]),
        people=people,
        learned=None if data.get("learned") is None else learned_from_json(data["learned"]),
    )
    for names in (plan.paths, [entry.scan.photo for entry in plan.entries]):
        if len(set(names)) < len(names):
            raise ValueError("something is in it twice")
    return plan


def people_from_json(data: Any) -> tuple[str, ...]:
    for name in _is(list, data):
        if not can_be_folder(_is(str, name)):
            raise ValueError(f"{name!r}: cannot be a person's folder")
    return tuple(data)


def learned_from_json(data: Mapping[str, Any]) -> Learned:
    similarity_norm.from_json(_is(str, data["likeness"]))
    return Learned(
        by=_is(str, data["by"]),
        likeness=data["likeness"],
        precision=_number(data["precision"], 0, 1),
        allow_twins=_is_flag(data["allow_twins"]),
        examples=tuple(_example(one) for one in _is(list, data["examples"])),
        context=_is_flag(data.get("context", True)),
    )


def _example(data: Mapping[str, Any]) -> Example:
    vector_from_text(_is(str, data["vector"]))
    (person,) = people_from_json([data["person"]])
    weight = _number(data.get("weight", 1.0), 0, 1)
    if not weight:
        raise ValueError("an example of weight 0; expected above 0 to 1")
    return Example(person, _one_of(CLASS_NAMES, data["class_name"]), data["vector"], weight)


def entry_from_json(data: Mapping[str, Any], folders: Folders = BY_CLASS) -> Entry:
    photos, faces = ("photos", folders.photos), ("faces", folders.faces)
    entry = Entry(
        scan=scan_from_json(data["scan"]),
        link=_one_of(tuple(LINK_MODES), data["link"]),
        targets=_paths(photos, data["targets"]),
        crops=_paths(faces, data["crops"]),
        face_targets=_paths(photos, data["face_targets"]),
        human=tuple(_one_of(("", *folders.faces), name) for name in data.get("human", ())),
        judged=tuple(_judged(one, folders) for one in data.get("judged", ())),
        left=tuple(inner_path(path) for path in data.get("left", ())),
    )
    if entry.judged and len(entry.judged) != len(entry.scan.faces):
        raise ValueError(f"{entry.scan.photo}: expected a prediction for each face, or none")
    if entry.human and len(entry.human) != len(entry.scan.faces):
        raise ValueError(f"{entry.scan.photo}: expected what a person said of each face, or none")
    if not len(entry.scan.faces) == len(entry.crops) == len(entry.face_targets):
        raise ValueError(f"{entry.scan.photo}: expected a crop and a target for each face")
    return entry


def scan_from_json(data: Mapping[str, Any]) -> Scan:
    return Scan(
        photo=inner_path(data["photo"]),
        size_bytes=_count(data["size_bytes"]),
        mtime_ns=_bounded(data["mtime_ns"], -MOST, MOST),
        content=_is(str, data["content"]),
        scale=_number(data["scale"], 1e-9, 1e9),
        faces=tuple(face_from_json(face) for face in _is(list, data["faces"])),
        problem=_is(str, data["problem"]),
    )


def face_from_json(data: Mapping[str, Any]) -> Face:
    x1, y1, x2, y2 = (_number(value, -1e9, 1e9) for value in _is(list, data["xyxy_px"]))
    class_name = _one_of(CLASS_NAMES, data["class_name"])
    identity, vote = data.get("identity"), data.get("vote")
    return Face(
        (x1, y1, x2, y2),
        class_name,
        _number(data["confidence"], 0, 1),
        None if identity is None else _identity(identity),
        None if vote is None else Vote(_is(str, vote["name"]), _number(vote["confidence"], 0, 1)),
        None if data.get("frame") is None else _count(data["frame"]),
        None if data.get("time_s") is None else _number(data["time_s"], 0, 1e9),
    )


def _identity(data: Mapping[str, Any]) -> Identity:
    vector_from_text(_is(str, data["vector"]))
    return Identity(
        by=_is(str, data["by"]),
        vector=data["vector"],
        side_px=_number(data["side_px"], 0, 1e9),
        sharpness=_number(data["sharpness"], 0, 1e9),
        turned=_number(data["turned"], 0, 1),
    )


def _judged(data: Mapping[str, Any], folders: Folders) -> Prediction:
    return Prediction(
        folder=_one_of(folders.faces, data["folder"]),
        likeliest=_one_of(("", *folders.names), data["likeliest"]),
        probability=_number(data["probability"], 0, 1),
        poor=_is(str, data["poor"]),
    )


def _paths(place: tuple[str, tuple[str, ...]], values: Any) -> tuple[str, ...]:
    """Files of one view, each in one of its folders."""
    view, folders = place
    for path in _is(list, values):
        parts = inner_path(path).split("/")
        if len(parts) != 3 or parts[0] != view or parts[1] not in folders:
            raise ValueError(f"{path}: expected a file in a folder of {view}/")
    return tuple(map(sys.intern, values))


def _folder(path: Any) -> str:
    if not _is(str, path) or "\0" in path:
        raise ValueError(f"{path!r}: expected the path of a folder")
    return str(path)


def inner_path(path: Any) -> str:
    """A path that stays inside of what it is relative to, on this system."""
    parts = _is(str, path).split("/")
    odd = "\0" in path or not {"", ".", ".."}.isdisjoint(parts)
    if odd or (os.sep != "/" and list(Path(path).parts) != parts):  # drives, backslashes
        raise ValueError(f"{path}: expected a path inside the folder")
    return sys.intern(path)


def _is(kind: type[T], value: Any) -> T:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{value!r}: expected {kind.__name__}")
    return value


def _is_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r}: expected true or false")
    return value


def _count(value: Any) -> int:
    return _bounded(value, 0, MOST)


def _bounded(value: Any, low: int, high: int) -> int:
    if not low <= _is(int, value) <= high:
        raise ValueError(f"{value}: expected a whole number from {low} to {high}")
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
    return known[known.index(value)]
