"""Whom to sort by: from a folder of photos for each person to what their faces teach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facesort.album.detected_faces import as_faces, decode_px
from facesort.album.person.classify import vectors_of, worn_by
from facesort.album.person.clustering import numbered
from facesort.album.person.enrollment import (
    ExampleFaces,
    ReadExamples,
    WhichFace,
    read_examples,
    worth,
)
from facesort.album.person.examples import RESEMBLING, alike
from facesort.album.person.face_encoder import FaceEncoder, quality_of, with_identity
from facesort.album.person.gallery import build
from facesort.album.person.identification import vector_to_text
from facesort.album.person.quality import EXAMPLE
from facesort.album.records import Example, Face, Learned
from facesort.album.summary import counted
from facesort.classes import CLASS_NAMES
from facesort.errors import AlbumError, PhotoError
from facesort.models.people.similarity_norm import SimilarityNorm
from facesort.parallel import ordered_map
from facesort.photos import Photo, open_photo, read_photo_bytes
from facesort.reporter import Reporter

if TYPE_CHECKING:
    from facesort.models.detect import Detector

ScanPhotos = Callable[[Path], tuple[Photo, list[Face]]]  # raises `PhotoError`
PRECISION = 0.95
SHOWN = 20  # examples that are named because they do not help


@dataclass(frozen=True)
class KnownPeople:
    """Whom to sort by: the photos of each, as `enrollment.list_examples` has them; without a
    ``folder`` of them, who is in the album often (`person.clustering`).

    ``load_face_encoder`` is only called when there is something to look at. Where it is unclear
    which face of an example is meant, its crops go to the folder ``ask_in``; not in a ``dry`` run.
    """

    folder: Path | None
    examples: Mapping[str, list[Path]]
    load_face_encoder: Callable[[], FaceEncoder]
    precision: float = PRECISION
    allow_twins: bool = False
    ask_in: Path | None = None
    dry: bool = False
    context: bool = True
    _learned: list[Learned] = field(default_factory=list)  # examples are looked at once a run

    @property
    def names(self) -> tuple[str, ...]:
        """Who has a folder from the start."""
        return tuple(self.examples) if self.folder else (numbered(1),)

    def learned(
        self, detector: Detector, class_names: Sequence[str], workers: int, report: Reporter
    ) -> Learned:
        """What the examples teach. Raises `AlbumError` where no example is of any use."""
        if not self._learned and self.folder is None:
            self._learned.append(self._of(()))
        elif not self._learned:
            look = self._looker(detector, class_names)
            read = self._read(look, workers, report)
            _say(read, sum(map(len, self.examples.values())), report)
            self._ask(read, look, report)
            _say_without(read, self.examples, report)
            if not len(read.examples):
                path, why = next(iter(read.refused.items()))
                raise AlbumError(f"{self.folder}: no example can be used; {path}: {why}")
            _say_outliers(read, self.load_face_encoder().embedder.likeness, report)
            self._learned.append(self._of(_example(read, row) for row in range(len(read.paths))))
        return self._learned[0]

    def _of(self, examples: Iterable[Example]) -> Learned:
        embedder = self.load_face_encoder().embedder
        return Learned(
            embedder.fingerprint,
            embedder.likeness.to_json(),
            self.precision,
            self.allow_twins,
            tuple(examples),
            self.context,
        )

    def _looker(self, detector: Detector, class_names: Sequence[str]) -> ScanPhotos:
        encoder = self.load_face_encoder()

        def look(path: Path) -> tuple[Photo, list[Face]]:
            photo = open_photo(read_photo_bytes(path), decode_px(detector))
            faces = as_faces(detector.detect([photo.rgb])[0], photo, class_names)
            described = with_identity(faces, photo, encoder)
            return photo, [face for face in described if face.identity is not None]

        return look

    def _read(self, look: ScanPhotos, workers: int, report: Reporter) -> ReadExamples:
        def see_or_fail(path: Path) -> ExampleFaces | PhotoError:
            try:
                return _as_faces(look(path)[1])
            except PhotoError as error:
                return error

        paths = [path for photos in self.examples.values() for path in photos]
        result: dict[Path, ExampleFaces | PhotoError] = {}
        with report.progress("examples", len(paths)) as progress:
            for path, seen in zip(paths, ordered_map(see_or_fail, paths, workers), strict=True):
                result[path] = seen
                progress.step(failed=isinstance(seen, PhotoError))

        def see(path: Path) -> ExampleFaces:
            seen = result[path]
            if isinstance(seen, PhotoError):
                raise seen
            return seen

        return read_examples(dict(self.examples), see, self.load_face_encoder().embedder.likeness)

    def _ask(self, read: ReadExamples, look: ScanPhotos, report: Reporter) -> None:
        """Which face of an example is meant? The person chooses among its crops."""
        if self.folder is None or self.ask_in is None:
            return
        which = WhichFace(self.ask_in, self.folder)
        for name, path in ((name, path) for name, paths in self.examples.items() for path in paths):
            settled = path not in read.refused and which.there(name, path)
            if not self.dry and (path in read.unclear or settled):
                photo, faces = look(path)
                fit = [
                    face.xyxy_px for face in faces if not quality_of(face).reject_reason(EXAMPLE)
                ]
                crops = which.crops(name, path, photo, fit)
                which.remove(crops) if settled else which.put(crops)
        if read.unclear:
            move = f"move the right crop from {self.ask_in}/<Name> to {self.folder}/<Name>"
            move = f"run without --dry-run, then {move}" if self.dry else move
            report.say(f"which face is meant? {counted(len(read.unclear), 'example')}: {move}")


def _say(read: ReadExamples, total: int, report: Reporter) -> None:
    each = np.bincount(read.examples.person, minlength=len(read.names))
    counts = ", ".join(f"{name} {n}" for name, n in zip(read.names, each, strict=True))
    report.say(f"examples: {len(read.examples)} of {total} photos are of use: {counts}")
    for line in worth(read):
        report.say(f"  {line}")
    for path, why in list(read.refused.items())[:SHOWN]:
        report.say(f"  {path}: {why}")
    if len(read.refused) > SHOWN:
        report.say(f"  and {len(read.refused) - SHOWN} more")


def _say_without(
    read: ReadExamples, examples: Mapping[str, Sequence[Path]], report: Reporter
) -> None:
    """Who has no example of any use: the others are sorted all the same."""
    known = {read.names[person] for person in read.examples.person}
    for name in read.names if known else ():
        paths = examples[name]
        if name not in known and paths:
            report.say(
                f"{name}: none of {counted(len(paths), 'example')} can be used "
                f"({paths[0].name}: {read.refused[paths[0]]}), so no photo goes to {name}; "
                "once there is one, take this back with --undo and sort again"
            )


def _say_outliers(read: ReadExamples, likeness: SimilarityNorm, report: Reporter) -> None:
    """Folders of one person, and photos in another person's folder, as far as the others tell."""
    same = alike(read.examples, likeness)
    for one, other in alike(read.examples, likeness, RESEMBLING):
        if (one, other) not in same:
            names = f"{read.names[one]} and {read.names[other]}"
            report.say(f"  {names} look alike: more examples of both help; check their folders")
    for one, other in same:
        names = f"{read.names[one]} and {read.names[other]}"
        report.say(f"  {names} look like one person: if they are, put all photos into one folder")
    for path, twin in _shared(read)[:SHOWN]:
        report.say(f"  {path} and {twin} are the same photo: remove it from one of the two folders")
    every = build(read.examples, len(read.names), likeness, per_state=len(read.examples))
    for row, person, probability in every.outliers()[:SHOWN]:
        report.say(f"  {read.paths[row]}: looks like {read.names[person]} ({probability:.2f})")


def _shared(read: ReadExamples) -> list[tuple[Path, Path]]:
    """Photos that are an example of two people with the same face."""
    first: dict[bytes, int] = {}
    pairs = []
    for row, path in enumerate(read.paths):
        other = first.setdefault(read.examples.vectors[row].tobytes(), row)
        if read.examples.person[row] != read.examples.person[other]:
            with suppress(OSError):
                if path.read_bytes() == read.paths[other].read_bytes():
                    pairs.append((read.paths[other], path))
    return pairs


def _example(read: ReadExamples, row: int) -> Example:
    return Example(
        read.names[read.examples.person[row]],
        CLASS_NAMES[read.examples.state[row]],
        vector_to_text(read.examples.vectors[row]),
        round(float(read.examples.weight[row]), 3),
    )


def _as_faces(faces: Sequence[Face]) -> ExampleFaces:
    return ExampleFaces(vectors_of(faces), worn_by(faces), tuple(map(quality_of, faces)))
