"""Draws what a hand holds before a face: a cup at the lips, a microphone. Neither is worn."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from facesort.dataset.synth.head_model import Floats, Head, fit_head
from facesort.dataset.synth.occluders.hand import hand_colour
from facesort.dataset.synth.paint import AnyFloats, Layer, Pixels, hsv
from facesort.dataset.synth.relief import Relief, Skin, mottled, plain_skin
from facesort.dataset.synth.surface import draw_surface, lambert, middles


def draw_cup(rgb: Pixels, landmarks_px: ArrayLike, rng: np.random.Generator) -> Pixels:
    """A copy of ``rgb`` with a cup or mug at the lips or just below, perhaps held by a hand."""
    head, side = fit_head(landmarks_px), float(rng.choice([-1, 1]))
    drinking = rng.random() < 0.65
    rim = np.array([side * rng.uniform(0, 0.15), rng.uniform(1.0, 1.2), 0.45])
    axis = np.array([side * rng.uniform(0, 0.25), 0.85, rng.uniform(0.2, 0.6)])
    if not drinking:
        rim = np.array([side * rng.uniform(0.1, 0.5), rng.uniform(1.35, 1.6), 0.6])
        axis = np.array([side * rng.uniform(0, 0.15), 1.0, rng.uniform(-0.1, 0.1)])
    is_mug = rng.random() < 0.4
    length = rng.uniform(1.2, 1.45) if is_mug else rng.uniform(1.45, 1.9)
    width = rng.uniform(0.58, 0.7) if is_mug else rng.uniform(0.52, 0.62)
    narrow = rng.uniform(0.88, 1.0) if is_mug else rng.uniform(0.68, 0.8)
    axis = axis / np.linalg.norm(axis) * length
    xyz = _tube(rim, axis, width, narrow)
    rows, columns = xyz.shape[0] - 1, xyz.shape[1] - 1
    colours = _cup_colours(rows, columns, is_mug, rng)
    size_wh = (rgb.shape[1], rgb.shape[0])
    layer = Layer.around(head.project(xyz).reshape(-1, 2), size_wh, colours[0, 0], zoom_max=3)
    if layer is None:
        return rgb.copy()
    shade = 0.58 + 0.48 * lambert(head, xyz, rng)
    draw_surface(layer, head, xyz, colours * shade[..., None])
    if is_mug and drinking:
        _handle(layer, head, rim, axis, side, colours[0, 0])
    rgb = layer.over(rgb, head.unit_px * 0.008, rng)
    if rng.random() < 0.75:
        rgb = _grip(rgb, head, rim + 0.55 * axis, width * (1 + narrow) / 2, side, rng)
    return rgb


def _tube(rim: Floats, axis: Floats, width: float, narrow: float) -> Floats:
    """The side of a cup and its bottom, a grid of points in head units."""
    down = axis / np.linalg.norm(axis)
    right = np.cross(down, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    front = np.cross(right, down)
    share = np.array([0, 0.03, 0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.94, 1.0, 1.0])
    radius = width * (1 + (narrow - 1) * share)
    radius[:2] *= 1.05  # the rolled rim
    radius[-1] = 0.0
    angle = np.linspace(-np.pi, np.pi, 41)
    round_xyz = np.sin(angle)[:, None] * right + np.cos(angle)[:, None] * front
    return np.asarray(rim + share[:, None, None] * axis + radius[:, None, None] * round_xyz)


def _cup_colours(rows: int, columns: int, is_mug: bool, rng: np.random.Generator) -> Floats:
    """Plain, with a sleeve of cardboard, or with a sign on it."""
    u, v = middles(rows, columns)
    white = hsv(0.1, rng.uniform(0, 0.08), rng.uniform(0.85, 1.0))
    vivid = hsv(rng.random(), rng.uniform(0.3, 0.9), rng.uniform(0.2, 0.95))
    base = white if rng.random() < (0.4 if is_mug else 0.7) else vivid
    colours = np.broadcast_to(base, (rows, columns, 3)).copy()
    if not is_mug and rng.random() < 0.45:
        cardboard = hsv(rng.uniform(0.06, 0.1), rng.uniform(0.3, 0.6), rng.uniform(0.4, 0.75))
        colours[(v > 0.25) & (v < 0.75)] = cardboard
    elif rng.random() < 0.5:
        sign = np.hypot((u - rng.uniform(-0.15, 0.15)) * 6, (v - 0.5) * 4) < rng.uniform(0.5, 1)
        colours[sign] = vivid if base is white else white
    return np.asarray(colours)


def _handle(
    layer: Layer, head: Head, rim: Floats, axis: Floats, side: float, colour: Floats
) -> None:
    turn = np.linspace(-1.4, 1.4, 12)
    bow = np.stack([-side * 0.42 * np.cos(turn), 0 * turn, 0 * turn], axis=1)
    path = rim + (0.5 + 0.28 * np.sin(turn))[:, None] * axis + bow
    path[:, 0] -= side * 0.52
    layer.line(head.project(path), colour * 0.8, head.unit_px * 0.14, closed=False)


def draw_microphone(rgb: Pixels, landmarks_px: ArrayLike, rng: np.random.Generator) -> Pixels:
    """A copy of ``rgb`` with a microphone before mouth or chin, in a hand or on a stand."""
    head, side = fit_head(landmarks_px), float(rng.choice([-1, 1]))
    ball = np.array([side * rng.uniform(0, 0.35), rng.uniform(1.2, 1.75), 0.6])
    way = np.array([side * rng.uniform(0.0, 0.6), 1.0, 0.1])
    size, long = rng.uniform(0.26, 0.4), rng.uniform(2.2, 3.2)
    foam = rng.random() < 0.3
    dark = hsv(rng.random(), rng.uniform(0, 0.2), rng.uniform(0.05, 0.25))
    head_colour = hsv(rng.random(), rng.uniform(0.2, 0.9), rng.uniform(0.2, 0.9)) if foam else dark
    path = head.project(np.stack([ball + t * way for t in (0, 0.3, 0.6, long)]))
    points = np.vstack([path - size * 1.4 * head.unit_px, path + size * 1.4 * head.unit_px])
    layer = Layer.around(points, (rgb.shape[1], rgb.shape[0]), dark, zoom_max=2)
    if layer is None:
        return rgb.copy()
    relief, unit = Relief(layer), head.unit_px
    handle = np.array([0.62, 0.55, 0.45]) * size * unit
    relief.tube(path[1:], handle, plain_skin(dark * rng.uniform(0.8, 1.6)), 1.0)
    skin = mottled(head_colour, 0.1, rng) if foam else _mesh(dark + rng.uniform(10, 90))
    ends = np.stack([path[0], path[0] + 0.3 * (path[1] - path[0])])
    relief.tube(ends, size * unit, skin, 1.0, 0.2 * size * unit)
    relief.light(rng.uniform(-0.6, 0.6), 1.1)
    rgb = layer.over(rgb, unit * 0.008, rng)
    if rng.random() < 0.65:
        rgb = _grip(rgb, head, ball + 1.1 * way, 0.6 * size, side, rng)
    return rgb


def _mesh(colour: Floats) -> Skin:
    def skin(along: AnyFloats, across: AnyFloats) -> AnyFloats:
        wires = np.maximum(np.cos(across * 26), np.cos(along * 20))
        return np.asarray(colour * (0.65 + 0.35 * wires)[..., None])

    return skin


def _grip(
    rgb: Pixels, head: Head, at: Floats, reach: float, side: float, rng: np.random.Generator
) -> Pixels:
    """Four fingers around something upright of half width ``reach``, the hand beside it."""
    skin, unit = hand_colour(rgb, head), head.unit_px
    back = at + np.array([side * (reach + 0.35), 0.15, -0.05])
    elbow = back + np.array([side * rng.uniform(0.5, 1.6), 3.0, 0])
    room = np.array([reach + 0.7, 0.9, 0])
    points = head.project(np.stack([at - room, at + room, elbow]))
    layer = Layer.around(points, (rgb.shape[1], rgb.shape[0]), skin, zoom_max=2)
    if layer is None:
        return rgb
    relief, flesh = Relief(layer), mottled(skin, 0.05, rng)
    arm = head.project(np.stack([back, back * 0.6 + elbow * 0.4, elbow]))
    relief.tube(arm, np.array([0.42, 0.46, 0.6]) * unit, flesh, 0.6)
    high = np.array([0, 0.38, 0])
    palm = head.project(np.stack([back - high, back + high]))
    relief.tube(palm, np.array([0.36, 0.4]) * unit, flesh, 0.6, 0.1 * unit)
    for k in range(4):
        y, tip = (k - 1.5) * 0.29 + 0.05, -side * reach * rng.uniform(0.45, 0.75)
        bones = [[-side * 0.1, y * 0.95, 0], [side * 0.7 * reach, y, 0], [tip, y + 0.04 * k, 0]]
        path = np.array(bones) + np.stack([back, at, at])
        radii = np.array([0.17, 0.165, 0.125]) * unit * (0.86 if k == 3 else 1)
        relief.tube(head.project(path), radii, flesh, 0.9, 0.3 * unit)
    relief.light(rng.uniform(-0.5, 0.5), 0.9, 0.02 * unit)
    return layer.over(rgb, unit * 0.008, rng, own_light=True)
