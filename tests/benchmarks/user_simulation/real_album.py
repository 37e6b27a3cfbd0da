"""Albums of real photos, in masks as they were worn: what our own tools see of people whom no
model was trained on, and albums made of that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import real_people
from encoder_faces import SOURCES, Source, opened
from numpy.typing import NDArray

from facesort.album.person.face_encoder import FaceEncoder
from facesort.album.person.identification import vector_to_text
from facesort.album.person.known_people import PRECISION
from facesort.album.person.quality import EXAMPLE, Quality, example_weight
from facesort.album.records import Example, Face, Identity, Learned, Scan
from facesort.classes import CLASS_NAMES, EYES, MOUTH
from facesort.dataset.people_split import part_of
from facesort.models.detect import Detector
from facesort.models.people.covered_faces import list_people
from user_simulation.simulated_album import BY, NOBODY, Album

PHOTOS_EACH = 12  # of a person of LFW
THUMB_PX = 16
Items = list[tuple[Path, str, str, int]]  # photo, source, person, what is worn


@dataclass(frozen=True)
class RealMix:
    """``source`` the people are of; ``bare`` and ``masked`` examples of each; the share of
    ``strangers``; in folders of ``visits`` with a few people each, or all in one heap."""

    source: str
    bare: int
    masked: int
    strangers: float = 0.3
    visits: bool = True


@dataclass(frozen=True, eq=False)
class RealBank:
    """One row a photo: ``source``, ``person`` and ``state`` say what it shows; then what our tools
    say of the face in its middle: ``found``, ``seen`` its class, ``vector``, ``quality`` (n, 3);
    and ``thumb``, grey pixels by which the same shot is known again."""

    source: NDArray[np.str_]
    person: NDArray[np.str_]
    state: NDArray[np.int64]
    found: NDArray[np.bool_]
    seen: NDArray[np.int64]
    vector: NDArray[np.float32]
    quality: NDArray[np.float64]
    thumb: NDArray[np.float64]

    def save(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(file, **{f.name: getattr(self, f.name) for f in fields(self)})

    @staticmethod
    def load(file: Path) -> RealBank:
        with np.load(file, allow_pickle=False) as kept:
            return RealBank(**{f.name: kept[f.name] for f in fields(RealBank)})


def photos_of(folders: dict[str, Path], part: str) -> Items:
    """Photos of the people of ``part``: ``mp`` masked and bare, ``mo`` always masked, ``lfw``; and
    of ``str``, people with one photo."""
    items: Items = []
    for source, folder in folders.items():
        if source == "str":
            everybody = {path.stem: [path] for path in sorted(folder.iterdir())}
        else:
            everybody = dict(list_people(folder))
        for person, paths in everybody.items():
            if part_of(source, person) == part:
                some = paths[:PHOTOS_EACH] if source == "lfw" else paths
                items += [(path, source, person, _worn(path, source)) for path in some]
    return items


def _worn(path: Path, source: str) -> int:
    masked = source == "mo" or path.parent.name == "masked"
    return (MOUTH if masked else 0) | (EYES if "_sunglasses" in path.name else 0)


def look_at(items: Iterator[tuple[Path, str, str, int]], detector: Detector, encoder: FaceEncoder):
    """A `RealBank` of photos, each as the sorter sees it."""
    import cv2

    rows = []
    for path, source, person, state in items:
        rgb = opened(path, SOURCES.get(source, Source({})))
        found, box = detector.detect([rgb])[0], None
        if len(found):
            middle = (found.xyxy_px[:, :2] + found.xyxy_px[:, 2:]) / 2
            away = np.abs(middle - np.array(rgb.shape[1::-1]) / 2).sum(axis=1)
            box = int((away - (found.xyxy_px[:, 2] - found.xyxy_px[:, 0])).argmin())
        vector, quality, seen = np.zeros(encoder.embedder.dimensions, np.float32), (0, 0, 0), 0
        if box is not None:
            encoded = encoder.encode(rgb, found.xyxy_px[box : box + 1])
            vector, one = encoded.vectors[0], encoded.quality[0]
            quality, seen = (one.side_px, one.sharpness, one.turned), int(found.class_id[box])
        grey = cv2.resize(rgb.mean(axis=2), (THUMB_PX, THUMB_PX), interpolation=cv2.INTER_AREA)
        grey = grey.ravel() - grey.mean()
        grey /= np.linalg.norm(grey) + 1e-9
        rows.append((source, person, state, box is not None, seen, vector, quality, grey))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return RealBank(*columns)


class RealAlbumMaker:
    """Makes albums of a bank; those of `real_people`, as the sorter sees them."""

    def __init__(self, bank: RealBank, likeness: str) -> None:
        self.bank, self.likeness = bank, likeness

    def people(self, mix: RealMix) -> int:
        return len(np.unique(self.bank.person[self.bank.source == mix.source]))

    def make(self, mix: RealMix, count: int) -> Iterator[Album]:
        bank = self.bank
        # single people are strangers beside LFW's, who are photographed alike
        rows = np.flatnonzero(
            (bank.source == mix.source) | ((bank.source == "str") & (mix.source == "lfw"))
        )
        _, person = np.unique(bank.person[rows], return_inverse=True)
        thumbs = bank.thumb[rows]
        twins = (thumbs @ thumbs.T > real_people.TWINS) & (person[:, None] == person)
        faces = real_people.Faces(bank.vector[rows], person, bank.state[rows], twins)
        kind = (mix.bare, mix.masked)
        for one in real_people.albums(faces, kind, mix.strangers, mix.visits, count):
            yield self._album(one, rows)

    def _album(self, drawn: real_people.Album, rows: NDArray[np.int64]) -> Album:
        bank = self.bank
        names = tuple(f"child {i:02d}" for i in range(real_people.PEOPLE))
        examples = []
        for row, child in zip(rows[drawn.examples], drawn.given, strict=True):
            quality = Quality(*bank.quality[row])
            if bank.found[row] and not quality.reject_reason(EXAMPLE):
                text, weight = vector_to_text(bank.vector[row]), round(example_weight(quality), 3)
                examples.append(Example(names[child], CLASS_NAMES[bank.seen[row]], text, weight))
        scans, child, state, missed = [], [], [], 0
        for i, (row, who, folder) in enumerate(
            zip(rows[drawn.faces], drawn.whose, drawn.folder, strict=True)
        ):
            missed += not bank.found[row] and who != NOBODY
            if bank.found[row]:
                photo = f"{folder:02d}/IMG_{i:05d}.jpg"
                scans.append(Scan(photo, 1, i, content=photo, faces=(self._face(row),)))
                child.append(who)
                state.append(bank.state[row])
        whose = np.array(child, dtype=np.int64)
        return Album(
            tuple(scans),
            Learned(BY, self.likeness, PRECISION, False, tuple(examples)),
            names,
            whose,
            whose != NOBODY,
            np.array(state, dtype=np.int64),
            int(missed),
        )

    def _face(self, row: int) -> Face:
        side, sharp, turned = (float(value) for value in self.bank.quality[row])
        identity = Identity(BY, vector_to_text(self.bank.vector[row]), side, sharp, turned)
        return Face((0.0, 0.0, side, side), CLASS_NAMES[self.bank.seen[row]], 0.9, identity)
