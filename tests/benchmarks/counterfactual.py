"""Does each bit depend on its own part of the face only? Counterfactual pairs and shortcuts.

    python tests/benchmarks/counterfactual.py weights/occlusion.onnx --yolo wild=photos/wild \\
        --scenes photos/scenes_voc --selfies photos/selfies_sunglasses --pairs 400

Pairs: a held-back face, and the same face with the mouth or eye region of another held-back face,
bare or covered (real parts, `recombine_faces.py`). Counted, of the faces whose other bit was right
before: how often exchanging the mouth region flips the eyes bit, and the reverse; and how often the
bit of the exchanged part follows.

Shortcuts: the same faces blurred, coarsely compressed, and shrunk, which covers nothing and bares
nothing; and, of the bare faces as they are, how many are called covered by sharpness, size and
source. Where a difference excludes 0, the figure depends on what it should not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import held_back
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(held_back.ROOT / "tools"))

from any_detector import Detect, load_any
from hard_cases import wilson
from hard_sets import POINTS, VIEW, VIEW_PX

from facesort.boxes import clip_xyxy, iou_matrix, min_side
from facesort.classes import FaceClass
from facesort.dataset.synth.posed_faces import PosedFace, collect_faces
from facesort.dataset.synth.recombine import EYES, MOUTH, PARTS
from facesort.dataset.synth.recombined_set import Exchanger
from facesort.models.input_size import shrunk
from facesort.models.people.points import load_point_finder

Image = NDArray[np.uint8]
MIN_IOU = 0.3


def named(rgb: Image, box: NDArray[np.float64], detect: Detect) -> FaceClass | None:
    """The class given to the face in ``box``, seen with its surroundings; None: not found."""
    half = VIEW * max(box[2] - box[0], box[3] - box[1]) / 2
    x, y = (box[:2] + box[2:]) / 2
    window = [[x - half, y - half, x + half, y + half]]
    a, b, c, d = clip_xyxy(window, (rgb.shape[1], rgb.shape[0]))[0].round().astype(int)
    view, scale = shrunk(np.ascontiguousarray(rgb[b:d, a:c]), VIEW_PX)
    found = detect("", view)
    overlap = iou_matrix([(box - [a, b, a, b]) * scale], found.xyxy_px)[0]
    if not len(found) or overlap.max() < MIN_IOU:
        return None
    return FaceClass(int(found.class_id[overlap.argmax()]))


def bit(face_class: FaceClass, part: str) -> bool:
    return face_class.mouth_covered if part == MOUTH else face_class.eyes_covered


@dataclass(frozen=True)
class Pair:
    """What became of one exchange: of ``part``, to ``covered`` from ``was`` covered."""

    part: str
    was: bool
    covered: bool
    lost: bool = False
    flipped: bool = False
    followed: bool = False


def pairs(faces: Sequence[PosedFace], detect: Detect, count: int) -> Iterator[Pair]:
    """About ``count`` exchanges of faces whose other bit is named rightly as they are."""
    rng = np.random.default_rng(0)
    exchanger = Exchanger(faces, rng)
    done = 0
    for onto in rng.permutation(len(faces)).tolist():
        if done >= count:
            return
        face = faces[onto]
        box = face.labels.xyxy_px[face.index]
        before = named(face.view().rgb, box, detect)
        for part in PARTS:
            other = EYES if part == MOUTH else MOUTH
            if before is None or bit(before, other) != face.has(other):
                continue
            for covered in {True, face.has(part)}:  # bare is not put over covered
                made = exchanger.exchange(onto, part, covered)
                if made is None:
                    continue
                done += 1
                after = named(made.rgb, box, detect)
                if after is None:
                    yield Pair(part, face.has(part), covered, lost=True)
                    continue
                flipped = bit(after, other) != face.has(other)
                followed = bit(after, part) == covered
                yield Pair(part, face.has(part), covered, False, flipped, followed)


def show_pairs(done: Sequence[Pair]) -> None:
    print(
        f"{'exchanged':9}{'from':>9}{'to':>9}{'pairs':>7}{'lost':>6}{'other bit flips':>17}"
        f"{'own bit follows':>17}"
    )
    words = {False: "bare", True: "covered"}
    for part in PARTS:
        for was in (False, True):
            for covered in (False, True):
                some = [p for p in done if (p.part, p.was, p.covered) == (part, was, covered)]
                if some:
                    flips, follows = sum(p.flipped for p in some), sum(p.followed for p in some)
                    print(
                        f"{part:9}{words[was]:>9}{words[covered]:>9}{len(some):>7}"
                        f"{sum(p.lost for p in some):>6}{flips:>17}{follows:>17}"
                    )
    flips, found = sum(p.flipped for p in done), sum(not p.lost for p in done)
    if found:
        low, high = wilson(flips, found)
        print(f"flips in all: {flips} of {found} = {flips / found:.3f} [{low:.3f}, {high:.3f}]")


def degraded(rgb: Image) -> dict[str, Image]:
    """The same image, less sharp in three ways."""
    import cv2

    long_side = max(rgb.shape[:2])
    blurred = cv2.GaussianBlur(rgb, (0, 0), max(0.8, long_side / 150))
    coarse = cv2.imdecode(cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 15])[1], 1)
    small = cv2.resize(rgb, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    return {"as it is": rgb, "blurred": blurred, "JPEG quality 15": coarse, "two fifths": small}


def show_degraded(faces: Sequence[PosedFace], detect: Detect, count: int) -> None:
    """How the two bits hold on the same faces, degraded."""
    print(
        f"\n{'the same faces':18}{'faces':>7}{'found':>7}{'mouth bit right':>17}"
        f"{'eyes bit right':>16}"
    )
    rows: dict[str, list[tuple[bool, bool, bool]]] = {}
    for i in np.random.default_rng(1).permutation(len(faces))[:count].tolist():
        face = faces[i]
        rgb, box = face.view().rgb, face.labels.xyxy_px[face.index]
        for how, changed in degraded(rgb).items():
            after = named(changed, box * (changed.shape[1] / rgb.shape[1]), detect)
            right = [after is not None and bit(after, part) == face.has(part) for part in PARTS]
            rows.setdefault(how, []).append((after is not None, right[0], right[1]))
    for how, some in rows.items():
        found, mouth, eyes = np.array(some).sum(axis=0)
        print(f"{how:18}{len(some):>7}{found:>7}{mouth:>17}{eyes:>16}")


def show_bare(
    faces: Sequence[PosedFace], sources: dict[Path, str], detect: Detect, count: int
) -> None:
    """Bare faces called covered, by what should not matter."""
    import cv2

    bare = [face for face in faces if face.face_class is FaceClass.face]
    order = np.random.default_rng(2).permutation(len(bare))[:count].tolist()
    rows = []
    for face in (bare[i] for i in order):
        rgb, box = face.view().rgb, face.labels.xyxy_px[face.index]
        after = named(rgb, box, detect)
        a, b, c, d = box.round().astype(int).clip(0)
        grey = cv2.cvtColor(np.ascontiguousarray(rgb[b:d, a:c]), cv2.COLOR_RGB2GRAY)
        sharp = cv2.Laplacian(cv2.resize(grey, (64, 64)), cv2.CV_64F).std()
        size = min_side([box])[0]
        rows.append((sources[face.labels.path], sharp, size, after not in (None, FaceClass.face)))
    wrong = np.array([row[3] for row in rows])
    print(f"\nbare faces called covered: {wrong.sum()} of {len(wrong)}")
    for what, column in (("sharpness", 1), ("size", 2)):
        thirds = np.array_split(np.argsort([row[column] for row in rows]), 3)
        for name, part in zip(("lowest", "middle", "highest"), thirds, strict=True):
            print(f"  {what} {name:8} third {int(wrong[part].sum()):>4} of {len(part)}")
    for source in sorted({row[0] for row in rows}):
        some = np.array([row[3] for row in rows if row[0] == source])
        print(f"  {source:24} {int(some.sum()):>4} of {len(some)}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("detector", type=Path)
    held_back.add_options(parser)
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--faces", type=int, default=200, help="of each test of shortcuts")
    args = parser.parse_args()
    detect = load_any(args.detector)
    images = [p for p in held_back.read(args, ("val", "test")) if p.labels is not None]
    sources = {image.path: image.source for image in images}
    labels = [image.labels for image in images if image.labels is not None]
    faces = collect_faces(labels, load_point_finder(POINTS).find)
    show_pairs(list(pairs(faces, detect, args.pairs)))
    show_degraded(faces, detect, args.faces)
    show_bare(faces, sources, detect, args.faces)


if __name__ == "__main__":
    main()
