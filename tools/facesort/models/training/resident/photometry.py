"""What a camera and a messenger do to a picture: light, colour, blur, noise, JPEG; small covers."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from facesort.models.training.resident.geometry import Batch

_GREY_WEIGHTS = (0.299, 0.587, 0.114)
# ITU-T T.81, table K.1
_LUMA_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


def degrade(images: Any) -> Any:
    """(n, 3, h, w) in 0..255, each changed in its own way."""
    out = _light(images)
    out = _some(out, 0.18, _soften)
    out = _some(out, 0.2, _noise)
    out = _some(out, 0.25, _jpeg)
    return out.clamp(0, 255)


def _some(images: Any, share: float, change: Any) -> Any:
    import torch

    rows = (torch.rand(len(images), device=images.device) < share).nonzero()[:, 0]
    if len(rows):
        images[rows] = change(images[rows])
    return images


def _light(images: Any) -> Any:
    """Saturation, colour cast, contrast, brightness, and now and then night."""
    import torch

    n, device = len(images), images.device

    def normal(spread: float, channels: int = 1) -> Any:
        return torch.randn((n, channels, 1, 1), device=device) * spread

    weights = torch.tensor(_GREY_WEIGHTS, device=device)[None, :, None, None]
    grey = (images * weights).sum(1, keepdim=True)
    saturation = (1 + normal(0.35)).clamp(0, 2)
    saturation[torch.rand(n, device=device) < 0.06] = 0
    out = grey + (images - grey) * saturation
    out = out * torch.exp(normal(0.07, 3))
    mean = out.mean((1, 2, 3), keepdim=True)
    out = mean + (out - mean) * torch.exp(normal(0.2))
    gain = torch.exp(normal(0.28))
    gain[torch.rand(n, device=device) < 0.06] *= 0.35
    out = (out * gain).clamp(0, 255)
    return 255 * (out / 255) ** torch.exp(normal(0.2))


def _soften(images: Any) -> Any:
    """Reduced by 1.5 to 3 and enlarged again."""
    import torch
    from torch.nn.functional import interpolate

    side = images.shape[-1]
    factor = 1.5 + 1.5 * float(torch.rand(()))
    small = interpolate(images, size=int(side / factor), mode="bilinear", antialias=True)
    return interpolate(small, size=side, mode="bilinear")


def _noise(images: Any) -> Any:
    import torch

    amount = 18 * torch.rand((len(images), 1, 1, 1), device=images.device) ** 2
    return images + amount * torch.randn_like(images)


@cache
def _cosines() -> Any:
    import torch

    k = torch.arange(8.0)
    matrix = torch.cos(math.pi * (2 * k[None, :] + 1) * k[:, None] / 16) / 2
    matrix[0] /= math.sqrt(2)
    return matrix


def _jpeg(images: Any) -> Any:
    """The loss of JPEG at quality 20 to 80: 8x8 cosine blocks, rounded by the standard's table."""
    import torch

    device = images.device
    n, _, height, width = images.shape
    table = torch.tensor(_LUMA_TABLE, dtype=torch.float32, device=device)
    quality = 20 + 60 * torch.rand(n, device=device)
    strength = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
    steps = (table * strength[:, None, None]).clamp(min=1)[:, None, None, None]
    cosines = _cosines().to(device)
    blocks = images.reshape(n, 3, height // 8, 8, width // 8, 8).transpose(3, 4) - 128
    spectrum = cosines @ blocks @ cosines.T
    spectrum = (spectrum / steps).round() * steps
    blocks = cosines.T @ spectrum @ cosines
    return blocks.transpose(3, 4).reshape(n, 3, height, width) + 128


def cover_edges(batch: Batch, share: float = 0.15) -> Batch:
    """Put a soft patch of another picture on the edge of one face in some images.

    Forehead, cheeks and ears only: eyes and mouth stay in sight, so the class stays true.
    """
    import torch

    images = batch.images
    n, side, device = len(images), images.shape[-1], images.device
    if not len(batch.row):
        return batch
    face = torch.full((n,), -1, dtype=torch.long, device=device)
    order = torch.randperm(len(batch.row), device=device)
    face[batch.row[order]] = order
    rows = ((face >= 0) & (torch.rand(n, device=device) < share)).nonzero()[:, 0]
    if not len(rows):
        return batch
    box = batch.xyxy_px[face[rows]]
    wh = box[:, 2:] - box[:, :2]
    # 0 is to the right, angles grow downwards: left, right and up, never down to the mouth
    angle = math.pi + (torch.rand(len(rows), device=device) - 0.5) * math.radians(220)
    angle = torch.where(torch.rand_like(angle) < 0.5, angle, math.pi - angle)
    around = torch.stack([angle.cos(), -angle.sin().abs()], 1)
    centre = (box[:, :2] + box[:, 2:]) / 2 + around * wh * 0.55
    radius = wh * (0.12 + 0.12 * torch.rand((len(rows), 2), device=device))
    at = torch.arange(side, device=device) + 0.5
    dx = (at[None, :] - centre[:, :1]) / radius[:, :1]
    dy = (at[None, :] - centre[:, 1:]) / radius[:, 1:]
    inside = (1.3 - dy[:, :, None] ** 2 - dx[:, None, :] ** 2).clamp(0, 1)[:, None]
    other = images.roll(1, 0)[rows].flip(-1)
    images[rows] = images[rows] * (1 - inside) + other * inside
    return batch
