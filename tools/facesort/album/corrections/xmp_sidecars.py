"""XMP side-cars with face regions and names, beside each named photo in photos/<Name>/."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facesort.album.corrections.apply import check_sorted
from facesort.album.corrections.changes import stem_sidecar
from facesort.album.journal import read_state
from facesort.album.plan import folders_of_faces
from facesort.album.records import NOT_A_FACE, STRANGERS, UNSURE, Entry
from facesort.album.summary import counted
from facesort.album.undo import is_written, remove_sidecars
from facesort.album.user_labels import UserLabels, read_labels
from facesort.album.workspace import Workspace, open_workspace
from facesort.boxes import as_boxes, clip_xyxy
from facesort.errors import PhotoError, UsageError
from facesort.files import DISK_FULL, write_atomic
from facesort.photos import album_at, content_hash, is_video
from facesort.photos.stored import Stored, read_stored, to_stored
from facesort.photos.xmp import SIDECAR
from facesort.reporter import Reporter

NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
}
ROOT = "People"  # what the names are filed under


@dataclass(frozen=True)
class Region:
    """A face of ``name``, its box in pixels of the upright photo."""

    name: str
    xyxy_px: tuple[float, float, float, float]


def side_car(regions: Sequence[Region], stored: Stored) -> bytes:
    """The whole file."""
    for prefix, uri in NAMESPACES.items():
        ET.register_namespace(prefix, uri)
    meta = ET.Element(_tag("x", "xmpmeta"))
    rdf = ET.SubElement(meta, _tag("rdf", "RDF"))
    about = ET.SubElement(rdf, _tag("rdf", "Description"), {_tag("rdf", "about"): ""})
    about.set(_tag("tiff", "Orientation"), str(stored.orientation))
    names = sorted({region.name for region in regions})
    _list(about, _tag("dc", "subject"), "Bag", names)
    _list(about, _tag("lr", "hierarchicalSubject"), "Bag", [f"{ROOT}|{name}" for name in names])
    _list(about, _tag("digiKam", "TagsList"), "Seq", [f"{ROOT}/{name}" for name in names])
    _xmp_regions(about, regions, stored)
    ET.indent(meta, " ")
    data: bytes = ET.tostring(meta, "utf-8", xml_declaration=True)
    return data + b"\n"


def _xmp_regions(about: ET.Element, regions: Sequence[Region], stored: Stored) -> None:
    width, height = stored.size_wh
    info = _struct(about, _tag("mwg-rs", "Regions"))
    size = {"w": str(width), "h": str(height), "unit": "pixel"}
    _struct(info, _tag("mwg-rs", "AppliedToDimensions"), "stDim", size)
    bag = ET.SubElement(ET.SubElement(info, _tag("mwg-rs", "RegionList")), _tag("rdf", "Bag"))
    boxes = to_stored(as_boxes([region.xyxy_px for region in regions]), stored)
    for region, box in zip(regions, clip_xyxy(boxes, stored.size_wh), strict=True):
        x1, y1, x2, y2 = box / np.array([width, height, width, height])
        area = {"x": (x1 + x2) / 2, "y": (y1 + y2) / 2, "w": x2 - x1, "h": y2 - y1}
        one = _struct(ET.SubElement(bag, _tag("rdf", "li")), _tag("rdf", "Description"))
        one.set(_tag("mwg-rs", "Name"), region.name)
        one.set(_tag("mwg-rs", "Type"), "Face")
        shares = {key: f"{share:.6f}" for key, share in area.items()} | {"unit": "normalized"}
        _struct(one, _tag("mwg-rs", "Area"), "stArea", shares)


def _struct(
    parent: ET.Element, tag: str, prefix: str = "", values: dict[str, str] | None = None
) -> ET.Element:
    """A structure; its fields as attributes, those of ``values`` in the namespace ``prefix``."""
    element = ET.SubElement(parent, tag)
    if tag != _tag("rdf", "Description") and not values:
        element.set(_tag("rdf", "parseType"), "Resource")
    for key, value in (values or {}).items():
        element.set(_tag(prefix, key), value)
    return element


def _list(parent: ET.Element, tag: str, kind: str, values: Iterable[str]) -> None:
    items = ET.SubElement(ET.SubElement(parent, tag), _tag("rdf", kind))
    for value in values:
        ET.SubElement(items, _tag("rdf", "li")).text = value


def _tag(prefix: str, name: str) -> str:
    return f"{{{NAMESPACES[prefix]}}}{name}"


NAMELESS = (UNSURE, STRANGERS, NOT_A_FACE)


def write_sidecars(root: Path, report: Reporter, as_stem: bool = False) -> int:
    """Write those that are missing or out of date, remove those whose photo is elsewhere now;
    returns the exit code: 1 where one could not be written. ``as_stem`` also writes ``a.xmp``
    beside ``a.jpg.xmp``, where no other photo of the folder is called ``a``."""
    dst = check_sorted(root)
    state = read_state(dst.journal)
    if not state.people:
        raise UsageError(f"--xmp: {root} is sorted by class; side-cars hold names of people")
    src = album_at(state.src)
    with open_workspace(src, dst, state, 1, report) as workspace:
        labels = read_labels(dst.corrections).within(workspace.journal.state.sorted_into)
        written, problems = 0, {}
        wanted: set[str] = set()
        stems = Counter(
            stem_sidecar(path)
            for entry in workspace.journal.state.entries.values()
            for path in entry.targets
        )
        for entry in list(workspace.journal.state.entries.values()):
            regions = list(_regions(entry, labels))
            there = [path for path in entry.targets if os.path.lexists(root / path)]
            paths = [f"{path}{SIDECAR}" for path in there]
            for path in there if as_stem else ():
                if stems[stem_sidecar(path)] == 1:
                    paths.append(stem_sidecar(path))
                else:
                    problems[path] = "another photo of the folder would have the same .xmp"
            if not regions or not paths or is_video(entry.scan.photo):  # a region is of an image
                continue
            wanted |= {*paths}
            try:
                data = side_car(regions, read_stored(root / there[0]))
            except PhotoError as error:
                problems[entry.scan.photo] = str(error)
                continue
            for path in paths:
                why = _write(workspace, path, data)
                problems |= {path: why} if why else {}
                written += not why
        removed = remove_sidecars(dst, workspace.journal.state, keep=wanted)
        workspace.journal.sync()
    report.say(f"side-cars: {counted(written, 'photo')} have one that says what is known now")
    if removed:
        report.say(f"side-cars: {counted(len(removed), 'old one')} removed")
    for what, why in sorted(problems.items()):
        report.say(f"no side-car: {what}: {why}")
    return 1 if problems else 0


def _regions(entry: Entry, labels: UserLabels) -> Iterator[Region]:
    """The faces of which it is known whose they are."""
    human = labels.of_faces(entry.scan)
    folders = folders_of_faces(entry.scan, 0.0, human, entry.judged)
    for face, folder in zip(entry.scan.faces, folders, strict=True):
        if folder not in NAMELESS:
            yield Region(folder, face.xyxy_px)


def _write(workspace: Workspace, path: str, data: bytes) -> str:
    """Write one side-car; why it cannot be, where it cannot."""
    final, content = workspace.dst.root / path, content_hash(data)
    ours = workspace.journal.state.sidecars.get(path, set())
    if os.path.lexists(final) and not is_written(final, {*ours, content}):
        return "there is one already that is not ours, or was changed; it stays"
    try:
        if content not in ours:
            workspace.journal.sidecar(path, content)
        write_atomic(final, [data], workspace.dst.temp_folder / "side-car")
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        return error.strerror or str(error)
    return ""
