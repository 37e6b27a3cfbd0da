"""Teach a face embedding to see through masks and sunglasses, from its own view of the bare face.

Distillation (Hinton et al. 2015, https://arxiv.org/abs/1503.02531): the student sees the face with
something drawn over it, and must say what the teacher, the network it started from, says of the
bare photo. That it sees bare faces too keeps it from forgetting them. People are pulled apart by
a cosine margin (CosFace, Wang et al. 2018, https://arxiv.org/abs/1801.09414) against fixed centres,
the teacher's mean of each person, so that 300 people do not bend a space made by a million. For
the same reason the weights end between student and teacher (WiSE-FT, Wortsman et al. 2022,
https://arxiv.org/abs/2109.01903): bare faces are then told apart as before, covered ones better.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.models.encoders import Normalisation
from facesort.models.people.trainable import as_module

Faces = NDArray[np.uint8]
Ints = NDArray[np.int64]

BATCH = 32
SCALE, MARGIN = 24.0, 0.2  # of CosFace
APART_SHARE = 0.05  # weight of the people loss, which is some ten times the other
LEARNING_RATE = 3e-4
FROZEN = 5  # convolutions up to 28x28 pixels: edges stay edges, and a third of the time is saved
TEACHERS_SHARE = 0.4  # of the weights
SHIFT_PX, TURN_DEG, ZOOM = 3.0, 6.0, 0.05  # what landmarks under a mask get wrong
TO_LAST = ((0, 0), (2, 0))  # pads a column (2, 1) to a matrix (2, 3)


@dataclass(frozen=True, eq=False)
class TrainingFaces:
    """``faces`` (n, kinds, 112, 112, 3) RGB, kind 0 the bare photo; ``person`` (n,) from 0 on;
    ``share`` (kinds,) says how often a face is shown as which kind."""

    faces: Faces
    person: Ints
    share: NDArray[np.float64]

    def __post_init__(self) -> None:
        n, kinds = self.faces.shape[:2]
        if not n or self.person.shape != (n,) or self.share.shape != (kinds,):
            raise ValueError(
                f"faces {self.faces.shape}, person {self.person.shape}, share {self.share.shape}; "
                "expected (n, kinds, 112, 112, 3), (n,), (kinds,) with n above 0"
            )


def distil(
    model: Any,
    data: TrainingFaces,
    normalisation: Normalisation,
    minutes: float,
    seed: int = 0,
    say: Callable[[str], None] = lambda line: None,
) -> Any:
    """Train ``model``, an ONNX graph, for ``minutes`` and return it as a torch module."""
    import torch

    torch.manual_seed(seed)
    network = as_module(model, FROZEN)
    target, centres = _views_of_bare(network, data, normalisation)
    trained = [p for p in network.parameters() if p.requires_grad]
    before = [p.detach().clone() for p in trained]
    optimiser = torch.optim.AdamW(trained, lr=LEARNING_RATE, weight_decay=1e-4)
    batches = _batches(data, seed)
    start, told, step = time.monotonic(), 0.0, 0
    means = np.zeros(2)
    while (done := (time.monotonic() - start) / (60 * minutes)) < 1:
        rows, faces = next(batches)
        optimiser.param_groups[0]["lr"] = LEARNING_RATE * _pace(done)
        found = _unit(network(_pixels(normalisation, faces)))
        near = (1 - (found * target[rows]).sum(1)).mean()
        apart = _apart(found, centres, torch.from_numpy(data.person[rows]))
        optimiser.zero_grad(set_to_none=True)
        (near + APART_SHARE * apart).backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        step += 1
        means += (np.array([near.item(), apart.item()]) - means) / min(step, 50)
        if done - told > 0.05:
            told = done
            say(f"{done:4.0%} step {step}: away from bare {means[0]:.3f}, people {means[1]:.2f}")
    say(f"{step} steps of {BATCH} faces")
    with torch.no_grad():
        for now, then in zip(trained, before, strict=True):
            now.lerp_(then, TEACHERS_SHARE)
    return network.eval()


def _views_of_bare(network: Any, data: TrainingFaces, how: Normalisation) -> tuple[Any, Any]:
    """What the teacher says of each bare face, seen from both sides (n, d), and of each person."""
    import torch

    parts = []
    with torch.no_grad():
        for i in range(0, len(data.faces), BATCH):
            bare = data.faces[i : i + BATCH, 0]
            parts.append(sum(_unit(network(_pixels(how, x))) for x in (bare, bare[:, :, ::-1])))
        views = _unit(torch.cat(parts))
        sums = torch.zeros(int(data.person.max()) + 1, views.shape[1])
        return views, _unit(sums.index_add_(0, torch.from_numpy(data.person), views))


def _apart(found: Any, centres: Any, person: Any) -> Any:
    """CosFace's loss."""
    import torch

    own = torch.nn.functional.one_hot(person, len(centres))
    return torch.nn.functional.cross_entropy(SCALE * (found @ centres.T - MARGIN * own), person)


def _pixels(normalisation: Normalisation, faces: Faces) -> Any:
    import torch

    pixels = torch.from_numpy(normalisation.apply(faces))
    return pixels.contiguous(memory_format=torch.channels_last)


def _pace(done: float) -> float:
    """Learning rate over its top value: a short rise, then half a cosine down."""
    return float(min(1.0, done / 0.03) * 0.5 * (1 + np.cos(np.pi * done)))


def _unit(rows: Any) -> Any:
    import torch

    return torch.nn.functional.normalize(rows, dim=1)


def _batches(data: TrainingFaces, seed: int) -> Iterator[tuple[Ints, Faces]]:
    """Without end: rows of ``data``, and a face each, bare or covered."""
    rng = np.random.default_rng(seed)
    queue = np.empty(0, dtype=np.int64)
    while True:
        while len(queue) < BATCH:
            queue = np.concatenate([queue, rng.permutation(len(data.faces))])
        rows, queue = queue[:BATCH], queue[BATCH:]
        kinds = rng.choice(len(data.share), BATCH, p=data.share / data.share.sum())
        faces = [shaken(data.faces[row, kind], rng) for row, kind in zip(rows, kinds, strict=True)]
        yield rows, np.stack(faces)


def shaken(face: Faces, rng: np.random.Generator) -> Faces:
    """The face (112, 112, 3) as another detector, camera or side would have shown it."""
    import cv2

    side = face.shape[0]
    middle = ((side - 1) / 2, (side - 1) / 2)
    move = cv2.getRotationMatrix2D(middle, rng.normal(0, TURN_DEG / 2), rng.normal(1, ZOOM))
    move = np.asarray(move, dtype=np.float64) + np.pad(rng.normal(0, SHIFT_PX / 2, (2, 1)), TO_LAST)
    seen = cv2.warpAffine(face, move, (side, side), borderMode=cv2.BORDER_REPLICATE)
    if rng.random() < 0.5:
        seen = cv2.flip(seen, 1)
    if rng.random() < 0.25:  # a face that was small in its photo
        small = int(rng.uniform(32, 80))
        seen = cv2.resize(seen, (small, small), interpolation=cv2.INTER_AREA)
        seen = cv2.resize(seen, (side, side), interpolation=cv2.INTER_LINEAR)
    bright = np.asarray(seen, dtype=np.float32) * rng.uniform(0.8, 1.2) + rng.uniform(-15, 15)
    return np.clip(bright, 0, 255).astype(np.uint8)
