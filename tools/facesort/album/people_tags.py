"""The people that other programs named in photos: XMP, Picasa's ``.picasa.ini``, Google Takeout.

Picasa: ``faces=rect64(3f845bcb59418507),8e62398ebda8c1a5;...``: left, top, right, bottom as four
times 16 bits, shares of the stored image (assumed: no real file was to be had), and
the id of a contact of the same file. Takeout: ``people: [{"name": ...}]`` beside the photo, without
places.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from facesort.errors import LabelError, PhotoError
from facesort.photos import decode, read_photo_bytes, xmp
from facesort.photos.stored import Stored, read_stored
from facesort.photos.xmp import NamedRegion

BoxPx = tuple[float, float, float, float]
PICASA_FILES = (".picasa.ini", "Picasa.ini")
_RECT = re.compile(r"rect64\(([0-9a-fA-F]{1,16})\),([0-9a-fA-F]+)")
_NO_CONTACT = "ffffffffffffffff"
_TAKEOUT = re.compile(r"(?P<base>.+?)(?:\.s[upplementa\-d]*)?(?P<copy>\(\d+\))?\.json", re.DOTALL)
_SHAPE_TOLERANCE = 0.02


@dataclass(frozen=True)
class Tagged:
    """What is known of a photo: ``faces`` (name, box in pixels of the upright photo), ``people``
    without a place, and in ``problems`` what could not be used."""

    faces: tuple[tuple[str, BoxPx], ...] = ()
    people: tuple[str, ...] = ()
    problems: tuple[str, ...] = field(default=())


def tags_of(photo: Path) -> Tagged:
    """Raises `PhotoError` where there are tags but no photo that can be opened."""
    regions, problems = _xmp_regions(photo)
    regions += _picasa(photo.parent).get(photo.name, [])
    people = _takeout(photo.parent).get(photo.name, ())
    if not regions:
        return Tagged((), people, tuple(problems))
    stored = read_stored(photo)
    faces: dict[tuple[str, BoxPx], None] = {}
    for region in regions:
        if region.applied_wh and not _is_same_shape(region.applied_wh, stored.size_wh):
            w, h = region.applied_wh
            problems.append(
                f"the region of {region.name} was made for {w:g} x {h:g} pixels; the photo was "
                "cut or turned since"
            )
        else:
            faces[region.name, _upright(region, stored)] = None
    return Tagged(tuple(faces), people, tuple(problems))


def _xmp_regions(photo: Path) -> tuple[list[NamedRegion], list[str]]:
    """Of the side-cars, else of the photo itself: the side-car is what was changed last."""
    problems: list[str] = []
    for sidecar in xmp.sidecars_of(photo):
        try:
            if found := xmp.read_sidecar(sidecar):
                return found, problems
        except LabelError as error:
            problems.append(str(error))
    try:
        return xmp.embedded(read_photo_bytes(photo)), problems
    except PhotoError as error:
        return [], [*problems, str(error)]


def _upright(region: NamedRegion, stored: Stored) -> BoxPx:
    x1, y1, x2, y2 = region.xyxyn
    w, h = stored.size_wh
    turn = decode.TURN[stored.orientation]
    xs, ys = turn(np.array([x1 * w, x2 * w]), np.array([y1 * h, y2 * h]), w, h)
    return (float(min(xs)), float(min(ys)), float(max(xs)), float(max(ys)))


def _is_same_shape(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return abs(one[0] * other[1] - one[1] * other[0]) <= _SHAPE_TOLERANCE * one[1] * other[0]


@lru_cache(maxsize=8)  # the photos of a folder come one after the other
def _picasa(folder: Path) -> dict[str, list[NamedRegion]]:
    out: dict[str, list[NamedRegion]] = {}
    for name in PICASA_FILES:
        try:
            text = (folder / name).read_text(encoding="utf-8-sig", errors="replace")
        except OSError:
            continue
        sections = _sections(text)
        contacts = {**sections.get("Contacts", {}), **sections.get("Contacts2", {})}
        people = {key.lower(): value.split(";")[0].strip() for key, value in contacts.items()}
        for photo, values in sections.items():
            for rect, contact in _RECT.findall(values.get("faces", "")):
                name_of = "" if contact.lower() == _NO_CONTACT else people.get(contact.lower(), "")
                digits = rect.zfill(16)
                x1, y1, x2, y2 = (int(digits[i : i + 4], 16) / 65535 for i in (0, 4, 8, 12))
                if name_of and x2 > x1 and y2 > y1:
                    out.setdefault(photo, []).append(NamedRegion(name_of, (x1, y1, x2, y2)))
    return out


def _sections(text: str) -> dict[str, dict[str, str]]:
    out: dict[str, dict[str, str]] = {}
    now: dict[str, str] = {}
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            now = out.setdefault(line[1:-1], {})
        elif "=" in line:
            key, _, value = line.partition("=")
            now[key.strip()] = value.strip()
    return out


@lru_cache(maxsize=8)
def _takeout(folder: Path) -> dict[str, tuple[str, ...]]:
    """{photo: names}; ``a.jpg.json``, ``a.jpg.supplemental-metadata.json`` and, of names that are
    cut off after 46 characters, what is left of it."""
    out: dict[str, tuple[str, ...]] = {}
    photos = {path.name for path in folder.iterdir() if path.suffix.lower() != ".json"}
    for file in sorted(folder.glob("*.json")):
        names = _people(file)
        if names and (photo := _photo_of(file.name, photos)):
            out[photo] = names
    return out


def _people(file: Path) -> tuple[str, ...]:
    try:
        content: Any = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return ()
    listed = content.get("people") if isinstance(content, dict) else None
    people = listed if isinstance(listed, list) else []
    found = [person.get("name") for person in people if isinstance(person, dict)]
    return tuple(dict.fromkeys(n.strip() for n in found if isinstance(n, str) and n.strip()))


def _photo_of(json_name: str, photos: Collection[str]) -> str:
    match = _TAKEOUT.fullmatch(json_name)
    if not match:
        return ""
    base, copy = match["base"], match["copy"] or ""
    stem, dot, suffix = base.rpartition(".")
    wanted = f"{stem}{copy}{dot}{suffix}" if dot else f"{base}{copy}"  # a.jpg(1).json: a(1).jpg
    if wanted in photos:
        return wanted
    if len(base) < 40:
        return ""
    near = [photo for photo in photos if photo.startswith(base)]
    return near[0] if len(near) == 1 else ""
