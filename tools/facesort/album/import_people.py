"""Faces that other programs named become examples of people, or corrections of a sorted album."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.album.corrections.acts import assign
from facesort.album.corrections.api_records import Correction
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.names import can_be_folder, fit
from facesort.album.people_tags import BoxPx, Tagged, tags_of
from facesort.album.person.enrollment import check_names, cut
from facesort.boxes import as_boxes, iou_matrix
from facesort.errors import PhotoError, UsageError
from facesort.files import write_atomic
from facesort.photos import list_photos, open_photo
from facesort.reporter import Step, no_step

FindFaces = Callable[[NDArray[np.uint8]], NDArray[np.float64]]  # RGB: boxes (n, 4) in its pixels
SAME_FACE_IOU = 0.3  # programs cut faces differently, some with the hair
NO_PLACE = "photos with one name and not exactly one face, skipped"


@dataclass
class Result:
    """``counts`` by what happened; ``problems`` are lines for the person."""

    counts: Counter[str] = field(default_factory=Counter)
    people: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def read_tags(src: Path, result: Result, step: Step = no_step) -> dict[str, Tagged]:
    """{path in the album: what is known}, of the photos with tags; what else there is, counted."""
    out: dict[str, Tagged] = {}
    photos = list_photos(src).photos
    for photo in step(photos, len(photos), "photo"):
        try:
            tagged = tags_of(photo.path)
        except PhotoError as error:
            result.problems.append(f"{photo.relative}: {error}")
            continue
        result.problems += [f"{photo.relative}: {problem}" for problem in tagged.problems]
        names = {*(name for name, _ in tagged.faces), *tagged.people}
        unfit = {name for name in names if not can_be_folder(name)}
        for name in sorted(unfit):
            result.problems.append(f"{photo.relative}: '{name}' cannot be a folder; left out")
        faces = tuple(one for one in tagged.faces if one[0] not in unfit)
        people = tuple(name for name in tagged.people if name not in unfit)
        if faces or people:
            result.counts["photos with names"] += 1
            result.counts["faces with a name and a place"] += len(faces)
            out[photo.relative] = Tagged(faces, people)
    result.counts["photos without"] = len(photos) - len(out)
    check_names(
        src, {name for one in out.values() for name in (*(n for n, _ in one.faces), *one.people)}
    )
    return out


def write_examples(
    src: Path,
    tagged: dict[str, Tagged],
    out: Path,
    most: int,
    find: Callable[[], FindFaces],
    result: Result,
    step: Step = no_step,
) -> None:
    """A crop of each named face below ``out``/<name>, of each person the ``most`` largest.

    Of a photo with one name and no place, the face is found; where it is not exactly one, nothing
    is guessed. What is there already stays.
    """
    wanted = _largest(tagged, most)
    finder: FindFaces | None = None
    for relative in step(sorted(wanted), len(wanted), "photo"):
        one = tagged[relative]
        try:
            photo = open_photo(src / relative)
        except PhotoError as error:
            result.problems.append(f"{relative}: {error}")
            continue
        faces = list(one.faces)
        if not faces:
            finder = finder or find()
            boxes = (finder(photo.rgb) / photo.scale).tolist()
            if len(boxes) != 1:
                result.counts[NO_PLACE] += 1
                result.problems.append(f"{relative}: {len(boxes)} faces, one name: {one.people[0]}")
                continue
            faces = [(one.people[0], tuple(boxes[0]))]
        for number, jpeg in enumerate(cut(photo, [box for _, box in faces])):
            name = faces[number][0]
            if name in wanted[relative]:
                stem = "_".join(Path(relative).with_suffix("").parts)
                result.counts[_put(out / name / fit(stem, f"_{number}.jpg"), jpeg)] += 1
                result.people[name] += 1


def _largest(tagged: dict[str, Tagged], most: int) -> dict[str, set[str]]:
    """{photo: whose examples it gives}; those with a place first."""
    sizes: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for relative, one in tagged.items():
        for name, (x1, y1, x2, y2) in one.faces:
            sizes[name].append((min(x2 - x1, y2 - y1), relative))
        if not one.faces and len(one.people) == 1:
            sizes[one.people[0]].append((0.0, relative))
    out: dict[str, set[str]] = defaultdict(set)
    for name, found in sizes.items():
        for _, relative in sorted(found, reverse=True)[:most]:
            out[relative].add(name)
    return out


def _put(file: Path, jpeg: bytes) -> str:
    if file.exists():
        return "examples that were there already"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, [jpeg], file.with_name(f".{file.name}.tmp"))
    return "examples written"


def correct(root: Path, tagged: dict[str, Tagged], result: Result) -> None:
    """Tell the album sorted into ``root`` whose faces these are. A face that a person has decided
    about there stays as it is. Raises `UsageError` where it is sorted by class."""
    album = SortedAlbum(root)
    if not album.is_by_person:
        raise UsageError(f"--sorted: {root} is sorted by class; names are of people")
    corrections: list[Correction] = []
    for relative, one in tagged.items():
        entry = album.state.entries.get(relative)
        rows = album.table.rows_of_photo.get(relative, []) if entry else []
        if entry is None:
            result.counts["photos that are not in the sorted album"] += 1
            continue
        views = [album.table.view(row, entry) for row in rows]
        named = _matched(one, [view.xyxy_px for view in views], result)
        for index, name in named.items():
            if views[index].confirmed:
                result.counts["faces decided about before, as they were"] += 1
            else:
                corrections.append(Correction(relative, views[index].face, name))
                result.people[name] += 1
    if corrections:
        done = assign(album, corrections)
        result.problems += [f"{photo}: {why}" for photo, why in done.problems.items()]
        album.flush()
    result.counts["faces put where their name says"] = len(corrections)


def _matched(one: Tagged, boxes: Sequence[BoxPx], result: Result) -> dict[int, str]:
    """{number of a found face: name}, each face and each name once."""
    if not one.faces:
        if len(boxes) == 1 and len(one.people) == 1:
            return {0: one.people[0]}
        result.counts[NO_PLACE] += len(one.people) == 1
        return {}
    out: dict[int, str] = {}
    overlap = iou_matrix(as_boxes([box for _, box in one.faces]), as_boxes(list(boxes)))
    for number, (name, _) in enumerate(one.faces):
        best = int(overlap[number].argmax()) if len(boxes) else -1
        if best < 0 or overlap[number, best] < SAME_FACE_IOU or best in out:
            result.counts["named faces that were not found in the sorted album"] += 1
        else:
            out[best] = name
    return out


def lines(result: Result) -> Iterable[str]:
    """What happened, and to whom."""
    for what, count in result.counts.items():
        if count:
            yield f"{what}: {count:,}"
    for name, count in sorted(result.people.items()):
        yield f"  {name}: {count:,}"
