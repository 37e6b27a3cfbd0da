"""Where each image lands in a training image: scale, turn, mirror, mosaic; and its boxes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from facesort.models.training.resident.pool import GREY, ImagePool

SHOWN_ENOUGH = 0.4  # of a box inside the image; less is painted over, for its class is unknown
SMALLEST_PX = 5
MOST_ENLARGED = 4.0
_PAINTED = 4


@dataclass(frozen=True)
class Geometry:
    """How far augmentation goes; shares are probabilities."""

    smallest: float = 0.6  # of the scale at which the image just fits its cell
    largest: float = 2.0
    mosaic: float = 0.5
    zoom_to_face: float = 0.3
    turn: float = 0.6
    turn_far: float = 0.15
    turn_over: float = 0.03
    stretch: float = 0.12


@dataclass(frozen=True, eq=False)
class Batch:
    """Images (n, 3, side, side) in 0..255 and their faces: row of the image, class, xyxy px."""

    images: Any
    row: Any
    class_id: Any
    xyxy_px: Any


def draw(pool: ImagePool, rows: Any, side_px: int, how: Geometry) -> Batch:
    """Compose ``len(rows) / 4`` images from the images ``rows`` (4 n,).

    A share of them are mosaics of four images, the others show the first image alone.
    """
    import torch

    count = len(rows) // 4
    device = pool.device
    is_mosaic = torch.rand(count, device=device) < how.mosaic
    corner = _quadrants(count, side_px, is_mosaic, device)  # (n, 4, 4) xyxy each image may fill
    forward = _placements(pool, rows, corner.reshape(-1, 4), side_px, how)
    used = torch.ones((count, 4), dtype=torch.bool, device=device)
    used[~is_mosaic, 1:] = False
    chosen = used.reshape(-1).nonzero()[:, 0]
    warped = pool.warp(rows[chosen], _inverse(forward[chosen]), side_px)
    images = _assemble(warped, chosen, corner, side_px)
    faces = _faces(pool, rows[chosen], forward[chosen], corner.reshape(-1, 4)[chosen], chosen // 4)
    return _paint_cut_off(images, faces)


def _quadrants(count: int, side_px: int, is_mosaic: Any, device: Any) -> Any:
    import torch

    centre = side_px * (0.3 + 0.4 * torch.rand((count, 2), device=device))
    centre[~is_mosaic] = side_px
    x, y = centre[:, 0], centre[:, 1]
    zero, full = torch.zeros_like(x), torch.full_like(x, side_px)
    boxes = [(zero, zero, x, y), (x, zero, full, y), (zero, y, x, full), (x, y, full, full)]
    return torch.stack([torch.stack(box, 1) for box in boxes], 1)


def _placements(pool: ImagePool, rows: Any, cell: Any, side_px: int, how: Geometry) -> Any:
    """(k, 2, 3) from image pixels to image pixels."""
    import torch

    k, device = len(rows), pool.device

    def chance(share: float) -> Any:
        return torch.rand(k, device=device) < share

    def between(low: float, high: float) -> Any:
        return low + (high - low) * torch.rand(k, device=device)

    size = pool.size_wh[rows]
    cell_wh = (cell[:, 2:] - cell[:, :2]).clamp(min=1)
    whole = (cell_wh / size).min(1).values  # the image just fits
    scale = whole * torch.exp(between(math.log(how.smallest), math.log(how.largest)))
    focus, face_px = _some_face(pool, rows)
    zoom = chance(how.zoom_to_face) & (face_px > 0)
    smallest = torch.full((k,), 24.0, device=device)
    largest = 1.05 * cell_wh.min(1).values.clamp(min=26)
    wanted = torch.exp(smallest.log() + (largest.log() - smallest.log()) * between(0, 1))
    scale = torch.where(zoom, wanted / face_px.clamp(min=1), scale)
    scale = scale.clamp(max=MOST_ENLARGED)
    angle = torch.randn(k, device=device) * math.radians(7) * chance(how.turn)
    angle = torch.where(chance(how.turn_far), between(-math.pi / 4, math.pi / 4), angle)
    angle = torch.where(chance(how.turn_over), between(-math.pi / 2, math.pi / 2), angle)
    stretch = torch.where(chance(how.stretch), torch.exp(between(-0.22, 0.22)), 1.0)
    mirror = torch.where(chance(0.5), -1.0, 1.0)
    cos, sin = angle.cos() * scale, angle.sin() * scale
    linear = torch.stack(
        [
            torch.stack([cos * stretch * mirror, -sin / stretch], 1),
            torch.stack([sin * stretch * mirror, cos / stretch], 1),
        ],
        1,
    )
    anchor = torch.where(zoom[:, None], focus, size / 2)
    # the image's centre (or the face's) lands somewhere in its cell; a small image moves further
    free = (cell_wh - scale[:, None] * torch.where(zoom[:, None], face_px[:, None], size)).abs()
    spread = (free / 2).clamp(max=cell_wh / 2)
    shift = (2 * torch.rand((k, 2), device=device) - 1) * spread
    target = (cell[:, :2] + cell[:, 2:]) / 2 + shift
    offset = target - (linear @ anchor[:, :, None])[:, :, 0]
    return torch.cat([linear, offset[:, :, None]], 2)


def _some_face(pool: ImagePool, rows: Any) -> tuple[Any, Any]:
    """Centre and longer side of one face of each image; (0, 0) and 0 where it has none."""
    import torch

    known = pool.class_id[rows] >= 0
    score = torch.rand(known.shape, device=pool.device).masked_fill(~known, -1)
    best = score.argmax(1)
    box = pool.boxes[rows, best]
    side = (box[:, 2:] - box[:, :2]).max(1).values
    return (box[:, :2] + box[:, 2:]) / 2, torch.where(known.any(1), side, 0.0)


def _inverse(forward: Any) -> Any:
    import torch

    linear = torch.linalg.inv(forward[:, :, :2])
    return torch.cat([linear, -(linear @ forward[:, :, 2:])], 2)


def _assemble(warped: Any, chosen: Any, corner: Any, side_px: int) -> Any:
    """Each image into its cell of its image."""
    import torch

    count = len(corner)
    images = torch.full((count, 3, side_px, side_px), float(GREY), device=warped.device)
    at = torch.arange(side_px, device=warped.device) + 0.5
    cells = corner.reshape(-1, 4)
    for quarter in range(4):
        where = (chosen % 4 == quarter).nonzero()[:, 0]
        box = cells[chosen[where]]
        inside_x = (at >= box[:, :1]) & (at < box[:, 2:3])
        inside_y = (at >= box[:, 1:2]) & (at < box[:, 3:])
        mask = (inside_y[:, :, None] & inside_x[:, None, :])[:, None]
        target = chosen[where] // 4
        images[target] = torch.where(mask, warped[where], images[target])
    return images


@dataclass(frozen=True, eq=False)
class _Faces:
    row: Any
    class_id: Any
    xyxy_px: Any
    is_enough: Any  # shown enough to be labelled


def _faces(pool: ImagePool, rows: Any, forward: Any, cell: Any, canvas: Any) -> _Faces:
    """Boxes of the sources as they lie on each ``canvas`` (k,), cut at their cells.

    A turned face is taken as the ellipse in its box, which stays tight, not as a rectangle.
    """
    import torch

    source, which = (pool.class_id[rows] >= 0).nonzero(as_tuple=True)
    box = pool.boxes[rows[source], which]
    linear, offset = forward[source][:, :, :2], forward[source][:, :, 2]
    centre = (linear @ ((box[:, :2] + box[:, 2:]) / 2)[:, :, None])[:, :, 0] + offset
    half = (box[:, 2:] - box[:, :2]) / 2
    reach = ((linear * half[:, None, :]) ** 2).sum(2).sqrt()
    whole = torch.cat([centre - reach, centre + reach], 1)
    limit = cell[source]
    cut = torch.cat(
        [
            torch.maximum(whole[:, :2], limit[:, :2]),
            torch.minimum(whole[:, 2:], limit[:, 2:]),
        ],
        1,
    )
    wh = (cut[:, 2:] - cut[:, :2]).clamp(min=0)
    shown = wh.prod(1) / (4 * reach.prod(1)).clamp(min=1e-6)
    visible = wh.min(1).values > 1
    enough = (shown >= SHOWN_ENOUGH) & (wh.min(1).values >= SMALLEST_PX)
    return _Faces(
        canvas[source][visible],
        pool.class_id[rows[source], which][visible],
        cut[visible],
        enough[visible],
    )


def _paint_cut_off(images: Any, faces: _Faces) -> Batch:
    """Grey over the faces of which too little is left to name them."""
    import torch

    count, side_px = len(images), images.shape[-1]
    little = (~faces.is_enough).nonzero()[:, 0]
    at = torch.arange(side_px, device=images.device) + 0.5
    for _ in range(_PAINTED):
        if not len(little):
            break
        first = torch.full((count,), -1, dtype=torch.long, device=images.device)
        first[faces.row[little]] = little
        rows = (first >= 0).nonzero()[:, 0]
        box = faces.xyxy_px[first[rows]]
        mask = ((at >= box[:, 1:2]) & (at < box[:, 3:]))[:, :, None] & (
            (at >= box[:, :1]) & (at < box[:, 2:3])
        )[:, None, :]
        images[rows] = torch.where(mask[:, None], float(GREY), images[rows])
        little = little[~torch.isin(little, first[rows])]
    kept = faces.is_enough
    return Batch(images, faces.row[kept], faces.class_id[kept], faces.xyxy_px[kept])
