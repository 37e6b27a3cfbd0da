"""Does an exported model say the same as the one it came from? Measured, not assumed.

Raw outputs are compared number by number on the same network input, and the faces read from them
box by box. Scores lie between 0 and 1 and boxes are divided by the input size, so that one bar fits
both: in pixels, float32 itself leaves 3e-3 open (so much do fused and unfused PyTorch differ).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import iou_matrix
from facesort.detections import Detections
from facesort.errors import ModelError
from facesort.models.detect import YoloDetector
from facesort.models.letterbox import decode, letterbox

Image: TypeAlias = NDArray[np.uint8]
LOST = 2.0  # the cost of a face that is not found again: no overlap, no score


@dataclass(frozen=True)
class Parity:
    """The worst difference over all images."""

    images: int
    faces: int
    max_abs: float  # of the raw output: scores, and boxes as a fraction of the input size
    max_abs_px: float  # of the boxes of the raw output, in network pixels
    min_iou: float  # of matched boxes; 1 when there is none
    max_score_gap: float
    same_faces: bool  # same number of faces and same classes everywhere
    found_again: int = 0  # faces overlapped by half by one of the same class

    def problems(self, max_abs: float = 1e-3, min_iou: float = 0.999) -> list[str]:
        """What misses the bars, in words; empty when the models are equal."""
        out = []
        if not self.faces:
            out.append("no face found in any image, so nothing was compared; pass --images")
        if self.max_abs > max_abs:
            out.append(f"raw outputs differ by {self.max_abs:.2e}; allowed {max_abs:.0e}")
        if not self.same_faces:
            out.append("number or classes of the faces differ")
        if self.min_iou < min_iou:
            out.append(f"a box overlaps only {self.min_iou:.4f}; expected >= {min_iou}")
        return out


def parity_table(rows: Mapping[str, Parity]) -> str:
    """A line for each of ``rows``, under a line of titles."""
    lines = [
        f"{'':16}{'images':>9}{'faces':>7}{'again':>7}{'raw max|d|':>12}{'in pixels':>11}"
        f"{'box min IoU':>13}{'score max|d|':>14}"
    ]
    for name, row in rows.items():
        lines.append(
            f"{name:16}{row.images:>9}{row.faces:>7}{row.found_again:>7}{row.max_abs:>12.1e}"
            f"{row.max_abs_px:>11.1e}{row.min_iou:>13.5f}{row.max_score_gap:>14.1e}"
        )
    return "\n".join(lines)


def compare(a: YoloDetector, b: YoloDetector, images: Iterable[Image]) -> Parity:
    """Compare two detectors of one network on RGB images; raises `ModelError` if it cannot."""
    if a.names != b.names:
        raise ModelError(f"class names differ: {a.names} and {b.names}")
    count = faces = 0
    max_abs, max_px, min_iou, gap, same, again = 0.0, 0.0, 1.0, 0.0, True, 0
    for rgb in images:
        pixels, fit = letterbox(rgb, b.imgsz, square=b.square)
        raw_a, raw_b = a.forward(pixels), b.forward(pixels)
        if raw_a.shape != raw_b.shape:
            raise ModelError(f"output shapes differ: {raw_a.shape} and {raw_b.shape}")
        difference = np.abs(raw_a - raw_b)
        boxes = difference[:, :4] if a.end2end else difference[:4]
        max_px = max(max_px, float(boxes.max()))
        boxes /= b.imgsz
        max_abs = max(max_abs, float(difference.max()))
        found_a = decode(raw_a, fit, b.conf, a.end2end)
        found_b = decode(raw_b, fit, b.conf, b.end2end)
        count, faces = count + 1, faces + len(found_a)
        again += int((face_costs(found_a, found_b) < LOST).sum())
        if len(found_a) != len(found_b):
            same = False
            continue
        iou, score_gap, same_classes = match(found_a, found_b)
        min_iou, gap, same = min(min_iou, iou), max(gap, score_gap), same and same_classes
    return Parity(count, faces, max_abs, max_px, min_iou, gap, same, again)


def match(a: Detections, b: Detections) -> tuple[float, float, bool]:
    """Worst IoU, worst score difference and class agreement of two lists of equal length.

    Each box of ``a`` is held against the box of ``b`` that overlaps it most: the order may differ
    where scores tie.
    """
    if not len(a):
        return 1.0, 0.0, True
    overlap = iou_matrix(a.xyxy_px, b.xyxy_px)
    best = overlap.argmax(axis=1)
    gap = np.abs(a.confidence - b.confidence[best]).max()
    one_to_one = len(set(best.tolist())) == len(a)
    classes = bool((a.class_id == b.class_id[best]).all())
    return float(overlap.max(axis=1).min()), float(gap), classes and one_to_one


def face_costs(before: Detections, after: Detections) -> NDArray[np.float64]:
    """What each face of ``before`` lost: 1 - IoU plus change in score, with the nearest of its
    class; `LOST` where none overlaps by half."""
    overlap = iou_matrix(before.xyxy_px, after.xyxy_px)
    overlap[before.class_id[:, None] != after.class_id[None, :]] = 0
    if not overlap.size:
        return np.full(len(before), LOST)
    best = overlap.argmax(axis=1)
    iou = overlap.max(axis=1)
    gap = np.abs(before.confidence - after.confidence[best])
    return np.where(iou >= 0.5, 1 - iou + gap, LOST)


def require(parity: Parity, what: str, max_abs: float = 1e-3, min_iou: float = 0.999) -> None:
    """Raise `ModelError` naming every bar that ``parity`` misses."""
    problems: Sequence[str] = parity.problems(max_abs, min_iou)
    if problems:
        raise ModelError(f"{what} is not equal to the original: {'; '.join(problems)}")
