"""Is a face good enough to learn a person from, or to name one by? A few numbers, no network.

Only the coarsest faces are refused: a tiny or smeared face looks like every other and, once
learned, draws strangers into a folder. An example that a person chose is worth less where it is
small, blurred or turned away, not nothing (`example_weight`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Limits:
    """From where on a face is refused."""

    side_px: float = 32.0  # shorter side of its box, in the photo
    sharpness: float = 12.0  # see `sharpness`
    turned: float = 0.75  # see `turned`; about 60 degrees to a side


NAMING = Limits()
LEARNING = Limits(side_px=48.0, sharpness=25.0, turned=0.6)
EXAMPLE = Limits(side_px=20.0, sharpness=6.0, turned=0.95)  # of those that a person chose
LEAST_WEIGHT = 0.1


@dataclass(frozen=True)
class Quality:
    """``side_px`` shorter side of the box, ``sharpness``, and ``turned``: 0 frontal, 1 profile;
    ``nan`` where landmarks are not known."""

    side_px: float
    sharpness: float
    turned: float

    def reject_reason(self, limits: Limits = NAMING) -> str:
        """Why the face is refused, or "" if it is not."""
        if not self.side_px >= limits.side_px:
            return f"small: {self.side_px:.0f} px, needs {limits.side_px:.0f}"
        if not self.sharpness >= limits.sharpness:
            return f"blurred: {self.sharpness:.0f}, needs {limits.sharpness:.0f}"
        if self.turned > limits.turned:
            return f"turned away: {self.turned:.2f}, at most {limits.turned:.2f}"
        return ""


def example_weight(quality: Quality) -> float:
    """What an example is worth: 1 where it is good enough for `LEARNING`, less for each of what it
    lacks, down to `LEAST_WEIGHT`."""
    weight = min(quality.side_px / LEARNING.side_px, 1.0)  # nan stays nan
    weight *= min(quality.sharpness / LEARNING.sharpness, 1.0)
    if quality.turned > LEARNING.turned:
        weight *= max(0.0, 1 - quality.turned) / (1 - LEARNING.turned)
    return max(LEAST_WEIGHT, weight) if np.isfinite(weight) else LEAST_WEIGHT


def assess(
    aligned_rgb: NDArray[np.uint8], xyxy_px: ArrayLike, landmarks_px: ArrayLike | None = None
) -> Quality:
    """Quality of a face from its aligned image (112, 112, 3) and its place in the photo."""
    x0, y0, x1, y1 = np.asarray(xyxy_px, dtype=np.float64)
    side = max(0.0, float(min(x1 - x0, y1 - y0)))
    turn = float("nan") if landmarks_px is None else turned(landmarks_px)
    return Quality(side, sharpness(aligned_rgb), turn)


def sharpness(aligned_rgb: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian over the eyes, nose and cheeks of an aligned face, in grey levels
    squared (Pech-Pacheco et al. 2000). The mouth is left out: a plain mask has no detail."""
    grey = np.asarray(aligned_rgb, dtype=np.float64).mean(axis=2)[28:78, 20:92]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float(np.var(around - 4 * grey[1:-1, 1:-1]))


def turned(landmarks_px: ArrayLike) -> float:
    """How far the head is turned to a side, 0 to 1: where the nose lies between the eyes, measured
    along the line of the eyes. 1 too where the eyes fall together."""
    points = np.asarray(landmarks_px, dtype=np.float64).reshape(5, 2)
    left, right, nose = points[:3]
    across = right - left
    length = float(across @ across)
    if not np.isfinite(points).all() or length <= 1e-9:
        return 1.0
    along = float((nose - left) @ across) / length
    return min(1.0, abs(2 * along - 1))
