"""An album of drawn people, sorted by the real sorter with a detector that knows what was drawn.

    python tests/review/drawn_album.py DIR [PHOTOS]     # DIR/album, DIR/examples, DIR/sorted

Each photo carries its number as a row of black and white squares along its lower edge. So the
stand-in for the network looks the faces up; all else (opening, planning, filing, journal, naming by
examples) is what runs on real photos. Vectors are a person's direction plus noise: more of it in a
mask, most for faces that are meant to be unsure.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

sys.path[:0] = [str(Path(__file__).parents[2] / "tools"), str(Path(__file__).parent)]

import sort_photos
from avatars import FACE, Wears, draw_person, draw_scene, make_person
from PIL import ImageDraw

from facesort import console
from facesort.album.person.face_encoder import EncodedFaces, FaceEncoder
from facesort.album.person.quality import Quality
from facesort.classes import CLASS_NAMES
from facesort.detections import Detections
from facesort.models.people.similarity_norm import DEFAULT

NAMES = ("Ana", "Ben", "Chloé", "Dae-jung", "Eva", "Finn", "Gül", "하은", "Ida")
SIZE_WH = (1024, 768)
SQUARE_PX, BITS = 8, 20
DIMENSIONS = 128
TRUTH = "truth.json"
WEAR = {(False, False): 0, (True, False): 1, (False, True): 2, (True, True): 3}


@dataclass(frozen=True)
class Drawn:
    """A face in a photo: ``person`` is an index, -1 somebody without examples; ``seed`` and
    ``noise`` make its vector."""

    xyxy_px: tuple[float, float, float, float]
    person: int
    class_id: int
    seed: int
    noise: float


def draw_photo(people: Sequence[int], number: int, rng: np.random.Generator, hard: float):
    """One photo of ``people``, and what is on it."""
    image = draw_scene(SIZE_WH, number)
    faces = []
    for place, who in enumerate(people):
        wears = Wears(bool(rng.random() < 0.55), bool(rng.random() < 0.16))
        side = int(rng.integers(230, 330)) if len(people) < 4 else int(rng.integers(170, 220))
        bust = draw_person(
            make_person(who if who >= 0 else 40 + number), wears, side, int(rng.integers(1 << 30))
        )
        x = round((place + 0.5) / len(people) * SIZE_WH[0] - side / 2 + float(rng.uniform(-20, 20)))
        y = round(SIZE_WH[1] - bust.height * float(rng.uniform(0.86, 1.0)))
        image.paste(bust, (x, y), bust)
        box = (
            x + FACE[0] * side,
            y + FACE[1] * bust.height,
            x + FACE[2] * side,
            y + FACE[3] * bust.height,
        )
        noise = float(rng.uniform(2.2, 3.0)) if rng.random() < hard else 0.55 + 0.25 * wears.mask
        box = tuple(round(float(v), 1) for v in np.clip(box, 0, (*SIZE_WH, *SIZE_WH)))
        class_id = WEAR[wears.mask, wears.sunglasses]
        faces.append(Drawn(box, who, class_id, int(rng.integers(1 << 30)), noise))
    _write_number(image, number)
    return image, faces


def _write_number(image, number: int) -> None:
    draw = ImageDraw.Draw(image)
    for bit in range(BITS):
        x, y = bit * SQUARE_PX, SIZE_WH[1] - SQUARE_PX
        colour = "white" if number >> bit & 1 else "black"
        draw.rectangle((x, y, x + SQUARE_PX - 1, y + SQUARE_PX - 1), fill=colour)


def read_number(rgb: NDArray[np.uint8]) -> int:
    row = rgb[-SQUARE_PX // 2].mean(axis=-1)
    return sum(1 << bit for bit in range(BITS) if row[bit * SQUARE_PX + SQUARE_PX // 2] > 127)


def write_album(
    root: Path, photos: int = 60, examples: int = 6, seed: int = 1, hard: float = 0.2
) -> None:
    """``root``/album and ``root``/examples, and what is on each photo in ``root``/truth.json."""
    rng = np.random.default_rng(seed)
    truth: dict[int, list[Drawn]] = {}
    number = 0

    def save(file: Path, people: Sequence[int], hardness: float) -> None:
        nonlocal number
        image, truth[number] = draw_photo(people, number, rng, hardness)
        file.parent.mkdir(parents=True, exist_ok=True)
        image.save(file, quality=88)
        number += 1

    for who, name in enumerate(NAMES):
        for i in range(examples):
            save(root / "examples" / name / f"{i}.jpg", [who], 0.0)
    for i in range(photos):
        count = int(rng.choice([1, 2, 3, 4], p=[0.3, 0.35, 0.25, 0.1]))
        people = rng.choice(len(NAMES), count, replace=False).tolist()
        if rng.random() < 0.2:
            people[0] = -1
        save(root / "album" / f"day {i // 20 + 1}" / f"IMG_{i:04d}.jpg", people, hard)
    data = {n: [vars(face) for face in faces] for n, faces in truth.items()}
    (root / TRUTH).write_text(json.dumps(data))


def vector_of(face: Drawn) -> NDArray[np.float32]:
    who = face.person if face.person >= 0 else 1000 + face.seed
    own = np.random.default_rng(who).normal(size=DIMENSIONS)
    vector = own / np.linalg.norm(own) * 1.0
    noise = np.random.default_rng(face.seed).normal(size=DIMENSIONS)
    vector = vector + face.noise * noise / np.linalg.norm(noise)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


class Truth:
    """What was drawn, by the number of the photo."""

    def __init__(self, file: Path) -> None:
        data = json.loads(file.read_text())
        self.faces = {
            int(n): [Drawn(**{**one, "xyxy_px": tuple(one["xyxy_px"])}) for one in faces]
            for n, faces in data.items()
        }

    def on(self, rgb: NDArray[np.uint8]) -> list[Drawn]:
        return self.faces[read_number(rgb)]


class DrawnDetector:
    names: tuple[str, ...] = CLASS_NAMES
    imgsz = 640
    fingerprint = "drawn"
    sure = 0.5

    def __init__(self, truth: Truth) -> None:
        self._truth = truth

    def detect(self, images_rgb: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        return [self._one(self._truth.on(rgb)) for rgb in images_rgb]

    def _one(self, faces: Sequence[Drawn]) -> Detections:
        boxes = np.array([face.xyxy_px for face in faces], dtype=float).reshape(-1, 4)
        classes = np.array([face.class_id for face in faces], dtype=int)
        sure = np.array([0.42 if face.noise > 1 else 0.6 + face.seed % 35 / 100 for face in faces])
        return Detections(boxes, classes, sure.astype(float))


class DrawnEmbedder:
    name, licence, dimensions, fingerprint = "drawn", "none", DIMENSIONS, "drawn"
    likeness = DEFAULT


class DrawnDescriber(FaceEncoder):
    def __init__(self, truth: Truth) -> None:
        super().__init__(points=None, embedder=DrawnEmbedder())  # type: ignore[arg-type]
        object.__setattr__(self, "truth", truth)

    def encode(
        self, rgb: NDArray[np.uint8], xyxy_px: ArrayLike, scale: float = 1.0
    ) -> EncodedFaces:
        boxes = np.asarray(xyxy_px, dtype=float).reshape(-1, 4)
        faces = self.truth.on(rgb)  # type: ignore[attr-defined]
        near = [
            int(np.abs(np.array([f.xyxy_px for f in faces]) - box).sum(axis=1).argmin())
            for box in boxes
        ]
        vectors = (
            np.stack([vector_of(faces[i]) for i in near])
            if near
            else np.empty((0, DIMENSIONS), np.float32)
        )
        return EncodedFaces(vectors, tuple(Quality(float(b[2] - b[0]), 300.0, 0.0) for b in boxes))


def sort(root: Path, *options: str) -> int:
    """``root``/album into ``root``/sorted, as `sort_photos.py` does."""
    truth = Truth(root / TRUTH)
    argv = ["--src", str(root / "album"), "--dst", str(root / "sorted"), "--no-cache", *options]
    return sort_photos.main(argv, lambda *_: DrawnDetector(truth), lambda: DrawnDescriber(truth))


def sort_by_person(root: Path, *options: str) -> int:
    return sort(root, "--by", "person", "--people", str(root / "examples"), *options)


def main(argv: Sequence[str]) -> int:
    root = Path(argv[0])
    write_album(root, int(argv[1]) if len(argv) > 1 else 60)
    return sort_by_person(root)


if __name__ == "__main__":
    console.run(main)
