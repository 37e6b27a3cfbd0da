"""Draws a hand at a face: on mouth, chin or cheek, or around a cup or a microphone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from facesort.dataset.synth.head_model import Floats, Head, fit_head
from facesort.dataset.synth.paint import Layer, Pixels, hsv
from facesort.dataset.synth.relief import Relief, mottled, plain_skin, skin_colour

# A right hand seen from its back, fingers up, in head units: wrist at the origin, y down.
KNUCKLES_XY = np.array([[-0.44, -1.38], [-0.15, -1.5], [0.15, -1.46], [0.42, -1.32]])
FINGER_LENGTHS = (1.02, 1.15, 1.05, 0.82)
FINGER_RADIUS = 0.155
_SKIN_AT = np.array([[0, -0.5, 0.3], [-0.3, -0.4, 0.3], [0.3, -0.4, 0.3], [0, 0.25, 0.4]])
_CHEEKS = np.array([[-0.5, 0.6, 0.2], [0.5, 0.6, 0.2], [0, 1.6, 0.2], [-0.7, 1.0, 0], [0.7, 1, 0]])
_NO_SKIN = np.array([190.0, 145.0, 122.0])


@dataclass(frozen=True)
class Pose:
    """Where a hand goes: the knuckles' middle in head units, its turn, how it is held."""

    at_xy: tuple[float, float]
    turn: float  # radians; 0 has the fingers up
    curl: tuple[float, float, float, float]  # 0 a straight finger, 1 one rolled into the palm
    spread: float
    thumb_out: float


POSES = ("mouth", "chin", "cheek", "finger")


def draw_hand(rgb: Pixels, landmarks_px: ArrayLike, rng: np.random.Generator) -> Pixels:
    """A copy of ``rgb`` with a hand before the mouth, at the chin or at the cheek; arguments as
    for ``draw_mask``. The eyes stay free."""
    head, side = fit_head(landmarks_px), float(rng.choice([-1, 1]))
    pose = _choose_pose(str(rng.choice(POSES, p=[0.5, 0.2, 0.2, 0.1])), rng)
    skin = hand_colour(rgb, head)
    layer = Layer.around(_extent(head, pose, side), (rgb.shape[1], rgb.shape[0]), skin, zoom_max=2)
    if layer is None:
        return rgb.copy()
    relief = Relief(layer)
    _hand(relief, head, pose, side, skin, rng)
    relief.light(rng.uniform(-0.5, 0.5), 0.9, 0.02 * head.unit_px)
    return layer.over(rgb, head.unit_px * 0.008, rng, own_light=True)


def hand_colour(rgb: Pixels, head: Head) -> Floats:
    """The face's own skin, from where a mask would not be."""
    found = skin_colour(rgb, head.project(np.vstack([_SKIN_AT, _CHEEKS])))
    return _NO_SKIN if found is None else found * 1.02


def _choose_pose(kind: str, rng: np.random.Generator) -> Pose:
    straight = tuple(rng.uniform(0.0, 0.2, 4))
    if kind == "mouth":
        turn = rng.uniform(0.7, 1.35)
        at = (rng.uniform(0.25, 0.6), rng.uniform(1.3, 1.5))
        return Pose(at, turn, straight, rng.uniform(0, 0.06), rng.uniform(-0.3, 0.2))
    if kind == "cheek":
        at = (rng.uniform(1.0, 1.25), rng.uniform(1.4, 1.7))
        return Pose(at, rng.uniform(-0.25, 0.25), straight, rng.uniform(0, 0.1), -0.3)
    if kind == "chin":
        fist = tuple(rng.uniform(0.75, 0.95, 4))
        at = (rng.uniform(-0.2, 0.5), rng.uniform(1.75, 1.95))
        return Pose(at, rng.uniform(0.1, 0.6), fist, 0.0, rng.uniform(-0.6, -0.3))
    curl = (rng.uniform(0, 0.1), *rng.uniform(0.8, 0.95, 3))
    at = (rng.uniform(0.35, 0.5), rng.uniform(1.95, 2.2))
    return Pose(at, rng.uniform(0.1, 0.35), curl, 0.0, rng.uniform(-0.6, -0.3))


def _placed(head: Head, pose: Pose, side: float, xy: ArrayLike) -> Floats:
    """Points of the hand (n, 2) to pixels: turned, put where the pose says, before the face."""
    points = np.asarray(xy, dtype=np.float64) - [0.0, -1.42]
    cos, sin = np.cos(-pose.turn), np.sin(-pose.turn)
    x = points[:, 0] * cos - points[:, 1] * sin + pose.at_xy[0]
    y = points[:, 0] * sin + points[:, 1] * cos + pose.at_xy[1]
    return head.project(np.stack([side * x, y, np.full_like(x, 0.35)], axis=1))


def _extent(head: Head, pose: Pose, side: float) -> Floats:
    corners = [[-1.2, -2.9], [1.0, -2.9], [-1.2, 0.4], [1.0, 0.4], [-0.7, 3.2], [0.7, 3.2]]
    return _placed(head, pose, side, corners)


def _hand(
    relief: Relief, head: Head, pose: Pose, side: float, skin: Floats, rng: np.random.Generator
) -> None:
    unit, flesh = head.unit_px, mottled(skin, 0.05, rng)
    for knuckle in KNUCKLES_XY:
        path = _placed(head, pose, side, [[0.7 * knuckle[0], 0.1], knuckle])
        relief.tube(path, [0.36 * unit, 0.28 * unit], flesh, 0.42)
    middle = _placed(head, pose, side, [[0, -0.1], [0, -1.1]])
    relief.tube(middle, [0.42 * unit, 0.5 * unit], flesh, 0.33)
    arm = _placed(head, pose, side, [[0, 0.1], [0, 0.9], [0, 1.3]])
    relief.tube(arm, np.array([0.44, 0.46, 0.5]) * unit, flesh, 0.6)
    if rng.random() < 0.7:  # a sleeve
        cloth = hsv(rng.random(), rng.uniform(0, 0.7), rng.uniform(0.1, 0.9)) * skin.mean() / 200
        sleeve = _placed(head, pose, side, [[0, 0.95], [0, 3.4]])
        relief.tube(sleeve, np.array([0.62, 0.72]) * unit, mottled(cloth, 0.12, rng), 0.7)
    else:
        rest = _placed(head, pose, side, [[0, 1.2], [0, 3.4]])
        relief.tube(rest, np.array([0.5, 0.62]) * unit, flesh, 0.7)
    _thumb(relief, head, pose, side, skin, rng)
    for k in range(4):
        _finger(relief, head, pose, side, k, skin, rng)


def _thumb(
    relief: Relief, head: Head, pose: Pose, side: float, skin: Floats, rng: np.random.Generator
) -> None:
    out = -0.72 + pose.thumb_out * -0.4
    path = [[-0.25, -0.2], [out * 0.85, -0.75], [out, -1.25], [out + 0.12, -1.62]]
    radii = np.array([0.3, 0.24, 0.18, 0.14]) * head.unit_px
    relief.tube(_placed(head, pose, side, path), radii, mottled(skin, 0.05, rng), 0.8)


def _finger(
    relief: Relief,
    head: Head,
    pose: Pose,
    side: float,
    number: int,
    skin: Floats,
    rng: np.random.Generator,
) -> None:
    """Three bones; a curled finger shows the first bone and folds back over the palm."""
    knuckle, length = KNUCKLES_XY[number], FINGER_LENGTHS[number]
    lean = (number - 1.5) * (0.08 + pose.spread)
    way = np.array([np.sin(lean), -np.cos(lean)])
    curl = pose.curl[number]
    joints = [knuckle]
    for share, turn in ((0.44, 0.5), (0.3, 1.6), (0.26, 2.6)):
        joints.append(joints[-1] + way * length * share * np.cos(min(curl * turn, np.pi)))
    points = _placed(head, pose, side, joints)
    radius = FINGER_RADIUS * head.unit_px * (0.88 if number == 3 else 1.0)
    lifts = np.array([0.1, 0.16 + 0.2 * curl, 0.12 + 0.1 * curl, 0.06]) * head.unit_px
    radii = radius * np.array([1.08, 1.0, 0.92, 0.76])
    relief.tube(points, radii, mottled(skin, 0.05, rng), 0.85, lifts)
    if curl < 0.4:
        tip = points[-1] + (points[-1] - points[-2]) * 0.12
        nail = np.stack([tip, tip - (points[-1] - points[-2]) * 0.35])
        pale = np.minimum(skin * [1.06, 1.0, 0.98] + 14, 255)
        relief.tube(nail, 0.5 * radius, plain_skin(pale), 0.5, lifts[-1] + 0.5 * radius)
