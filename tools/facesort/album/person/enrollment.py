"""The examples a person gives: a folder per person, ``examples/Ana/*.jpg``, photos or crops.

Where a photo shows several faces, the one that fits the person's other examples is taken. Where
that is not certain, the photo is left out and a crop of each face is offered to choose from
(`WhichFace`). Nothing is guessed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.album.names import can_be_folder, fit, folded
from facesort.album.person.examples import Examples
from facesort.album.person.quality import EXAMPLE, LEARNING, Quality, example_weight
from facesort.album.plan import JPEG_QUALITY
from facesort.album.records import BoxPx
from facesort.boxes import clip_xyxy, grow_xyxy, pixels_under
from facesort.classes import MOUTH
from facesort.errors import AlbumError, PhotoError, UsageError
from facesort.files import write_atomic
from facesort.models.people.similarity_norm import SimilarityNorm
from facesort.photos import Photo, list_photos


@dataclass(frozen=True, eq=False)
class ExampleFaces:
    """The faces of one photo: ``vectors`` (n, d), ``state`` (n,), one quality each."""

    vectors: NDArray[np.float32]
    state: NDArray[np.int64]
    quality: tuple[Quality, ...]


Row = tuple[Path, int, NDArray[np.float32], int, float]  # photo, person, vector, state, weight
FITS = 2.1  # likeness to a person's examples from which on a face may be that person's
CLEARLY = 1.5  # so much more likeness than the next face of the photo settles which one is meant

ReadFaces = Callable[[Path], ExampleFaces]  # raises `PhotoError`


@dataclass(frozen=True, eq=False)
class ReadExamples:
    """``examples`` of ``names``, the photo of each in ``paths``; ``refused``: why for the rest;
    of these, ``unclear`` are those with several faces, and whose they should be."""

    names: tuple[str, ...]
    examples: Examples
    paths: tuple[Path, ...]
    refused: dict[Path, str]
    unclear: dict[Path, str] = field(default_factory=dict)


def list_examples(folder: Path) -> dict[str, list[Path]]:
    """The photos of each person. Raises `AlbumError` for names that cannot be folders of a sorted
    album, for two that are one on some disks, and where there is no person at all."""
    if not folder.is_dir():
        raise UsageError(
            f"{folder}: no such folder; expected one that holds a folder a person with photos, "
            f"{folder}/Ana/1.jpg; without --people you name the people afterwards"
        )
    people: dict[str, list[Path]] = {}
    for found in list_photos(folder).photos:
        name, _, inner = found.relative.partition("/")
        if inner:
            people.setdefault(name, []).append(found.path)
    if not people:
        raise AlbumError(
            f"{folder}: no examples; expected a folder a person with photos: {folder}/Ana/1.jpg"
        )
    check_names(folder, people)
    return {name: people[name] for name in sorted(people)}


def check_names(where: Path, names: Iterable[str]) -> None:
    """Raise `AlbumError` for a name that cannot be a folder, and for two that are one folder."""
    by_folded: dict[str, str] = {}
    for name in names:
        if not can_be_folder(name):
            raise AlbumError(
                f"{where}/{name}: cannot be a person's folder everywhere (no _ in front, no name "
                'such as CON or face, no dot or blank at the end, none of <>:"\\|?*); rename it'
            )
        other = by_folded.setdefault(folded(name), name)
        if other != name:
            raise AlbumError(f"{where}: {other} and {name} are one name on some disks; rename one")


def read_examples(
    people: dict[str, list[Path]], see: ReadFaces, likeness: SimilarityNorm
) -> ReadExamples:
    """Look at every photo of every person; numbers of persons follow the order of ``people``."""
    refused: dict[Path, str] = {}
    unclear: dict[Path, str] = {}
    rows: list[Row] = []
    for person, (name, photos) in enumerate(people.items()):
        alone: list[tuple[Path, ExampleFaces, int]] = []
        crowds: list[tuple[Path, ExampleFaces, list[int]]] = []
        for path in photos:
            try:
                seen = see(path)
            except PhotoError as error:
                refused[path] = str(error)
                continue
            fit, reason = _fit_to_learn(seen)
            if not fit:
                refused[path] = reason
            elif len(fit) == 1 and len(seen.quality) == 1:
                alone.append((path, seen, fit[0]))
            else:
                crowds.append((path, seen, fit))
        known = [(seen.vectors[face], int(seen.state[face])) for _, seen, face in alone]
        for path, seen, fit in crowds:
            face = _that_fits(seen, fit, known, likeness)
            if face is None:
                unclear[path] = name
                refused[path] = (
                    f"{len(seen.quality)} faces, and it is unclear which one is meant; crop it"
                )
            else:
                alone.append((path, seen, face))
        rows += [
            (
                p,
                person,
                seen.vectors[face],
                int(seen.state[face]),
                example_weight(seen.quality[face]),
            )
            for p, seen, face in alone
        ]
    paths = tuple(row[0] for row in rows)
    return ReadExamples(tuple(people), _examples(rows), paths, refused, unclear)


def _fit_to_learn(seen: ExampleFaces) -> tuple[list[int], str]:
    """Faces good enough to learn from, else those of some use; if there are none, why."""
    reasons = [quality.reject_reason(EXAMPLE) for quality in seen.quality]
    good = [face for face, one in enumerate(seen.quality) if not one.reject_reason(LEARNING)]
    fit = good or [face for face, reason in enumerate(reasons) if not reason]
    return fit, "" if fit else (reasons[0] if len(reasons) == 1 else "no face to learn from")


def _that_fits(
    seen: ExampleFaces,
    fit: list[int],
    known: list[tuple[NDArray[np.float32], int]],
    likeness: SimilarityNorm,
) -> int | None:
    """The one face that looks like the person's other examples, if it is exactly one, or clearly
    more like them than the next."""
    if not known:
        return None
    cosine = seen.vectors[fit] @ np.stack([vector for vector, _ in known]).T
    scores = likeness.of(cosine, seen.state[fit], [state for _, state in known])
    near = np.sort(scores, axis=1)[:, -2:].mean(axis=1)
    first = int(near.argmax())
    next_best = max(float(np.delete(near, first).max(initial=-np.inf)), FITS)
    clear = (near >= FITS).sum() == 1 or near[first] - next_best >= CLEARLY
    return fit[first] if near[first] >= FITS and clear else None


def _examples(rows: list[Row]) -> Examples:
    if not rows:
        empty = np.empty(0, dtype=np.int64)
        return Examples(np.empty((0, 0), np.float32), empty, empty)
    _, person, vectors, state, weight = zip(*rows, strict=True)
    return Examples(np.stack(vectors), np.array(person), np.array(state), np.array(weight))


GOOD_FROM = 0.999  # weight
ENOUGH = 3.0  # examples' worth; measured, more help less and less


def worth(read: ReadExamples) -> Iterator[str]:
    """What examples are worth, "Ana: 8 good, 2 weak, no masked one: add one", for the people whose
    examples lack something."""
    examples = read.examples
    for person, name in enumerate(read.names):
        mine = examples.person == person
        if not mine.any():
            continue
        good = int((examples.weight[mine] >= GOOD_FROM).sum())
        weak = int(mine.sum()) - good
        lacks = []
        if not ((examples.state[mine] & MOUTH) > 0).any() and _masks_matter(read):
            lacks.append("no masked one: add one")
        if examples.weight[mine].sum() < ENOUGH:
            lacks.append("few: add some")
        if weak or lacks:
            counts = f"{good} good, {weak} weak" if weak else f"{good} good"
            yield f"{name}: {', '.join([counts, *lacks])}"


def _masks_matter(read: ReadExamples) -> bool:
    """Where no example of any person wears a mask, a lack of masks is not reported."""
    return bool((np.asarray(read.examples.state) & MOUTH).any())


FOLDER = "_which_face"
GROWTH = 2.0  # so much around a face that it is found in the crop, too
PAINT = 128  # what other faces become


@dataclass(frozen=True)
class WhichFace:
    """The crops in ``folder``, a folder a person, of photos below ``examples``."""

    folder: Path
    examples: Path

    def there(self, name: str, path: Path) -> list[Path]:
        """Crops of the photo ``path`` that lie here."""
        stem = f"{self._stem(name, path)}_"
        with suppress(OSError):
            here = sorted((self.folder / name).iterdir())
            return [one for one in here if one.name.startswith(stem) and one.suffix == ".jpg"]
        return []

    def crops(
        self, name: str, path: Path, photo: Photo, boxes: Sequence[BoxPx]
    ) -> dict[Path, bytes]:
        """A JPEG of each face in ``boxes`` (pixels of the full photo), by the file it goes to."""
        stem = self._stem(name, path)
        return {
            self.folder / name / fit(stem, f"_{number}.jpg"): jpeg
            for number, jpeg in enumerate(cut(photo, boxes))
        }

    def put(self, crops: Mapping[Path, bytes]) -> None:
        for file, jpeg in crops.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(file, [jpeg], file.with_name(f".{file.name}.tmp"))

    def remove(self, crops: Mapping[Path, bytes]) -> None:
        """Those that are as we made them, and the folders that this empties."""
        for file, jpeg in crops.items():
            with suppress(OSError):
                if file.read_bytes() == jpeg:
                    file.unlink()
        for file in crops:
            with suppress(OSError):
                file.parent.rmdir()
                self.folder.rmdir()

    def _stem(self, name: str, path: Path) -> str:
        inner = path.relative_to(self.examples / name).with_suffix("")
        return "_".join(inner.parts)


def cut(photo: Photo, boxes: Sequence[BoxPx]) -> list[bytes]:
    """Each face with what is around it, but for other faces: those are painted over."""
    from PIL import Image

    height, width = photo.rgb.shape[:2]
    faces = clip_xyxy(np.array(boxes) * photo.scale, (width, height))
    jpegs = []
    for number, around in enumerate(clip_xyxy(grow_xyxy(faces, GROWTH), (width, height))):
        rgb = photo.rgb.copy()
        for other, box in enumerate(faces):
            if other != number:
                left, top, right, bottom = pixels_under(box, (width, height))
                rgb[top:bottom, left:right] = PAINT
        left, top, right, bottom = pixels_under(faces[number], (width, height))
        rgb[top:bottom, left:right] = photo.rgb[top:bottom, left:right]
        left, top, right, bottom = pixels_under(around, (width, height))
        out = io.BytesIO()
        Image.fromarray(rgb[top:bottom, left:right]).save(out, "JPEG", quality=JPEG_QUALITY)
        jpegs.append(out.getvalue())
    return jpegs
