"""How good are head masks? Busts of known outline on other images, by every segmenter.

    python tests/benchmarks/masks.py ../shared/data/people ../shared/data/scenes_voc/images \\
        --cutter selfie_segmentation_256.tflite --segmenter more.onnx

The cutter, a person segmentation network, cuts people out of portraits where it is certain; what
was pasted onto a scene is then the truth, to the pixel. It is no fair judge of itself. Scenes are
full of other people, which is the hard part. Figures are intersection over union in the head crop.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

SIDE_PX = 380
MOST_DOUBTFUL = 0.04  # of a portrait's pixels, between 0.1 and 0.9
Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def composed(
    people: Path, scenes: Path, cutter: Path, seed: int
) -> Iterator[tuple[Rgb, Mask, tuple[float, float]]]:
    """A scene with a bust at its bottom, where the bust is, and the middle of it."""
    import cv2

    from facesort.models.segment import load_probability
    from facesort.photos import list_photos, open_photo

    rng = np.random.default_rng(seed)
    probability = load_probability(cutter)
    portraits, grounds = (
        rng.permutation([f.path for f in list_photos(folder).photos]) for folder in (people, scenes)
    )
    for number, portrait in enumerate(portraits):
        rgb = open_photo(portrait).rgb
        person = cv2.resize(probability(rgb), rgb.shape[1::-1])
        if ((person > 0.1) & (person < 0.9)).mean() > MOST_DOUBTFUL:
            continue
        scene = open_photo(grounds[number % len(grounds)]).rgb
        grown = max(SIDE_PX / min(scene.shape[:2]), 1.0)
        scene = cv2.resize(scene, None, fx=grown, fy=grown)[:SIDE_PX, :SIDE_PX].copy()
        zoom = rng.uniform(0.8, 1.3)
        bust = cv2.resize(rgb, None, fx=zoom, fy=zoom)
        alpha = cv2.resize(np.clip((person - 0.5) / 0.4, 0, 1), bust.shape[1::-1])[..., None]
        x = int(rng.integers(0, SIDE_PX - bust.shape[1] + 1))
        y = SIDE_PX - bust.shape[0]
        place = scene[y:, x : x + bust.shape[1]]
        place[:] = (bust * alpha + place * (1 - alpha)).astype(np.uint8)
        truth = np.zeros(scene.shape[:2], bool)
        truth[y:, x : x + bust.shape[1]] = alpha[..., 0] > 0.5
        yield scene, truth, (x + bust.shape[1] / 2, y + bust.shape[0] / 2)


def likely_shape(rgb: Rgb, face_px: tuple[int, int, int, int]) -> Mask:
    """Where a person is likely, without a look at the colours: what GrabCut is measured against."""
    import cv2

    from facesort.models.segment import seeds_of

    seeds = seeds_of((rgb.shape[1], rgb.shape[0]), [float(edge) for edge in face_px])
    return np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD))


def overlap(found: Mask, truth: Mask) -> float:
    return float((found & truth).sum() / max((found | truth).sum(), 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("people", type=Path, help="portraits")
    parser.add_argument("scenes", type=Path)
    parser.add_argument("--cutter", type=Path, required=True)
    parser.add_argument("--segmenter", type=Path, nargs="*", default=[])
    parser.add_argument("--busts", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    from facesort.media.frame_results import cut, masks_of
    from facesort.models.detect import load_detector
    from facesort.models.segment import load_segmenter

    segmenters = {"shape only": likely_shape, "GrabCut": load_segmenter(None)}
    segmenters |= {path.name: load_segmenter(path) for path in args.segmenter}
    scores: dict[str, list[tuple[float, float, float]]] = {name: [] for name in segmenters}
    detector = load_detector(ROOT / "weights" / "occlusion.onnx", conf=0.4)
    for rgb, truth, (cx, cy) in composed(args.people, args.scenes, args.cutter, args.seed):
        boxes = detector.detect([rgb])[0].xyxy_px
        box = next((b for b in boxes if b[0] < cx < b[2] and b[1] < cy < b[3]), None)
        if box is None:
            continue
        for name, segment in segmenters.items():
            began_s = time.thread_time()
            found = masks_of(rgb, box, segment)
            cpu_ms = 1000 * (time.thread_time() - began_s)
            face = found.face_mask > 0
            on_person = float(cut(truth, found.face_px)[face].mean()) if face.any() else 0.0
            head = overlap(found.head_mask > 0, cut(truth, found.head_px))
            scores[name].append((head, on_person, cpu_ms))
        if len(scores["GrabCut"]) == args.busts:
            break
    print(
        f"{'':24}{'busts':>6}{'mean':>7}{'median':>8}{'10 %':>7}{'face on person':>16}{'CPU ms':>8}"
    )
    for name, values in scores.items():
        head, on_person, cpu = np.array(values).T
        print(
            f"{name[:23]:24}{len(head):6}{head.mean():7.3f}{np.median(head):8.3f}"
            f"{np.quantile(head, 0.1):7.3f}{on_person.mean():16.3f}{cpu.mean():8.0f}"
        )


if __name__ == "__main__":
    main()
