"""Decides where every photo and every crop goes, before anything touches the disk. Pure.

The same scans and the same names taken give the same plan, so a run that was killed before its
plan was kept ends like one that was not.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from facesort.album.link_modes import LINK_MODES
from facesort.album.names import NamePool, fit
from facesort.album.records import (
    BY_CLASS,
    NO_FACE,
    NOT_A_FACE,
    STRANGERS,
    UNREADABLE,
    UNSURE,
    Entry,
    Folders,
    Prediction,
    Scan,
    folder_of,
)
from facesort.album.salience import DEFAULT_RULES, PhotoRules
from facesort.album.user_labels import UserLabels
from facesort.boxes import area, grow_xyxy

CROP_GROWTH = 1.3  # a crop shows this much more than the face: hair, chin, a mask's edge
JPEG_QUALITY = 90  # of crops
CROP_BYTES_PER_PX = 0.4  # a careful guess at JPEG quality 90, for the free-space check
BYTES_PER_FILE = 6_000  # the file system's own block, and our journal and manifest line


def plan_entries(
    scans: Iterable[Scan],
    links: Mapping[str, str],
    sure: float,
    taken: Iterable[str],
    labels: UserLabels | None = None,
    folders: Folders = BY_CLASS,
    judged: Mapping[str, tuple[Prediction, ...]] | None = None,
    rules: PhotoRules = DEFAULT_RULES,
) -> tuple[Entry, ...]:
    """One entry a photo, sorted by path.

    ``links`` says for each photo how it is linked; ``taken`` are the paths in the destination that
    exist or once existed; a face of a confidence below ``sure`` counts as unsure, unless a person
    has said otherwise in ``labels``. By person, ``judged`` has a prediction for each face of each
    photo, which counts instead. ``rules`` say for which faces a photo is filed.
    """
    pool = NamePool(taken)
    ordered = sorted(scans, key=lambda scan: scan.photo)
    known, words = labels or UserLabels(), judged or {}
    return tuple(
        _plan_photo(
            scan,
            links[scan.photo],
            sure,
            pool,
            known.of_faces(scan),
            known.present(scan),
            folders,
            words.get(scan.photo, ()),
            rules,
        )
        for scan in ordered
    )


def _plan_photo(
    scan: Scan,
    link: str,
    sure: float,
    pool: NamePool,
    human: tuple[str, ...],
    present: tuple[str, ...],
    folders: Folders,
    judged: tuple[Prediction, ...],
    rules: PhotoRules,
) -> Entry:
    name = PurePosixPath(scan.photo).name
    face_folders = folders_of_faces(scan, sure, human, judged)
    counting = rules.folders(scan.faces, face_folders, human)
    targets = {
        folder: pool.take(f"photos/{folder}", rules.name(name, folder, scan.faces, face_folders))
        for folder in photo_folders(scan, counting, folders, present)
    }
    certain = [one.certainty for one in judged] or [face.confidence for face in scan.faces]
    crops = [
        pool.take(f"faces/{folder}", crop_name(name, certainty, number))
        for number, (folder, certainty) in enumerate(zip(face_folders, certain, strict=True))
    ]
    entry = Entry(scan, link, targets=(), judged=judged)
    return placed(entry, targets, crops, face_folders, human)


def placed(
    entry: Entry,
    targets: Mapping[str, str],
    crops: Iterable[str],
    face_folders: Iterable[str],
    human: tuple[str, ...],
) -> Entry:
    """``entry`` with its places: the photo's by folder; of each face, its crop, the folder where it
    belongs, and what a person said of it."""
    # an unsure face of a photo that is filed by its other faces: shown where the first of them is
    first = next(iter(targets.values()))
    return replace(
        entry,
        targets=tuple(targets.values()),
        crops=tuple(crops),
        face_targets=tuple(targets.get(folder, first) for folder in face_folders),
        human=human if any(human) else (),
    )


def folders_of_faces(
    scan: Scan, sure: float, human: Sequence[str], judged: Sequence[Prediction] = ()
) -> list[str]:
    """Where each face of ``scan`` belongs: what the person said, else the model if it is sure."""
    by_class = [f.class_name if f.confidence >= sure else UNSURE for f in scan.faces]
    by_model = [one.folder for one in judged] or by_class
    return [said or guessed for said, guessed in zip(human, by_model, strict=True)]


def photo_folders(
    scan: Scan,
    face_folders: Iterable[str],
    folders: Folders = BY_CLASS,
    present: Iterable[str] = (),
) -> list[str]:
    """The folders that a photo with faces in these is filed in; at least one. Of faces without
    a name, the unsure one counts more than a stranger's: it may be a known person. Who is
    ``present`` is in the photo without a face that shows."""
    if scan.problem:
        return [UNREADABLE]
    face_folders = [folder for folder in face_folders if folder != NOT_A_FACE]
    wanted = {*face_folders, *present} - {UNSURE, STRANGERS}
    named = [folder for folder in folders.photos if folder in wanted]
    if named or not face_folders:
        return named or [NO_FACE]
    return [UNSURE if UNSURE in face_folders else STRANGERS]


def crop_name(photo_name: str, certainty: float, number: int) -> str:
    """``873_IMG_1234_0.jpg``: by name, the least certain face comes first."""
    per_mille = min(round(certainty * 1000), 999)
    return fit(f"{per_mille:03d}_{PurePosixPath(photo_name).stem}", f"_{number}.jpg")


def needed_bytes(entries: Iterable[Entry]) -> int:
    """What the entries will take on the disk: exact for copies, careful for crops."""
    total = 0
    for entry in entries:
        copied = (
            entry.scan.size_bytes * len(entry.targets) if LINK_MODES[entry.link].takes_room else 0
        )
        boxes = grow_xyxy([face.xyxy_px for face in entry.scan.faces], CROP_GROWTH)
        crops_px = float(area(boxes).sum()) * entry.scan.scale**2
        files = len(entry.targets) + len(entry.crops)
        total += copied + math.ceil(crops_px * CROP_BYTES_PER_PX) + files * BYTES_PER_FILE
    return total


def count_by_folder(entries: Iterable[Entry]) -> tuple[Counter[str], Counter[str]]:
    """How many photos and how many faces go to each folder, by the folder's own name."""
    photos: Counter[str] = Counter()
    faces: Counter[str] = Counter()
    for entry in entries:
        photos.update(PurePosixPath(folder_of(path)).name for path in entry.targets)
        faces.update(PurePosixPath(folder_of(path)).name for path in entry.crops)
    return photos, faces
