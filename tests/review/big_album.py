"""A sorted album of any size without sorting: journal, crops and links as the sorter leaves them.

    python tests/review/big_album.py DIR [PHOTOS]

All photos are one file and all crops are a few hundred drawn ones, by hard links; vectors, names
and certainties are drawn at random or judged by the real `classify_scans`. `truth` says who is who.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[2] / "tools"), str(Path(__file__).parent)]

from avatars import FACE, Wears, draw_person, draw_scene, make_person

from facesort.album.destination import Destination
from facesort.album.disk import FileSignature
from facesort.album.journal import Journal
from facesort.album.link_modes import HARD
from facesort.album.person.classify import classify_scans
from facesort.album.person.identification import vector_to_text
from facesort.album.plan import plan_entries
from facesort.album.records import (
    STRANGERS,
    UNSURE,
    Example,
    Face,
    Folders,
    Identity,
    Learned,
    Prediction,
    Scan,
    folder_of,
)
from facesort.album.user_labels import UserLabels
from facesort.classes import CLASS_NAMES
from facesort.models.people.similarity_norm import DEFAULT

NAMES = tuple(f"Child {i:02d}" for i in range(1, 21))
BY = "drawn"
DIMENSIONS = 128
CROPS = 400
EXAMPLES = 6
HARD_SHARE, STRANGER_SHARE = 0.12, 0.15


@dataclass
class BigAlbum:
    """``sorted`` is the destination; ``truth`` the right folder of each face, by photo and number;
    ``main`` the faces that photos are about."""

    sorted: Path
    truth: dict[tuple[str, int], str] = field(default_factory=dict)


def make(
    root: Path,
    photos: int,
    faces_each: int = 3,
    judged: bool = False,
    examples_each: int = EXAMPLES,
    hard_share: float = HARD_SHARE,
    seed: int = 7,
) -> BigAlbum:
    """A destination of ``photos`` photos; ``judged``: by the real judge, which takes its time."""
    rng = np.random.default_rng(seed)
    album = BigAlbum(root / "sorted")
    (root / "album").mkdir(parents=True)
    photo = root / "album" / "IMG_00000.jpg"
    draw_scene((640, 480), 1).save(photo, quality=80)
    directions = _unit(rng.normal(size=(len(NAMES), DIMENSIONS)))
    examples = tuple(
        Example(name, CLASS_NAMES[i % 2], _text(directions[who], 0.8, rng))
        for who, name in enumerate(NAMES)
        for i in range(examples_each)
    )
    learned = Learned(BY, DEFAULT.to_json(), 0.98, False, examples)
    status = photo.stat()
    scans, guesses = [], {}
    for number in range(photos):
        name = f"IMG_{number:05d}.jpg"
        if number:
            os.link(photo, root / "album" / name)
        scan = Scan(name, status.st_size, status.st_mtime_ns, content=f"{number:032x}")
        faces, words = [], []
        who = rng.choice(len(NAMES), faces_each, replace=False)
        for place, one in enumerate(who.tolist()):
            face, word, right = _face(place, one, directions, rng, hard_share)
            faces.append(face)
            words.append(word)
            album.truth[name, place] = right
        scans.append(replace(scan, faces=tuple(faces)))
        guesses[name] = tuple(words)
    if judged:
        guesses = classify_scans(learned, NAMES, UserLabels(), scans)
    _write(root, scans, guesses, learned)
    return album


def _face(place, one, directions, rng, hard_share):  # type: ignore[no-untyped-def]
    """One face, a guess of whose it is, and whose it really is."""
    kind, hard = rng.random(), rng.random() < hard_share
    class_id = int(rng.choice(4, p=[0.4, 0.45, 0.1, 0.05]))
    stranger = kind < STRANGER_SHARE
    direction = _unit(rng.normal(size=DIMENSIONS)) if stranger else directions[one]
    vector = _text(direction, float(rng.uniform(1.9, 2.7)) if hard else 0.9, rng)
    box = (20.0 + 200 * place, 100.0, 200.0 + 200 * place, 320.0)
    identity = Identity(BY, vector, 180.0, 300.0, 0.1)
    right = STRANGERS if stranger else NAMES[one]
    sure = float(rng.uniform(0.35, 0.9)) if hard else float(rng.uniform(0.97, 1.0))
    folder = UNSURE if hard else right
    word = Prediction(
        folder,
        "" if stranger and not hard else NAMES[one],
        sure if not (stranger and not hard) else 0.02,
    )
    return Face(box, CLASS_NAMES[class_id], 0.9, identity), word, right


def _unit(vectors):  # type: ignore[no-untyped-def]
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _text(direction, noise, rng) -> str:  # type: ignore[no-untyped-def]
    vector = direction + noise * _unit(rng.normal(size=DIMENSIONS))
    return vector_to_text(_unit(vector).astype(np.float32))


def _write(root: Path, scans, judged, learned: Learned) -> None:  # type: ignore[no-untyped-def]
    dst = Destination(root / "sorted")
    dst.temp_folder.mkdir(parents=True)
    crops = _draw_crops(root / ".crops")
    entries = plan_entries(
        scans,
        {scan.photo: HARD for scan in scans},
        0.5,
        (),
        folders=Folders(NAMES),
        judged=judged,
    )
    journal = Journal(dst.journal)
    journal.album(str(root / "album"), 1)
    journal.options({"by": "person"})
    journal.people(NAMES)
    journal.learned(learned)
    folders = {folder_of(path) for entry in entries for path in entry.paths}
    folders |= {f"faces/{name}" for name in Folders(NAMES).faces}
    for folder in ["photos", "faces", *sorted(folders)]:
        journal.folder(folder)
        (dst.root / folder).mkdir()
    for number, entry in enumerate(entries):
        for target in entry.targets:
            os.link(root / "album" / entry.scan.photo, dst.root / target)
        for place, crop in enumerate(entry.crops):
            os.link(crops[(3 * number + place) % len(crops)], dst.root / crop)
        journal.filed(entry, {path: FileSignature.of(dst.root / path) for path in entry.paths})
    journal.close()


def _draw_crops(folder: Path) -> list[Path]:
    folder.mkdir()
    files = []
    for i in range(CROPS):
        bust = draw_person(make_person(i % 24), Wears(i % 3 == 1, i % 7 == 0), 180, i)
        scene = draw_scene((240, 240), i)
        scene.paste(bust, (30, 30), bust)
        x, y = 30 + FACE[0] * 180 - 20, 30 + FACE[1] * bust.height - 20
        files.append(folder / f"{i}.jpg")
        scene.crop((round(x), round(y), round(x + 140), round(y + 150))).save(files[-1], quality=85)
    return files


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 18_000)
