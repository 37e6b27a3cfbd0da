"""The cloth of masks and scarves: colours and patterns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from facesort.dataset.synth.head_model import Floats
from facesort.dataset.synth.paint import hsv

# colour (n, 3) of the cloth at (u, v): u -1..1 from ear to ear, v 0..1 from nose to chin
Cloth = Callable[[Floats, Floats], Floats]

PATTERNS = ("dots", "stripes", "checks", "blots", "flowers")


def choose_cloth(style: str, rng: np.random.Generator) -> tuple[Cloth, Floats, Floats, bool]:
    """A cloth for a mask of ``style``, its ground colour, the colour of its ear loops, and
    whether it has a pattern."""
    white = hsv(0.1, rng.uniform(0, 0.04), rng.uniform(0.88, 1.0))
    black = hsv(rng.random(), rng.uniform(0, 0.25), rng.uniform(0.06, 0.2))
    blue = hsv(rng.uniform(0.5, 0.59), rng.uniform(0.18, 0.5), rng.uniform(0.78, 0.98))
    green = hsv(rng.uniform(0.4, 0.5), rng.uniform(0.15, 0.35), rng.uniform(0.75, 0.92))
    pink = hsv(rng.uniform(0.9, 1.0), rng.uniform(0.15, 0.35), rng.uniform(0.85, 0.98))
    grey = hsv(rng.random(), rng.uniform(0, 0.08), rng.uniform(0.3, 0.7))
    vivid = hsv(rng.random(), rng.uniform(0.3, 0.85), rng.uniform(0.2, 0.85))
    if style == "patterned":
        base, other = (
            [black, white, blue, vivid][rng.choice(4)],
            [white, black, vivid][rng.choice(3)],
        )
        return patterned(base, other, rng), base, base * rng.uniform(0.7, 1.0), True
    likely = {  # blue, white, black, green, pink, grey, vivid
        "surgical": [0.52, 0.22, 0.0, 0.1, 0.08, 0.02, 0.06],
        "cloth": [0.16, 0.22, 0.0, 0.06, 0.06, 0.16, 0.34],
        "kn95": [0.04, 0.76, 0.0, 0.0, 0.04, 0.1, 0.06],
        "dark": [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
    }[style]
    base = [blue, white, black, green, pink, grey, vivid][rng.choice(7, p=likely)]
    loop = white * 0.96 if style in ("surgical", "kn95") else base * rng.uniform(0.7, 1.0)
    return plain(base), base, loop, False


def plain(base: Floats) -> Cloth:
    return lambda u, v: np.broadcast_to(base, (*u.shape, 3))


def patterned(base: Floats, other: Floats, rng: np.random.Generator) -> Cloth:
    kind = str(rng.choice(PATTERNS))
    turn, per_face = rng.uniform(0, np.pi), rng.uniform(4, 11)
    waves = rng.uniform(-1, 1, (5, 2)) * per_face
    phases = rng.uniform(0, 2 * np.pi, 5)

    def cloth(u: Floats, v: Floats) -> Floats:
        a = (u * np.cos(turn) + v * np.sin(turn)) * per_face
        b = (v * np.cos(turn) - u * np.sin(turn)) * per_face
        if kind == "stripes":
            share = (a % 1 < 0.5) * 1.0
        elif kind == "dots":
            share = (np.hypot(a % 1 - 0.5, b % 1 - 0.5) < 0.3) * 1.0
        elif kind == "checks":
            share = ((a % 1 < 0.5) * 1.0 + (b % 1 < 0.5)) / 2
        elif kind == "flowers":
            x, y = (a + 0.5 * (np.floor(b) % 2)) % 1 - 0.5, b % 1 - 0.5
            share = (np.hypot(x, y) < 0.28 + 0.13 * np.cos(5 * np.arctan2(y, x))) * 1.0
        else:
            field = np.sin(u[..., None] * waves[:, 0] + v[..., None] * waves[:, 1] * 2 + phases)
            share = (field.sum(-1) > 0.6) * 1.0
        return np.asarray(base + (other - base) * share[..., None])

    return cloth
