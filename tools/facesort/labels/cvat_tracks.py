"""The tracks of a CVAT file as boxes of frames, and boxes as tracks.

Format: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/ ("Video"). Between two
keyframes the box moves in a straight line; from a keyframe that is ``outside`` on, there is none.
CVAT itself writes every frame, other programs the keyframes only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from xml.etree import ElementTree

from facesort.errors import LabelError
from facesort.labels.resolve import RawBox

ToBox = Callable[[ElementTree.Element, str, str], RawBox]  # shape, class, where


@dataclass
class Frames:
    """The boxes of each frame by its number; ``made`` counts those between two keyframes."""

    boxes: dict[int, list[RawBox]] = field(default_factory=lambda: defaultdict(list))
    made: int = 0


def read_tracks(
    tracks: Iterable[ElementTree.Element],
    where: str,
    shapes: Sequence[str],
    to_box: ToBox,
    is_there: Callable[[int], bool],
) -> Frames:
    """All tracks by frame; a frame between keyframes has a box where ``is_there`` says so."""
    out = Frames()
    for track in tracks:
        name = track.get("label") or ""
        before: tuple[int, RawBox] | None = None
        for number, shape in _in_order(track, shapes, where):
            box = to_box(shape, name, f"{where}: track {track.get('id')}: frame {number}")
            if before is not None:
                for between in _between(*before, number, box):
                    if is_there(between[0]):
                        out.boxes[between[0]].append(between[1])
                        out.made += 1
            is_outside = shape.get("outside") == "1"
            if not is_outside:
                out.boxes[number].append(box)
            before = None if is_outside else (number, box)
    return out


def _in_order(
    track: ElementTree.Element, shapes: Sequence[str], where: str
) -> list[tuple[int, ElementTree.Element]]:
    found = []
    for shape in track:
        if shape.tag in shapes:
            text = shape.get("frame") or ""
            if not (text.isascii() and text.isdigit() and len(text) < 12):
                place = f"{where}: track {track.get('id')}: frame '{text}'"
                raise LabelError(f"{place}: expected a frame's number")
            found.append((int(text), shape))
    return sorted(found, key=lambda pair: pair[0])


def _between(first: int, box: RawBox, last: int, other: RawBox) -> Iterator[tuple[int, RawBox]]:
    """The frames strictly between two keyframes; the flags and attributes are the first's."""
    if box.problem or other.problem:
        return
    for number in range(first + 1, last):
        share = (number - first) / (last - first)
        values = [a + (b - a) * share for a, b in zip(box.values, other.values, strict=True)]
        yield number, replace(box, values=values, where=f"{box.where} to {last}: frame {number}")


@dataclass(frozen=True)
class TrackBox:
    """A box of a track in the image of this number, to be written."""

    frame: int
    attributes: dict[str, str]
    named: dict[str, str]


def add_track(
    root: ElementTree.Element,
    track_id: int,
    name: str,
    boxes: Sequence[TrackBox],
    frames: int,
) -> None:
    """A track with a keyframe for each box; it is outside from the first frame without one."""
    track = ElementTree.SubElement(
        root, "track", {"id": str(track_id), "label": name, "source": "manual"}
    )
    for box, after in zip(boxes, [*boxes[1:], None], strict=True):
        _add(track, box.frame, box, "0")
        gone = box.frame + 1
        if gone < (frames if after is None else after.frame):
            _add(track, gone, replace(box, attributes=box.attributes | {"occluded": "0"}), "1")


def _add(track: ElementTree.Element, frame: int, box: TrackBox, outside: str) -> None:
    place = {"frame": str(frame), "keyframe": "1", "outside": outside}
    element = ElementTree.SubElement(track, "box", place | box.attributes)
    if outside == "0":
        add_attributes(element, box.named)


def add_attributes(element: ElementTree.Element, named: dict[str, str]) -> None:
    for name, value in named.items():
        ElementTree.SubElement(element, "attribute", {"name": name}).text = value
