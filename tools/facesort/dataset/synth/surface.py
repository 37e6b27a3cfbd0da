"""Surfaces bent in three dimensions over a head, drawn as shaded cells, the far ones first."""

from __future__ import annotations

import numpy as np

from facesort.dataset.synth.head_model import Floats, Head
from facesort.dataset.synth.paint import Layer


def draw_surface(
    layer: Layer, head: Head, xyz: Floats, colours: Floats, front_only: bool = False
) -> None:
    """Draw a grid of points ``xyz`` (rows + 1, columns + 1, 3) in head units, each of its cells
    in its colour (rows, columns, 3); ``front_only`` leaves out those turned away from us."""
    quads = np.stack([xyz[:-1, :-1], xyz[:-1, 1:], xyz[1:, 1:], xyz[1:, :-1]], axis=2)
    corners = head.project(quads).reshape(-1, 4, 2)
    far_first = np.argsort(head.depth(quads.mean(axis=2)).ravel(), kind="stable")
    if front_only:
        ahead, aside = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
        turn = ahead[:, 0] * aside[:, 1] - ahead[:, 1] * aside[:, 0]
        far_first = far_first[turn[far_first] > 0]
    layer.fill_each(corners[far_first], np.clip(colours, 0, 255).reshape(-1, 3)[far_first])


def lambert(head: Head, xyz: Floats, rng: np.random.Generator) -> Floats:
    """How much of a light from above, somewhat to one side, falls on each cell, 0 to 1."""
    across, down = xyz[:-1, 1:] - xyz[:-1, :-1], xyz[1:, :-1] - xyz[:-1, :-1]
    normal = np.cross(across, down)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-9
    facing = normal @ head.rotation.T
    light = np.array([rng.uniform(-0.6, 0.6), rng.uniform(-0.7, -0.2), 1.0])
    return np.asarray(np.clip(facing @ (light / np.linalg.norm(light)), 0, 1))


def middles(rows: int, columns: int) -> tuple[Floats, Floats]:
    """Where the cells of a grid lie: across -1 to 1, and down 0 to 1, each (rows, columns)."""
    across = (np.arange(columns) + 0.5) / columns * 2 - 1
    down = (np.arange(rows) + 0.5) / rows
    u, v = np.meshgrid(across, down)
    return u, v
