"""Faces as an encoder may meet them, made on the device that trains: another person's real mask
or sunglasses put on, aligned as roughly as a point finder aligns, in another light, small or
mirrored.

All of it is a few torch operations on a batch, so that no processor has to keep up with a GPU.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from facesort.classes import EYES, MOUTH
from facesort.models.people.align import Matrix
from facesort.models.people.cutouts import CROP_PX
from facesort.models.people.gather import GatheredFaces

Tensor = Any  # torch.Tensor, which is imported only where it is used

FORE_HEAD = (slice(40, 80), slice(40, 120))  # where a crop shows how bright its face is
POINT_NOISE_PX, TURN_DEG, ZOOM, SHIFT_PX = 1.3, 2.5, 0.035, 1.2  # what points get wrong
WORN_TURN_DEG, WORN_ZOOM, WORN_SHIFT_PX = 3.0, 0.05, 3.0  # each wears a mask differently
DYED, CHANNELS_SWAPPED = 0.35, 0.15  # shares of masks in another colour
SMALLER, SMALLER_SHARE = (0.7, 0.5, 0.36), 0.12  # faces that were small in their photos
GREY_SHARE = 0.06


@dataclass(frozen=True, eq=False)
class Views:
    """``crops`` (n, 160, 160, 3) and two sets of points on a device, and what can be worn: soft
    edges ``worn`` (m, 80, 80) of crops ``wearer`` (m,), masks in ``rows[MOUTH]``."""

    crops: Tensor
    points: Tensor
    other_points: Tensor
    brightness: Tensor
    worn: Tensor
    wearer: Tensor
    rows: dict[int, Tensor]
    template_px: Matrix
    side_px: int

    def plain(self, rows: Tensor, mirrored: bool = False) -> Tensor:
        """Faces (n, 3, side, side), 0 to 255, as they are."""
        seen = sample(self._crops(rows), fit(self.points[rows], self.template_px), self.side_px)
        return seen.flip(3) if mirrored else seen

    def varied(self, rows: Tensor, masks: Tensor, glasses: Tensor) -> Tensor:
        """Faces (n, 3, side, side), 0 to 255, no two alike; ``masks`` and ``glasses`` (n,) say who
        gets one."""
        import torch

        faces = self._put_on(self._crops(rows), rows, MOUTH, masks)
        faces = self._put_on(faces, rows, EYES, glasses)
        n, device = len(rows), faces.device
        a, b = self.points[rows], self.other_points[rows]
        which = torch.rand(n, 1, 1, device=device)
        points = torch.where(which < 0.5, a, torch.where(which < 0.75, b, (a + b) / 2))
        points = points + torch.randn_like(points) * POINT_NOISE_PX
        moved = random_moves(n, device, TURN_DEG, ZOOM, SHIFT_PX, self.side_px / 2)
        seen = sample(faces, then(fit(points, self.template_px), moved), self.side_px)
        seen = in_other_light(smaller(seen))
        return _where(torch.rand(n, device=device) < 0.5, seen.flip(3), seen)

    def _crops(self, rows: Tensor) -> Tensor:
        return self.crops[rows].permute(0, 3, 1, 2).float()

    def _put_on(self, faces: Tensor, rows: Tensor, kind: int, on: Tensor) -> Tensor:
        import torch

        who, some = on.nonzero()[:, 0], self.rows[kind]
        if not len(who) or not len(some):
            return faces
        n, device = len(who), faces.device
        pick = some[torch.randint(len(some), (n,), device=device)]
        edge = torch.nn.functional.interpolate(
            self.worn[pick][:, None].float() / 255, size=CROP_PX, mode="bilinear"
        )
        wearer = self.wearer[pick]
        both = torch.cat([self._crops(wearer), edge], 1)
        move = random_moves(n, device, WORN_TURN_DEG, WORN_ZOOM, WORN_SHIFT_PX, CROP_PX / 2)
        both = sample(both, move, CROP_PX)
        both = _where(torch.rand(n, device=device) < 0.5, both.flip(3), both)
        cloth, edge = both[:, :3], both[:, 3:].clamp(0, 1)
        ratio = (self.brightness[rows[who]] / self.brightness[wearer]).clamp(0.5, 2)
        ratio = ratio ** torch.rand(n, device=device)
        ratio = ratio * torch.exp(torch.randn(n, device=device) * 0.12)
        cloth = in_other_colour(cloth * ratio[:, None, None, None], edge)
        worn = faces[who] * (1 - edge) + cloth.clamp(0, 255) * edge
        return faces.index_copy(0, who, worn)


def to_views(
    data: GatheredFaces, may_be_worn: np.ndarray, template_px: Matrix, side_px: int, device: str
) -> Views:
    """``data`` on ``device``; what is worn on crops with ``may_be_worn`` (n,) may be put on."""
    import torch

    crops = torch.from_numpy(data.crops).to(device)
    usable = may_be_worn[data.wearer]
    forehead = (slice(None), *FORE_HEAD)
    return Views(
        crops=crops,
        points=torch.from_numpy(data.points_px.astype(np.float32)).to(device),
        other_points=torch.from_numpy(data.other_points_px.astype(np.float32)).to(device),
        brightness=crops[forehead].float().mean((1, 2, 3)).clamp(20),
        worn=torch.from_numpy(data.worn).to(device),
        wearer=torch.from_numpy(data.wearer).to(device),
        rows={
            kind: torch.from_numpy(np.flatnonzero(usable & (data.worn_kind == kind))).to(device)
            for kind in (MOUTH, EYES)
        },
        template_px=template_px,
        side_px=side_px,
    )


def fit(points: Tensor, template_px: Matrix) -> Tensor:
    """(n, 2, 3) from an aligned face to the crop whose ``points`` (n, 5, 2) these are: rotation,
    one scale and shift, least squares."""
    import torch

    template = torch.as_tensor(template_px, dtype=torch.float32, device=points.device)
    middle, middles = template.mean(0), points.mean(1, keepdim=True)
    a, b = template - middle, points - middles
    spread = (a**2).sum()
    cos = (a * b).sum((1, 2)) / spread
    sin = (a[:, 0] * b[..., 1] - a[:, 1] * b[..., 0]).sum(1) / spread
    return _with_shift(_rotation(cos, sin), lambda turn: middles[:, 0] - turn @ middle)


def random_moves(
    n: int, device: Any, turn_deg: float, zoom: float, shift_px: float, middle_px: float
) -> Tensor:
    """(n, 2, 3), normally distributed about no move at all."""
    import torch

    angle = torch.randn(n, device=device) * math.radians(turn_deg)
    scale = torch.exp(torch.randn(n, device=device) * zoom)
    middle = torch.full((2,), float(middle_px), device=device)
    away = torch.randn(n, 2, device=device) * shift_px
    rotation = _rotation(scale * angle.cos(), scale * angle.sin())
    return _with_shift(rotation, lambda turn: middle - turn @ middle + away)


def _rotation(cos: Tensor, sin: Tensor) -> Tensor:
    import torch

    return torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)


def _with_shift(turn: Tensor, shift: Any) -> Tensor:
    import torch

    return torch.cat([turn, shift(turn)[..., None]], 2)


def then(second: Tensor, first: Tensor) -> Tensor:
    """(n, 2, 3): ``first``, and of its result ``second``."""
    import torch

    turn = second[:, :, :2]
    return torch.cat([turn @ first[:, :, :2], turn @ first[:, :, 2:] + second[:, :, 2:]], 2)


def sample(images: Tensor, matrix: Tensor, side_px: int) -> Tensor:
    """(n, c, side, side) of ``images`` (n, c, h, w), through ``matrix`` (n, 2, 3) from pixels of
    the result to theirs; black outside."""
    import torch

    n, _, height, width = images.shape
    line = torch.arange(side_px, device=images.device, dtype=torch.float32)
    y, x = torch.meshgrid(line, line, indexing="ij")
    grid = torch.stack([x, y, torch.ones_like(x)], -1).reshape(-1, 3) @ matrix.transpose(1, 2)
    u, v = (2 * grid[..., 0] + 1) / width - 1, (2 * grid[..., 1] + 1) / height - 1
    place = torch.stack([u, v], -1).reshape(n, side_px, side_px, 2)
    return torch.nn.functional.grid_sample(images, place, align_corners=False)


def in_other_colour(cloth: Tensor, edge: Tensor) -> Tensor:
    """Some masks dyed, with the folds they have, and some with their channels swapped."""
    import torch

    n, device = len(cloth), cloth.device
    grey = cloth.mean(1, keepdim=True)
    mean = (grey * edge).sum((1, 2, 3)) / edge.sum((1, 2, 3)).clamp(1)
    colour = torch.rand(n, 3, 1, 1, device=device) * 220 + 20
    contrast = 0.3 + torch.rand(n, 1, 1, 1, device=device)
    dyed = colour + (grey - mean[:, None, None, None]) * contrast
    cloth = _where(torch.rand(n, device=device) < DYED, dyed, cloth)
    return _where(torch.rand(n, device=device) < CHANNELS_SWAPPED, cloth.flip(1), cloth)


def smaller(faces: Tensor) -> Tensor:
    import torch
    from torch.nn.functional import interpolate

    side = faces.shape[2]
    for share in SMALLER:
        who = (torch.rand(len(faces), device=faces.device) < SMALLER_SHARE).nonzero()[:, 0]
        if len(who):
            small = interpolate(faces[who], size=int(side * share), mode="area")
            again = interpolate(small, size=side, mode="bilinear", align_corners=False)
            faces = faces.index_copy(0, who, again)
    return faces


def in_other_light(faces: Tensor) -> Tensor:
    """Gamma, contrast, brightness, tint, noise, and sometimes no colour; (n, 3, h, w), 0 to 255."""
    import torch

    n, device = len(faces), faces.device

    def between(low: float, high: float, channels: int = 1) -> Tensor:
        return torch.rand(n, channels, 1, 1, device=device) * (high - low) + low

    x = (faces / 255).clamp(1e-3, 1) ** between(0.75, 1.33)
    mean = x.mean((2, 3), keepdim=True)
    tint = between(0.8, 1.2) * between(0.92, 1.08, channels=3)
    x = (x - mean) * between(0.75, 1.25) + mean * tint
    grey = x.mean(1, keepdim=True).expand_as(x)
    x = _where(torch.rand(n, device=device) < GREY_SHARE, grey, x)
    return (x + torch.randn_like(x) * between(0, 0.025)).clamp(0, 1) * 255


def _where(which: Tensor, yes: Tensor, no: Tensor) -> Tensor:
    import torch

    return torch.where(which[:, None, None, None], yes, no)
