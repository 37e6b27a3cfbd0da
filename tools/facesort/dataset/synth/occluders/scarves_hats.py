"""Draws a scarf, round the neck or pulled up over mouth and nose, and hats, which cover no eye."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from facesort.dataset.synth.head_model import Floats, Head, fit_head, levelled
from facesort.dataset.synth.occluders.masks import Cloth, draw_mask, patterned, plain
from facesort.dataset.synth.paint import Layer, Pixels, hsv
from facesort.dataset.synth.relief import Relief, knitted
from facesort.dataset.synth.surface import draw_surface, lambert, middles

_CROWN_XYZ = np.array([0.0, -0.42, -1.1])  # the middle of the skull
_SKULL_RADII = np.array([1.3, 1.6, 1.62])


def draw_scarf(rgb: Pixels, landmarks_px: ArrayLike, rng: np.random.Generator) -> Pixels:
    """A copy of ``rgb`` with a scarf round the neck, below the mouth; arguments as for
    ``draw_mask``."""
    low = rng.uniform(2.1, 2.25)
    heights = [low + 0.3, low + 0.65, low + 0.15][: int(rng.integers(2, 4))]
    return _draw_scarf(rgb, landmarks_px, heights, 0.05, rng)


def draw_scarf_up(rgb: Pixels, landmarks_px: ArrayLike, rng: np.random.Generator) -> Pixels:
    """A copy of ``rgb`` with a scarf or a triangular cloth over mouth and nose."""
    if rng.random() < 0.4:
        style = str(rng.choice(["cloth", "patterned", "dark"]))
        return draw_mask(rgb, landmarks_px, rng, style, "bandana")
    top = rng.uniform(0.8, 0.92)
    heights = [top + 1.6, top + 1.2, top + 0.8, top + 0.4, top]
    return _draw_scarf(rgb, landmarks_px, heights, 0.3, rng)


def _draw_scarf(
    rgb: Pixels,
    landmarks_px: ArrayLike,
    heights: list[float],
    out_z: float,
    rng: np.random.Generator,
) -> Pixels:
    """Folds at ``heights`` (head units), each a tube round the neck or the face."""
    head = fit_head(landmarks_px)
    colour = hsv(rng.random(), rng.uniform(0.05, 0.8), rng.uniform(0.15, 0.9))
    other = hsv(rng.random(), rng.uniform(0.0, 0.7), rng.uniform(0.2, 0.95))
    bends = [_fold(y, out_z, rng) for y in heights]
    side, end = float(rng.choice([-1, 1])), rng.uniform(3.4, 4.4)
    tail = np.array([[side * 0.35, 2.5, 0.4], [side * 0.5, 3.0, 0.4], [side * 0.55, end, 0.35]])
    outline = head.project(np.vstack([*bends, tail]))
    reach = 0.45 * head.unit_px
    points = np.vstack([outline - reach, outline + reach])
    layer = Layer.around(points, (rgb.shape[1], rgb.shape[0]), colour, zoom_max=2)
    if layer is None:
        return rgb.copy()
    relief, wool = Relief(layer), knitted(colour, other, rng)
    lifts = 0.06 * head.unit_px * np.arange(len(bends))
    if rng.random() < 0.6:
        relief.tube(head.project(tail), 0.4 * head.unit_px, wool, 0.35)
    for bend, lift in zip(bends, lifts, strict=True):
        radii = rng.uniform(0.28, 0.4) * head.unit_px * rng.uniform(0.9, 1.1, len(bend))
        relief.tube(head.project(bend), radii, wool, 0.38, lift)
    relief.light(rng.uniform(-0.5, 0.5), 1.0, 0.015 * head.unit_px)
    return layer.over(rgb, head.unit_px * rng.uniform(0.006, 0.016), rng)


def _fold(y: float, out_z: float, rng: np.random.Generator) -> Floats:
    """One turn round the neck: lower in front, its ends behind the jaw."""
    angle = np.linspace(-1.5, 1.5, 11)
    width = np.interp(y, [0.8, 1.5, 2.2, 3.0], [1.05, 1.0, 0.95, 1.1]) * rng.uniform(0.95, 1.05)
    sag = rng.uniform(0.05, 0.3) * np.cos(angle) + rng.uniform(-0.12, 0.12) * np.sin(angle)
    if y < 1.9:  # on the face it may not slip
        sag = 0.25 * sag - 0.05
    ripple = 0.03 * np.sin(angle * rng.uniform(3, 6) + rng.uniform(0, 6))
    z = 0.15 + out_z - 1.1 * (1 - np.cos(angle))
    return np.stack([width * np.sin(angle), y + sag + ripple, z], axis=1)


@dataclass(frozen=True)
class _Hat:
    height: float  # of the crown, against the skull's
    edge_front_y: float
    edge_back_y: float
    brim: float  # how far it stands out; 0 none
    brim_reach: float  # radians to either side of the front; pi is all round
    brim_drop: float
    band: bool  # a turned-up fold or a ribbon


def draw_hat(rgb: Pixels, landmarks_px: ArrayLike, rng: np.random.Generator) -> Pixels:
    """A copy of ``rgb`` with a woollen hat, a cap or a sun hat, its shade on the forehead."""
    kind = str(rng.choice(["beanie", "cap", "sun_hat"], p=[0.4, 0.38, 0.22]))
    head, hat = levelled(fit_head(landmarks_px)), _choose_hat(kind, rng)
    crown, rim = _crown(hat), _brim(hat)
    outline = head.project(np.vstack([crown.reshape(-1, 3), rim.reshape(-1, 3)]))
    colour = hsv(rng.random(), rng.uniform(0.05, 0.8), rng.uniform(0.1, 0.9))
    other = hsv(rng.random(), rng.uniform(0.0, 0.7), rng.uniform(0.1, 0.95))
    if hat.brim:
        rgb = _shade_below(rgb, head, rim, rng)
    layer = Layer.around(outline, (rgb.shape[1], rgb.shape[0]), colour, zoom_max=3)
    if layer is None:
        return rgb.copy()
    is_patterned = rng.random() < 0.15
    cloth = patterned(colour, other, rng) if is_patterned else plain(colour)
    ribs = rng.uniform(40, 70) if kind == "beanie" else 0.0
    _draw_crown(layer, head, crown, hat, cloth, other, ribs, rng)
    if hat.brim:
        _draw_brim(layer, head, rim, colour if rng.random() < 0.75 else other, rng)
    return layer.over(rgb, head.unit_px * rng.uniform(0.004, 0.012), rng)


def _choose_hat(kind: str, rng: np.random.Generator) -> _Hat:
    front = rng.uniform(-0.78, -0.58)
    if kind == "beanie":
        return _Hat(rng.uniform(1.0, 1.3), front, rng.uniform(-0.1, 0.3), 0, 0, 0, True)
    if kind == "cap":
        brim, drop = rng.uniform(0.65, 0.95), rng.uniform(-0.05, 0.16)
        return _Hat(rng.uniform(1.0, 1.1), front - 0.1, -0.2, brim, 1.25, drop, False)
    brim, drop = rng.uniform(0.6, 1.1), rng.uniform(0.0, 0.2)
    return _Hat(rng.uniform(1.0, 1.2), front - 0.1, -0.35, brim, np.pi, drop, True)


def _edge(hat: _Hat, turn: Floats) -> Floats:
    """Where the crown ends, (n, 3) head units; ``turn`` is 0 in front, pi behind."""
    share = (1 - np.cos(turn)) / 2
    y = hat.edge_front_y + (hat.edge_back_y - hat.edge_front_y) * share
    level = np.sqrt(np.clip(1 - ((y - _CROWN_XYZ[1]) / _SKULL_RADII[1]) ** 2, 0, 1))
    x = _SKULL_RADII[0] * np.sin(turn) * level
    z = _CROWN_XYZ[2] + _SKULL_RADII[2] * np.cos(turn) * level
    return np.stack([x, y, z], axis=-1)


def _crown(hat: _Hat) -> Floats:
    """The crown from its top to its edge, (rows, columns, 3)."""
    turn = np.linspace(-np.pi, np.pi, 61)
    edge = _edge(hat, turn)
    rise = np.linspace(np.pi / 2, 0, 18)[:, None]
    top_y = _CROWN_XYZ[1] - _SKULL_RADII[1] * hat.height
    middle = np.array([0.0, 0.0, _CROWN_XYZ[2]])
    flat = edge * [1, 0, 1] - middle
    out = np.cos(rise)[..., None] ** 0.8 * flat + middle
    y = edge[:, 1] + (top_y - edge[:, 1]) * np.sin(rise)
    out[..., 1] = y
    return np.asarray(out)


def _brim(hat: _Hat) -> Floats:
    """From the crown's edge outwards, (rows, columns, 3); one row of points without a brim."""
    turn = np.linspace(-hat.brim_reach, hat.brim_reach, 41)
    edge = _edge(hat, turn)
    share = np.linspace(0, 1, 7)[:, None]
    wide = hat.brim * np.sqrt(np.clip(1 - (turn / (hat.brim_reach + 0.03)) ** 4, 0, 1))
    if hat.brim_reach >= np.pi:
        wide = np.full_like(turn, hat.brim)
    reach = share * wide
    bend = hat.brim_drop * share**2 + 0.1 * reach * np.sin(turn) ** 2
    x = edge[:, 0] + reach * np.sin(turn)
    return np.stack([x, edge[:, 1] + bend, edge[:, 2] + reach * np.cos(turn)], axis=-1)


def _draw_crown(
    layer: Layer,
    head: Head,
    xyz: Floats,
    hat: _Hat,
    cloth: Cloth,
    other: Floats,
    ribs: float,
    rng: np.random.Generator,
) -> None:
    u, v = middles(xyz.shape[0] - 1, xyz.shape[1] - 1)
    shade = 0.5 + 0.52 * lambert(head, xyz, rng)
    if ribs:
        shade = shade * (1 + 0.07 * np.sin(u * ribs))
    else:  # the seams between six panels
        shade = shade - 0.12 * np.exp(-(((u * 3 + 0.5) % 1 - 0.5) ** 2) / 0.002)
    colours = cloth(u * 3, v) * shade[..., None]
    band = v > rng.uniform(0.66, 0.8)
    if hat.band:
        paint = other if rng.random() < 0.3 else cloth(u * 0, v * 0)[0, 0] * rng.uniform(0.8, 1.05)
        colours[band] = (paint * np.minimum(shade[..., None] * 1.06, 1.1))[band]
        colours[np.abs(v - v[band].min()) < 0.03] *= 0.75
    draw_surface(layer, head, xyz, colours, front_only=True)


def _draw_brim(
    layer: Layer, head: Head, xyz: Floats, colour: Floats, rng: np.random.Generator
) -> None:
    """Light from above; seen from below, where the far edge stands higher, it is dark."""
    rows, columns = xyz.shape[0] - 1, xyz.shape[1] - 1
    _, v = middles(rows, columns)
    shown = head.project(xyz)
    from_below = shown[1:, :-1, 1] < shown[:-1, :-1, 1]
    shade = np.where(from_below, 0.42, 0.88) - 0.1 * np.exp(-(((v - 0.93) / 0.05) ** 2))
    draw_surface(layer, head, xyz, colour * shade[..., None] * rng.uniform(0.9, 1.05))


def _shade_below(rgb: Pixels, head: Head, rim: Floats, rng: np.random.Generator) -> Pixels:
    """The shadow of a brim on the face, soft below."""
    edge = rim[0][rim[0][:, 2] > -0.7]
    depth = rng.uniform(0.3, 0.75) * np.sin(np.linspace(0.15, np.pi - 0.15, len(edge))) ** 0.5
    low = edge + depth[:, None] * [0, 1, 0]
    polygon = head.project(np.vstack([edge - [0, 0.1, 0], low[::-1]]))
    layer = Layer.around(polygon, (rgb.shape[1], rgb.shape[0]), np.zeros(3), zoom_max=1)
    if layer is None:
        return rgb
    layer.fill(polygon, np.zeros(3), rng.uniform(0.15, 0.4))
    return layer.over(rgb, head.unit_px * 0.07, rng, own_light=True)
