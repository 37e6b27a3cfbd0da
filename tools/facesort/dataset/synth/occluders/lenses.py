"""The lenses of glasses: opaque, shaded, mirrored, tinted, or clear with what they reflect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.dataset.synth.head_model import Floats
from facesort.dataset.synth.paint import Layer, hsv

Indices = NDArray[np.intp]

SKY = np.array([205.0, 222.0, 245.0])


@dataclass(frozen=True)
class Tint:
    top: Floats
    bottom: Floats
    opacity_top: float
    opacity_bottom: float
    glint: float  # brightness of the reflected streak
    glint_at: float
    glint_slope: float
    horizon: float = 0.0  # a mirror shows the ground, darker, below this height; 0 for none


@dataclass(frozen=True)
class Glare:
    """What a clear lens reflects: panes (windows, lamps) and a film of the coating's colour."""

    film: float  # opacity everywhere
    film_colour: Floats
    panes: tuple[tuple[float, float, float, float, float], ...]  # x, y, half w, half h, opacity
    pane_colour: Floats
    slope: float  # panes lean


def dark_tint(style: str, rng: np.random.Generator) -> Tint:
    """Lenses through which the eyes are not, or hardly, seen."""
    dark = hsv(rng.choice([0.08, 0.3, 0.6]), rng.uniform(0.1, 0.6), rng.uniform(0.03, 0.18))
    place = (rng.uniform(0.15, 0.6), rng.uniform(-0.8, 0.8))
    kind = rng.choice(["opaque", "gradient", "mirrored", "tinted"], p=[0.47, 0.28, 0.15, 0.1])
    kind = style if style in ("mirrored", "tinted") else kind
    if kind == "opaque":
        return Tint(dark, dark * 1.3, 1.0, rng.uniform(0.93, 1), rng.uniform(0, 60), *place)
    if kind == "gradient":
        light = np.minimum(dark * rng.uniform(2, 4) + 15, 160)
        return Tint(dark, light, 1.0, rng.uniform(0.72, 0.9), rng.uniform(0, 45), *place)
    if kind == "tinted":
        hue = rng.choice([0.06, 0.09, 0.13, 0.58, 0.8, 0.97]) + rng.uniform(-0.03, 0.03)
        tone = hsv(hue, rng.uniform(0.4, 0.85), rng.uniform(0.22, 0.5))
        least = rng.uniform(0.74, 0.86)
        return Tint(tone * 0.8, tone * 1.15, least + 0.1, least, rng.uniform(0, 60), *place)
    hue = rng.random()
    top = hsv(hue, rng.uniform(0.25, 0.75), rng.uniform(0.4, 0.8))
    low = hsv(hue + rng.uniform(-0.15, 0.15), rng.uniform(0.3, 0.8), rng.uniform(0.5, 0.9))
    horizon = rng.uniform(0.45, 0.7) if rng.random() < 0.6 else 0.0
    return Tint(top, low, 1.0, 0.96, rng.uniform(30, 90), *place, horizon)


def draw_dark_lens(layer: Layer, polygon_px: Floats, tint: Tint) -> None:
    rows, columns, across, down = _inside(layer, polygon_px)
    colour = tint.top + (tint.bottom - tint.top) * down[:, None]
    if tint.horizon:
        waves = 0.05 * np.sin(across * 7 + tint.glint_at * 9) + 0.03 * np.sin(across * 19)
        ground = 1 / (1 + np.exp(-(down - tint.horizon - waves) / 0.03))
        colour = colour * (1 - 0.55 * ground)[:, None]
    streak = np.exp(-(((across - tint.glint_at + tint.glint_slope * (down - 0.3)) / 0.13) ** 2))
    colour = colour + (tint.glint * streak * (1 - down) ** 0.7)[:, None]
    layer.colour[rows, columns] = np.clip(colour, 0, 255)
    layer.alpha[rows, columns] = tint.opacity_top + (tint.opacity_bottom - tint.opacity_top) * down


def clear_glare(rng: np.random.Generator) -> Glare:
    """Mostly nothing but the eyes; sometimes a window or a lamp before them."""
    panes = []
    strong = rng.random() < 0.3
    for _ in range(rng.choice(4, p=[0.35, 0.35, 0.2, 0.1])):
        half_w, half_h = rng.uniform(0.06, 0.3), rng.uniform(0.06, 0.3)
        opacity = rng.uniform(0.3, 0.75) if strong else rng.uniform(0.1, 0.35)
        panes.append((rng.uniform(0.1, 0.9), rng.uniform(0.0, 0.8), half_w, half_h, opacity))
    coating = hsv(rng.choice([0.33, 0.6, 0.75]), rng.uniform(0.1, 0.5), rng.uniform(0.5, 1.0))
    light = SKY if rng.random() < 0.6 else hsv(rng.uniform(0.05, 0.15), 0.15, 1.0)
    return Glare(rng.uniform(0, 0.13), coating, tuple(panes), light, rng.uniform(-0.5, 0.5))


def draw_clear_lens(layer: Layer, polygon_px: Floats, glare: Glare) -> None:
    rows, columns, across, down = _inside(layer, polygon_px)
    shown = np.zeros(len(rows))
    for x, y, half_w, half_h, opacity in glare.panes:
        off_x = np.abs(across - x + glare.slope * (down - y)) / half_w
        off_y = np.abs(down - y) / half_h
        inside = np.clip((1 - np.maximum(off_x, off_y)) / 0.2, 0, 1)
        shown = np.maximum(shown, opacity * inside)
    share = (shown / np.maximum(shown + glare.film, 1e-6))[:, None]
    layer.colour[rows, columns] = glare.film_colour * (1 - share) + glare.pane_colour * share
    layer.alpha[rows, columns] = np.clip(shown + glare.film, 0, 0.85)


def _inside(layer: Layer, polygon_px: Floats) -> tuple[Indices, Indices, Floats, Floats]:
    """The lens's pixels (rows, columns), and where each lies across and down the lens, 0 to 1."""
    rows, columns = np.nonzero(layer.mask(polygon_px))
    if len(rows) == 0:
        return rows, columns, np.zeros(0), np.zeros(0)
    down: Floats = (rows - rows.min()) / max(int(np.ptp(rows)), 1)
    across: Floats = (columns - columns.min()) / max(int(np.ptp(columns)), 1)
    return rows, columns, across, down
