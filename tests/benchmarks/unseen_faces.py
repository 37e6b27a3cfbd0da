"""Occlusion on face crops of people and photos that the shipped detector never saw, by person.

    python tests/benchmarks/unseen_faces.py weights/occlusion.onnx \\
        --young-people photos/young_people --masked-people photos/masked_people

``young_people`` (LAG: people as children and as adults, 100 px) are bare but for what --errors
shows; ``masked_people`` (RMFRD, 160 px, squashed to a square, which is undone) are in real masks:
only their masked photos are read, since their bare ones were trained on; a few of the masked ones
lie within a larger training photo. A crop holds one face; its surest detection counts, looked for
as sort_photos.py does. Intervals are by person.
Exit code: 0 done, 2 usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import held_back
import numpy as np
from PIL import Image

sys.path.insert(0, str(held_back.ROOT / "tools"))

from any_detector import load_any
from occlusion_score import Face, score_crop, tables
from occlusion_wild import show, write_errors

from facesort import console
from facesort.classes import FaceClass
from facesort.photos import open_photo

WIDTH = 0.85  # of a squashed crop's height, before it was squashed
Photo = tuple[str, int, Path, FaceClass]  # source, person, file, class


def photos_of(folder: Path, source: str, kind: str, face_class: FaceClass) -> Iterator[Photo]:
    for person, one in enumerate(sorted(p for p in folder.iterdir() if p.is_dir())):
        for path in sorted((one / kind).glob("*")):
            yield source, person, path, face_class


def opened(path: Path, squashed: bool) -> np.ndarray:
    rgb = open_photo(path).rgb
    if not squashed:
        return rgb
    height, width = rgb.shape[:2]
    return np.asarray(Image.fromarray(rgb).resize((round(width * WIDTH), height)))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("detector", type=Path)
    parser.add_argument("--young-people", type=Path, required=True, metavar="DIR")
    parser.add_argument("--masked-people", type=Path, required=True, metavar="DIR")
    parser.add_argument("--errors", type=Path, help="write each wrongly named face as CSV")
    args = parser.parse_args()
    photos = [
        *photos_of(args.young_people, "children", "young", FaceClass.face),
        *photos_of(args.young_people, "adults", "adult", FaceClass.face),
        *photos_of(args.masked_people, "masked", "masked", FaceClass.masked),
    ]
    detect, faces = load_any(args.detector), []
    for source, person, path, face_class in console.progress(photos, len(photos), "image"):
        found = detect(str(path), opened(path, source == "masked"))
        scored = score_crop(source, person, int(face_class), found)
        faces += [(f"{path.parts[-3]}/{path.name}", face) for face in scored.faces]
    by_source: dict[str, list[Face]] = {}
    for _, face in faces:
        by_source.setdefault(face.source, []).append(face)
    for some in by_source.values():
        show(tables(some)[0])
    if args.errors:
        write_errors(args.errors, faces)
    return 0


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    sys.exit(main())
