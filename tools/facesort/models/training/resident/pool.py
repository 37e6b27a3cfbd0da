"""All training images and boxes on one device, ready to be warped: no loader, no copies; each with
how often it is drawn.

Images are kept as uint8 in square canvases of three sizes with halved copies beside them (a
mipmap), so that a strong reduction reads an image of about the size it will have.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes
from facesort.classes import FaceClass
from facesort.photos import open_photo

SIDES_PX = (256, 448, 640)
GREY = 114  # Ultralytics' letterbox colour, also what lies outside an image
_LEVELS = 4


@dataclass(frozen=True, eq=False)
class LabelledImage:
    """One image, (h, w, 3) uint8 RGB of at most 640 px, and its faces.

    ``weight`` is how often it is drawn, relative to the others; ``group`` is the stage from which
    on it is used (0: from the start).
    """

    rgb: NDArray[np.uint8]
    xyxy_px: NDArray[np.float64]
    class_id: NDArray[np.int64]
    weight: float = 1.0
    group: int = 0


class ImagePool:
    """The images and boxes as tensors on ``device``.

    ``boxes`` (n, most, 4) xyxy in pixels and ``class_id`` (n, most), -1 where there is none;
    ``size_wh`` (n, 2); ``weight`` and ``group`` (n,).
    """

    def __init__(self, images: Sequence[LabelledImage], device: Any) -> None:
        import torch

        most = max(1, *(len(image.class_id) for image in images))
        boxes = np.zeros((len(images), most, 4), np.float32)
        class_id = np.full((len(images), most), -1, np.int64)
        for row, image in enumerate(images):
            count = len(image.class_id)
            boxes[row, :count], class_id[row, :count] = image.xyxy_px, image.class_id
        self.boxes = torch.from_numpy(boxes).to(device)
        self.class_id = torch.from_numpy(class_id).to(device)
        sizes = [image.rgb.shape[1::-1] for image in images]
        self.size_wh = torch.tensor(sizes, dtype=torch.float32, device=device)
        self.weight = torch.tensor([image.weight for image in images], dtype=torch.float32)
        self.group = torch.tensor([image.group for image in images])
        self.device = device
        self._bucket = torch.tensor([_bucket(size) for size in sizes], device=device)
        self._slot = torch.zeros(len(images), dtype=torch.long, device=device)
        self._levels = [self._fill(images, bucket) for bucket in range(len(SIDES_PX))]

    def __len__(self) -> int:
        return len(self.weight)

    def _fill(self, images: Sequence[LabelledImage], bucket: int) -> list[Any]:
        import torch
        from torch.nn.functional import avg_pool2d

        rows = (self._bucket == bucket).nonzero()[:, 0].tolist()
        side = SIDES_PX[bucket]
        shape = (len(rows), 3, side, side)
        levels = [torch.full(shape, GREY, dtype=torch.uint8, device=self.device)]
        for slot, row in enumerate(rows):
            rgb = torch.from_numpy(np.ascontiguousarray(images[row].rgb.transpose(2, 0, 1)))
            levels[0][slot, :, : rgb.shape[1], : rgb.shape[2]] = rgb.to(self.device)
            self._slot[row] = slot
        for _ in range(_LEVELS - 1):
            halves = [avg_pool2d(part.float(), 2).round().byte() for part in levels[-1].split(256)]
            levels.append(torch.cat(halves) if halves else levels[-1][..., ::2, ::2])
        return levels

    def warp(self, rows: Any, inverse: Any, side_px: int) -> Any:
        """Images ``rows`` (k,) as (k, 3, side, side) in 0..255, each seen through ``inverse``.

        ``inverse`` (k, 2, 3) takes output pixels to pixels of the image, edges at whole numbers.
        """
        import torch
        from torch.nn.functional import affine_grid, grid_sample

        out = torch.empty((len(rows), 3, side_px, side_px), device=self.device)
        reduction = inverse[:, :, :2].det().abs().sqrt()
        blur = torch.rand_like(reduction) * 0.6  # some resize methods are sharper than others
        level = (reduction.log2() + blur).floor().clamp(0, _LEVELS - 1).long()
        key = self._bucket[rows] * _LEVELS + level
        for value in key.unique().tolist():
            bucket, depth = divmod(value, _LEVELS)
            where = (key == value).nonzero()[:, 0]
            source = self._levels[bucket][depth][self._slot[rows[where]]]
            theta = _normalised(inverse[where], SIDES_PX[bucket], side_px)
            grid = affine_grid(theta, [len(where), 3, side_px, side_px], align_corners=False)
            shifted = source.float() - GREY  # so that zero padding is grey
            out[where] = grid_sample(shifted, grid, align_corners=False) + GREY
        return out


def _bucket(size_wh: tuple[int, ...]) -> int:
    return next(i for i, side in enumerate(SIDES_PX) if max(size_wh) <= side)


def _normalised(inverse: Any, source_px: int, out_px: int) -> Any:
    """``inverse`` between pixels as `affine_grid` wants it: between -1..1 of output and source."""
    theta = inverse.clone()
    half = out_px / 2
    theta[:, :, 2] += inverse[:, :, 0] * half + inverse[:, :, 1] * half
    theta[:, :, :2] *= half
    theta *= 2 / source_px
    theta[:, :, 2] -= 1
    return theta


# An image is drawn as often as its rarest class wants; covered eyes are rare in photos.
RARE = {int(FaceClass.masked_sunglasses): 3.0, int(FaceClass.sunglasses): 1.8}

Labels = tuple[Path, Boxes, NDArray[np.int64]]  # image, xyxy px, class of each face


def load_images(
    labels: Sequence[Labels],
    weights: Mapping[str, float] | None = None,
    late: Collection[str] = (),
    largest_px: int = SIDES_PX[-1],
) -> list[LabelledImage]:
    """Read ``labels`` in parallel, reduced to ``largest_px`` where larger.

    ``weights`` multiplies how often images are drawn whose file name begins with a key; names that
    begin with one of ``late`` join in at the second stage. Raises `PhotoError` for an image that
    cannot be opened.
    """
    chosen = weights or {}

    def one(item: Labels) -> LabelledImage:
        path, xyxy_px, class_id = item
        weight = max((RARE.get(int(c), 1.0) for c in class_id), default=1.0)
        for prefix, factor in chosen.items():
            weight *= factor if path.name.startswith(prefix) else 1.0
        rgb, scale = _reduced(open_photo(path).rgb, largest_px)
        group = int(path.name.startswith(tuple(late)))
        return LabelledImage(rgb, xyxy_px * scale, class_id, weight, group)

    with ThreadPoolExecutor() as threads:
        return list(threads.map(one, labels))


def _reduced(rgb: NDArray[np.uint8], largest_px: int) -> tuple[NDArray[np.uint8], float]:
    import cv2

    height, width = rgb.shape[:2]
    scale = min(1.0, largest_px / max(height, width))
    if scale == 1.0:
        return rgb, scale
    size_wh = max(1, int(width * scale)), max(1, int(height * scale))
    return np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8), scale
