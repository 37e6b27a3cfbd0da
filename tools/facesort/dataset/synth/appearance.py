"""How an image looks where something is to be drawn: how sharp, how grainy, in what light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.dataset.synth.head_model import Floats

AnyFloats = NDArray[Any]  # OpenCV's and NumPy's, 32 or 64 bits
_WINDOW_PX = 320  # the middle of a larger region says enough
_EDGE = 10.0  # grey levels a pixel: what counts as an edge
_MAX_BLUR_PX = 4.0


@dataclass(frozen=True)
class Appearance:
    """What a drawing has to match."""

    blur_px: float  # sigma of the sharpest edges
    noise: float  # sigma, grey levels
    level: float  # how bright white is, 0.3 to 1
    cast: Floats  # (3,) the colour of the light, mean 1
    grey: bool  # a black-and-white photo

    @classmethod
    def of(cls, rgb: AnyFloats) -> Appearance:
        """The look of ``rgb`` (h, w, 3), 0-255."""
        height, width = (max((n - _WINDOW_PX) // 2, 0) for n in rgb.shape[:2])
        window = rgb[height : height + _WINDOW_PX, width : width + _WINDOW_PX].astype(np.float32)
        mean = window.mean(axis=2)
        level = 0.3 + 0.7 * min(float(np.percentile(mean, 95)) / 215, 1.0)
        is_grey = float(np.ptp(rgb, axis=2).mean()) < 3
        return cls(_blur_px(mean), _noise(mean), level, _cast(window, mean), is_grey)


def _blur_px(grey: AnyFloats) -> float:
    """Sigma of the sharpest edges, by blurring them again: an edge of sigma s loses the factor
    sqrt(s^2 + 1) / s of its slope when blurred by 1 px (Zhuo and Sim, Defocus map estimation
    from a single image, 2011). 0 where there is no edge."""
    import cv2

    slopes = []
    for image in (grey, cv2.GaussianBlur(grey, (0, 0), 1.0)):
        across, down = (cv2.Sobel(image, cv2.CV_32F, i, 1 - i, scale=0.125) for i in (1, 0))
        slopes.append(np.hypot(across, down))
    edges = slopes[0] > max(_EDGE, float(np.percentile(slopes[0], 97)))
    if edges.sum() < 12:
        return 0.0
    ratio = np.clip(slopes[0][edges] / (slopes[1][edges] + 1e-6), 1.02, 10)
    return min(float(np.percentile(1 / np.sqrt(ratio**2 - 1), 30)), _MAX_BLUR_PX)


def _noise(grey: AnyFloats) -> float:
    """Immerkaer's estimate (Fast noise variance estimation, 1996), by the median."""
    import cv2

    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
    rough = np.abs(cv2.filter2D(grey, cv2.CV_32F, kernel))
    return float(np.clip(np.median(rough) / 0.6745, 0.4, 7))


def _cast(rgb: AnyFloats, grey: AnyFloats) -> Floats:
    """The colour of what is nearly white: walls, shirts, hair. White where nothing is."""
    bright = grey > max(60.0, float(np.percentile(grey, 60)))
    pale = np.ptp(rgb, axis=2) < 0.2 * rgb.max(axis=2)
    picked = rgb[bright & pale]
    if len(picked) < 0.01 * grey.size + 1:
        return np.ones(3)
    mean = picked.mean(axis=0).astype(np.float64)
    return np.asarray(np.clip(mean / mean.mean(), 0.93, 1.07))
