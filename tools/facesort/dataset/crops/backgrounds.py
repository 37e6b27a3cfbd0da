"""What face crops are placed on: real face-free images, or canvases made of the crops' colours.

On every one of them lie some rectangles without a face, with the same soft edges as a placed crop:
where each rectangle is a face, a model learns rectangles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.dataset.sprites import CANVAS_WH, paste
from facesort.photos import open_photo

Image = NDArray[np.uint8]
Piece = Callable[[np.random.Generator], Image]

_MADE = 500  # as many different ones as anybody will look at
_DECOYS = 6
_DECOY_PX = (24.0, 300.0)
# Cells along each side, at least and below: plain, graded, blurred. A crop is averaged to so few
# cells, and these are shuffled: no face is left.
_KINDS = ((1, 2), (2, 3), (3, 9), (3, 9))


class Made(Sequence[Image]):
    """Plain, graded and blurred canvases in the colours of ``crops``; each is made when asked for,
    always the same one for the same number."""

    def __init__(self, crops: Sequence[Path], seed: int) -> None:
        self._crops, self._seed = crops, seed

    def __len__(self) -> int:
        return _MADE if self._crops else 0

    def __getitem__(self, index: Any) -> Any:
        rng = np.random.default_rng([self._seed, index])
        canvas = _scale(self._cells(rng, _KINDS[int(rng.integers(len(_KINDS)))]), CANVAS_WH)
        return _with_decoys(_grainy(canvas, rng), self._decoy, rng)

    def _decoy(self, rng: np.random.Generator) -> Image:
        return self._cells(rng, (3, 9))

    def _cells(self, rng: np.random.Generator, count: tuple[int, int]) -> Image:
        """The colours of a crop as a few cells in any order."""
        path = self._crops[int(rng.integers(len(self._crops)))]
        rgb = open_photo(path, min_long_side_px=64).rgb
        cells = _scale(rgb, (int(rng.integers(*count)), int(rng.integers(*count))))
        return np.ascontiguousarray(rng.permutation(cells.reshape(-1, 3)).reshape(cells.shape))


class Real(Sequence[Image]):
    """Images without faces, cut to the shape of the canvas so that nothing is stretched."""

    def __init__(self, paths: Sequence[Path], seed: int) -> None:
        self._paths, self._seed = paths, seed

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: Any) -> Any:
        rng = np.random.default_rng([self._seed, index])
        return _with_decoys(_covering(self._open(index), rng), self._piece, rng)

    def _piece(self, rng: np.random.Generator) -> Image:
        rgb = self._open(int(rng.integers(len(self._paths))))
        height, width = rgb.shape[:2]
        w, h = (max(1, int(rng.uniform(0.2, 0.8) * side)) for side in (width, height))
        x, y = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
        return rgb[y : y + h, x : x + w]

    def _open(self, index: int) -> Image:
        return open_photo(self._paths[index], min_long_side_px=max(CANVAS_WH)).rgb


def _with_decoys(canvas: Image, piece: Piece, rng: np.random.Generator) -> Image:
    for _ in range(int(rng.integers(0, _DECOYS + 1))):
        low, high = np.log(_DECOY_PX)
        w, h = (int(side) for side in np.exp(rng.uniform(low, high, size=2)))
        x, y = int(rng.integers(CANVAS_WH[0] - w + 1)), int(rng.integers(CANVAS_WH[1] - h + 1))
        paste(canvas, np.ascontiguousarray(piece(rng)), (x, y), (w, h), rng)
    return canvas


def _grainy(canvas: Image, rng: np.random.Generator) -> Image:
    """With the noise that every camera has."""
    noise = rng.normal(0, rng.uniform(1, 6), size=(*canvas.shape[:2], 1))
    return np.clip(canvas + noise, 0, 255).astype(np.uint8)


def _covering(rgb: Image, rng: np.random.Generator) -> Image:
    """The largest part of the canvas' shape, from anywhere in ``rgb``."""
    height, width = rgb.shape[:2]
    scale = min(width / CANVAS_WH[0], height / CANVAS_WH[1])
    w, h = max(1, int(CANVAS_WH[0] * scale)), max(1, int(CANVAS_WH[1] * scale))
    x, y = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
    return _scale(rgb[y : y + h, x : x + w], CANVAS_WH)


def _scale(rgb: Image, size_wh: tuple[int, int]) -> Image:
    import cv2

    shrink = size_wh[0] < rgb.shape[1]
    how = cv2.INTER_AREA if shrink else cv2.INTER_CUBIC
    scaled = cv2.resize(np.ascontiguousarray(rgb), size_wh, interpolation=how)
    return np.asarray(scaled, dtype=np.uint8)
