"""Sorting by person, from the examples on the disk to a word on every face of the album."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facesort.album.describe import Describer, quality_of, with_identity
from facesort.album.examples import ReadExamples, Seen, read_examples
from facesort.album.gallery import Examples, Gallery, build
from facesort.album.human import HumanLabels
from facesort.album.people import AlbumFaces, judge_album, vector_from_text
from facesort.album.quality import LEARNING
from facesort.album.records import UNSURE, Face, Judged, Scan
from facesort.album.scan import as_faces, decode_px
from facesort.classes import CLASS_NAMES
from facesort.errors import AlbumError, PhotoError
from facesort.parallel import ordered_map
from facesort.photos import open_photo, read_photo_bytes
from facesort.reporter import Reporter

if TYPE_CHECKING:
    from facesort.models.detect import Detector

PRECISION = 0.98
SHOWN = 20  # examples that are named because they do not help
NOT_DESCRIBED = Judged(UNSURE, "", 0.0, "too small to be told from others")


@dataclass(frozen=True)
class People:
    """Whom to sort by: the photos of each, as `examples.list_examples` has them.

    ``load_describer`` is only called when there is something to look at.
    """

    folder: Path
    examples: Mapping[str, list[Path]]
    load_describer: Callable[[], Describer]
    precision: float = PRECISION
    allow_twins: bool = False
    _read: list[ReadExamples] = field(default_factory=list)  # looked at once a run

    def read(
        self, detector: Detector, class_names: Sequence[str], workers: int, report: Reporter
    ) -> ReadExamples:
        """What the examples show. Raises `AlbumError` where no example is of any use."""
        if not self._read:
            read = self._look(detector, class_names, workers, report)
            _say(read, sum(map(len, self.examples.values())), report)
            if not len(read.examples):
                path, why = next(iter(read.refused.items()))
                raise AlbumError(f"{self.folder}: no example can be used; {path}: {why}")
            self._read.append(read)
        return self._read[0]

    def _look(
        self, detector: Detector, class_names: Sequence[str], workers: int, report: Reporter
    ) -> ReadExamples:
        describer = self.load_describer()

        def look(path: Path) -> Seen | PhotoError:
            try:
                photo = open_photo(read_photo_bytes(path), decode_px(detector))
            except PhotoError as error:
                return error
            faces = as_faces(detector.detect([photo.rgb])[0], photo, class_names)
            return _as_seen(with_identity(faces, photo, describer))

        paths = [path for photos in self.examples.values() for path in photos]
        looked: dict[Path, Seen | PhotoError] = {}
        with report.progress("examples", len(paths)) as progress:
            for path, seen in zip(paths, ordered_map(look, paths, workers), strict=True):
                looked[path] = seen
                progress.step(failed=isinstance(seen, PhotoError))

        def see(path: Path) -> Seen:
            seen = looked[path]
            if isinstance(seen, PhotoError):
                raise seen
            return seen

        return read_examples(dict(self.examples), see, describer.embedder.likeness)


def _say(read: ReadExamples, total: int, report: Reporter) -> None:
    each = np.bincount(read.examples.person, minlength=len(read.names))
    told = ", ".join(f"{name} {n}" for name, n in zip(read.names, each, strict=True))
    report.say(f"examples: {len(read.examples)} of {total} photos are of use: {told}")
    for path, why in list(read.refused.items())[:SHOWN]:
        report.say(f"  {path}: {why}")
    if len(read.refused) > SHOWN:
        report.say(f"  and {len(read.refused) - SHOWN} more")


def judge_scans(
    people: People,
    read: ReadExamples,
    labels: HumanLabels,
    scans: Iterable[Scan],
    report: Reporter,
) -> dict[str, tuple[Judged, ...]]:
    """A word on each face of each photo.

    Faces that a person has named are examples too, and bring new names. ``scans`` is the whole
    album, filed or not: how sure one must be depends on it.
    """
    embedder = people.load_describer().embedder
    names = (*read.names, *(name for name in labels.people if name not in read.names))
    scans = list(scans)
    rows = [
        (number, face, said)
        for number, scan in enumerate(scans)
        for face, said in zip(scan.faces, labels.of_faces(scan), strict=True)
        if _is_seen_by(face, embedder.fingerprint)
    ]
    confirmed = [
        (face, names.index(said))
        for _, face, said in rows
        if said in names and not quality_of(face).too_poor(LEARNING)
    ]
    gallery = build(_with(read.examples, confirmed), len(names), embedder.likeness)
    _say_misfits(gallery, read, names, report)
    found = judge_album(
        gallery, names, _album([r[:2] for r in rows]), people.precision, people.allow_twins
    )
    words = {(number, face): one for (number, face, _), one in zip(rows, found, strict=True)}
    return {
        scan.photo: tuple(words.get((number, face), NOT_DESCRIBED) for face in scan.faces)
        for number, scan in enumerate(scans)
    }


def _is_seen_by(face: Face, fingerprint: str) -> bool:
    return face.identity is not None and face.identity.by == fingerprint


def _as_seen(faces: Sequence[Face]) -> Seen:
    known = [face for face in faces if face.identity is not None]
    return Seen(_vectors(known), _worn(known), tuple(map(quality_of, known)))


def _album(rows: Sequence[tuple[int, Face]]) -> AlbumFaces:
    faces = [face for _, face in rows]
    photo = np.array([number for number, _ in rows], dtype=np.int64)
    return AlbumFaces(_vectors(faces), _worn(faces), photo, tuple(map(quality_of, faces)))


def _with(examples: Examples, confirmed: Sequence[tuple[Face, int]]) -> Examples:
    if not confirmed:
        return examples
    faces = [face for face, _ in confirmed]
    person = np.array([person for _, person in confirmed], dtype=np.int64)
    return Examples(
        np.concatenate([examples.vectors, _vectors(faces)]),
        np.concatenate([examples.person, person]),
        np.concatenate([examples.state, _worn(faces)]),
    )


def _vectors(faces: Sequence[Face]) -> np.ndarray:
    vectors = [vector_from_text(face.identity.vector) for face in faces if face.identity]
    return np.stack(vectors) if vectors else np.empty((0, 0), np.float32)


def _worn(faces: Sequence[Face]) -> np.ndarray:
    return np.array([CLASS_NAMES.index(face.class_name) for face in faces], dtype=np.int64)


def _say_misfits(
    gallery: Gallery, read: ReadExamples, names: Sequence[str], report: Reporter
) -> None:
    for row, likely, probability in gallery.misfits()[:SHOWN]:
        if len(gallery.examples) == len(read.paths):  # else rows are not photos any more
            report.say(f"  {read.paths[row]}: looks like {names[likely]} ({probability:.2f})")
