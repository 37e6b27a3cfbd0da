"""Who is likely where: the album as context of each face. Pure.

People come back: a person in the images around a face is likelier in this one. So the prior of
a face is a share of what holds for the whole album, and of who else was there: the images of the
same folder, next to it in order. How much that says is fitted on the album itself, each face being
predicted by the others (a Dirichlet prior of ``strength``); and it has a say only where the order
of the images tells more than chance orders do. In the whole album all people are alike (a mix of
its own makes who is often there more frequent still; measured), but the share of unknown people is
the album's own (Saerens et al. 2002, https://doi.org/10.1162/089976602753284446).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEAR_IMAGES = 12  # on either side, in one folder
STRENGTHS = (3.0, 6.0, 12.0, 25.0, 50.0, 100.0, 400.0)  # faces that the album's mix is worth
NO_CONTEXT = float("inf")
HELD = 10.0  # faces' worth of the share that was assumed; a small album tells little of its own
SHUFFLES, LEAST_GAIN = 5, 1.0  # chance orders, and what the true one must be likelier (logarithm)
ROUNDS = 2  # more, and a stranger's faces of one visit talk each other into a name; measured
SMALLEST = 1e-9

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Where each face (n,) is: ``image`` numbers images in order, ``folder`` their folders;
    faces of one ``burst`` are judged together and say nothing of each other."""

    image: Ints
    folder: Ints
    burst: Ints


def with_context(
    probability: Floats,
    around: Surroundings,
    counts: Mask,
    unknown_share: float,
    use_neighbours: bool = True,
) -> Floats:
    """``probability`` (n, people) that face i is person j, the rest to 1 an unknown person's, where
    ``unknown_share`` of faces were expected to be unknown and all people alike; the same with the
    album's mix of people and, with ``use_neighbours``, those in the images around each face. Only
    faces that ``counts`` (n,) have a say.

    Raises `ValueError` for shapes that do not fit together.
    """
    n, people = probability.shape
    if not all(len(one) == n for one in (around.image, around.folder, around.burst, counts)):
        raise ValueError(f"probability {probability.shape}; expected a place for each of {n} faces")
    if not people or not counts.any():
        return probability.copy()
    assumed = _mix(people, unknown_share)
    whole = np.hstack([probability, np.clip(1 - probability.sum(axis=1, keepdims=True), 0, 1)])
    evidence = whole / assumed
    windows = _windows(around)
    strength = NO_CONTEXT
    if use_neighbours:
        strength = _strength(evidence, np.where(counts[:, None], whole, 0.0), around, assumed)
    now = whole
    for _ in range(ROUNDS):
        unknown = (now[counts, -1].sum() + HELD * unknown_share) / (counts.sum() + HELD)
        mix = _mix(people, float(unknown))
        prior = np.broadcast_to(mix, whole.shape)
        if np.isfinite(strength):
            near = _near(np.where(counts[:, None], now, 0.0), around, windows)
            prior = _prior(near, mix, strength)
        now = evidence * prior
        now /= np.maximum(now.sum(axis=1, keepdims=True), SMALLEST)
    return np.asarray(now[:, :-1])


def _mix(people: int, unknown: float) -> Floats:
    """All people alike; ``unknown`` is the share of the others."""
    share = min(max(unknown, SMALLEST), 1 - SMALLEST)
    return np.append(np.full(people, (1 - share) / people), share)


def _strength(evidence: Floats, now: Floats, around: Surroundings, mix: Floats) -> float:
    """`best_strength` of the album, if its order predicts faces better than `SHUFFLES` chance
    orders of the same images do; else `NO_CONTEXT`. Rows of zeros in ``now`` have no say."""
    counts = now.any(axis=1)
    place, low, high = _windows(around)
    images = int(place.max()) + 1
    low_of, high_of = np.zeros(images, np.int64), np.zeros(images, np.int64)
    low_of[place], high_of[place] = low, high
    rng = np.random.default_rng(0)  # the same album, the same word

    def fits(order: Ints) -> tuple[float, float]:
        there = order[place]
        near = _near(now, around, (there, low_of[there], high_of[there]))[counts]
        strength = best_strength(evidence[counts], near, mix)
        better = _log_chance(evidence[counts], near, mix, strength)
        return better - _log_chance(evidence[counts], near, mix, NO_CONTEXT), strength

    gain, strength = fits(np.arange(images))
    by_chance = max(fits(rng.permutation(images))[0] for _ in range(SHUFFLES))
    return strength if gain > by_chance + LEAST_GAIN else NO_CONTEXT


def best_strength(evidence: Floats, near: Floats, mix: Floats) -> float:
    """How many faces' worth the album's ``mix`` (k,) is, against those ``near`` (n, k), so that the
    ``evidence`` (n, k) of every face is likeliest; `NO_CONTEXT` where neighbours say nothing."""

    return max((NO_CONTEXT, *STRENGTHS), key=lambda one: _log_chance(evidence, near, mix, one))


def _log_chance(evidence: Floats, near: Floats, mix: Floats, strength: float) -> float:
    chance = (evidence * _prior(near, mix, strength)).sum(axis=1)
    return float(np.log(np.maximum(chance, SMALLEST)).sum())


def _prior(near: Floats, mix: Floats, strength: float) -> Floats:
    if not np.isfinite(strength):
        return np.broadcast_to(mix, near.shape)
    return np.asarray((near + strength * mix) / (near.sum(axis=1, keepdims=True) + strength))


def _windows(around: Surroundings) -> tuple[Ints, Ints, Ints]:
    """Of each face: its image's place in order, and the first and one past the last image near."""
    images, first, place = np.unique(around.image, return_index=True, return_inverse=True)
    folder = around.folder[first]
    # images of a folder follow each other by name; where they do not, a run ends
    run = np.cumsum(np.append(True, folder[1:] != folder[:-1]))
    starts, ends = np.searchsorted(run, run, "left"), np.searchsorted(run, run, "right")
    at = np.arange(len(images))
    low = np.maximum(at - NEAR_IMAGES, starts)
    high = np.minimum(at + NEAR_IMAGES + 1, ends)
    return place.reshape(-1), low[place.reshape(-1)], high[place.reshape(-1)]


def _near(now: Floats, around: Surroundings, windows: tuple[Ints, Ints, Ints]) -> Floats:
    """(n, k): how often each is in the images near, without the face's own image and burst."""
    place, low, high = windows
    of_image = np.zeros((int(place.max()) + 1, now.shape[1]))
    np.add.at(of_image, place, now)
    total = np.vstack([np.zeros(now.shape[1]), np.cumsum(of_image, axis=0)])
    near = total[high] - total[low] - of_image[place]
    _, burst = np.unique(around.burst, return_inverse=True)
    of_burst = np.zeros((int(burst.max()) + 1, now.shape[1]))
    np.add.at(of_burst, burst, now)
    return np.asarray(np.maximum(near - (of_burst[burst] - now), 0.0))
