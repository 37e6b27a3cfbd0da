"""Teach a face encoder to know people in masks, from its view of bare faces and from real masks.

The student, which starts as the teacher, sees faces with another person's real mask or sunglasses
put on (`views`) and must say of each:

* what the teacher says of the bare photo (distillation, Hinton et al. 2015,
  https://arxiv.org/abs/1503.02531), half of it the mean of that person's bare photos;
* rather that than what it says of the others (InfoNCE, van den Oord et al. 2018,
  https://arxiv.org/abs/1807.03748), by as much as two teachers together find them apart
  (relational distillation, Park et al. 2019, https://arxiv.org/abs/1904.05068);
* the same for all photos of a person in real masks (supervised contrastive, Khosla et al. 2020,
  https://arxiv.org/abs/2004.11362, and a cosine margin, CosFace, Wang et al. 2018,
  https://arxiv.org/abs/1801.09414), with another mask over theirs now and then, or the cloth of the
  day would be who they are.

Bare faces stay what they were: they are in every batch, weights are drawn back to the start, and
what is kept lies between the start and the mean of the last steps (WiSE-FT, Wortsman et al. 2022,
https://arxiv.org/abs/2109.01903): some hundred people must not bend a space made by a million.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from facesort.models.people.trainable import as_module
from facesort.models.people.training_people import Teaching, batches
from facesort.models.people.views import Tensor, Views

SHARPNESS, SCALE, MARGIN, CONTRAST = 16.0, 24.0, 0.2, 14.0  # InfoNCE, CosFace twice, contrastive
SAME_PERSON = 0.5  # cosine of bare faces above which two unknown people may be one
CENTRES_FASTER = 3.0  # learning rate of people's centres against that of the network
WARM_UP, CLIP = 0.04, 2.0
KEPT = 0.995  # of the mean weights at each step
MASKED, MASKED_BARE, MASKED_AGAIN = 0.6, 0.35, 0.4  # who gets a mask: the unlabelled, real ones
GLASSES, GLASSES_REAL = 0.17, 0.04


@dataclass(frozen=True)
class Recipe:
    """Weights of the losses beside distillation, learning rate, faces a step, how far a step at
    full rate draws the weights back to the start, and how far from it they end (1: as trained)."""

    nce: float = 0.15
    relations: float = 10.0
    people: float = 0.05
    contrast: float = 0.15
    learning_rate: float = 4e-4
    batch: int = 256
    pull: float = 0.002
    blend: float = 0.5


def finetune(
    graph: Any,
    pixels: Callable[[Tensor], Tensor],
    views: Views,
    teaching: Teaching,
    minutes: float,
    recipe: Recipe,
    seed: int = 0,
    say: Callable[[str], None] = lambda line: None,
) -> Any:
    """Train ``graph`` (`trainable.load_graph`) for ``minutes`` and return it as a torch module.
    ``pixels`` turns faces of 0 to 255 into what it takes."""
    import torch

    torch.manual_seed(seed)
    device = views.crops.device
    network = as_module(graph).to(device)
    weights = list(network.parameters())
    start = [w.detach().clone() for w in weights]
    mean = [w.detach().clone() for w in weights]
    centres = torch.nn.Parameter(teaching.centres.clone())
    groups = [{"params": weights, "times": 1.0}, {"params": [centres], "times": CENTRES_FASTER}]
    optimiser = torch.optim.AdamW(groups, lr=0.0, weight_decay=0.0, betas=(0.9, 0.98))
    mixed = torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda")
    begun, step, reported, losses = time.monotonic(), 0, 0.0, {}
    for rows, first in batches(teaching, recipe.batch, np.random.default_rng(seed)):
        done = (time.monotonic() - begun) / (60 * minutes)
        if done >= 1:
            break
        pace = _pace(done)
        for group in optimiser.param_groups:
            group["lr"] = recipe.learning_rate * pace * group["times"]
        faces = pixels(views.varied(rows, *_worn(teaching.bare[rows], first)))
        with mixed:
            vectors = network(faces.contiguous(memory_format=torch.channels_last))
        losses = _losses(_unit(vectors.float()), rows, first, teaching, _unit(centres))
        loss = losses["near"] + sum(getattr(recipe, n) * losses[n] for n in losses if n != "near")
        optimiser.zero_grad(set_to_none=True)
        if not torch.isfinite(loss):
            continue
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, CLIP)
        optimiser.step()
        with torch.no_grad():
            torch._foreach_lerp_(weights, start, recipe.pull * pace)
            kept = min(KEPT, (1 + step) / (10 + step))
            torch._foreach_lerp_(mean, [w.detach() for w in weights], 1 - kept)
        step += 1
        if done - reported > 0.05:
            reported = done
            say(f"{done:4.0%} step {step}: {_line(losses)}")
    say(f"{step} steps of {recipe.batch} faces: {_line(losses)}")
    with torch.no_grad():
        torch._foreach_lerp_(mean, start, 1 - recipe.blend)
        torch._foreach_copy_(weights, mean)
    return network.eval()


def _pace(done: float) -> float:
    """Learning rate over its top value: a short rise, then half a cosine down."""
    return min(1.0, done / WARM_UP + 0.02) * 0.5 * (1 + math.cos(math.pi * done)) + 2.5e-4


def _worn(bare: Tensor, first: int) -> tuple[Tensor, Tensor]:
    """Who gets a mask, and who sunglasses; the ``first`` faces are to be distilled from."""
    import torch

    n, device = len(bare), bare.device
    distilled = torch.arange(n, device=device) < first
    u, v = torch.rand(n, device=device), torch.rand(n, device=device)
    real = torch.where(bare, u < MASKED_BARE, u < MASKED_AGAIN)
    return torch.where(distilled, u < MASKED, real), v < torch.where(
        distilled, torch.tensor(GLASSES, device=device), torch.tensor(GLASSES_REAL, device=device)
    )


def _losses(
    vectors: Tensor, rows: Tensor, first: int, teaching: Teaching, centres: Tensor
) -> dict[str, Tensor]:
    """Named as the weights in `Recipe`; ``near`` is distillation itself."""
    import torch

    person, bare = teaching.person[rows], teaching.bare[rows]
    known = person >= 0
    of_person = teaching.centres[person.clamp(0)]
    aim = torch.where((bare | ~known)[:, None], teaching.goal[rows], of_person)
    anchored = bare | (known & teaching.has_bare[person.clamp(0)])
    a, aims, who = vectors[anchored], aim[anchored], person[anchored]
    labelled = rows[first:], vectors[first:], person[first:]
    keep = labelled[2] >= 0
    return {
        "near": 1 - (a * aims).sum(1).mean(),
        "nce": _nce(a, aims, who),
        "relations": _relations(vectors[:first], rows[:first], teaching),
        "people": _margin(vectors[known], person[known], centres),
        "contrast": _contrast(*(x[keep] for x in labelled)),
    }


def _nce(vectors: Tensor, aims: Tensor, person: Tensor) -> Tensor:
    import torch

    same = (person[:, None] == person[None]) & (person[:, None] >= 0)
    same = same | (aims @ aims.T > SAME_PERSON)
    same.fill_diagonal_(False)
    cosine = (SHARPNESS * vectors @ aims.T).masked_fill(same, -1e4)
    own = torch.arange(len(vectors), device=vectors.device)
    return torch.nn.functional.cross_entropy(cosine, own)


def _relations(vectors: Tensor, rows: Tensor, teaching: Teaching) -> Tensor:
    import torch

    others = ~torch.eye(len(rows), dtype=torch.bool, device=vectors.device)
    found = vectors @ teaching.target[rows].T
    return ((found - teaching.relation(rows)) ** 2)[others].mean()


def _margin(vectors: Tensor, person: Tensor, centres: Tensor) -> Tensor:
    import torch

    if not len(vectors):
        return centres.sum() * 0
    own = torch.nn.functional.one_hot(person, len(centres))
    cosine = vectors @ centres.T - MARGIN * own
    return torch.nn.functional.cross_entropy(SCALE * cosine, person)


def _contrast(rows: Tensor, vectors: Tensor, person: Tensor) -> Tensor:
    import torch

    itself = rows[:, None] == rows[None]
    pairs = (person[:, None] == person[None]) & ~itself
    some = pairs.any(1)
    if not some.any():
        return vectors.sum() * 0
    cosine = CONTRAST * vectors @ vectors.T
    log_share = cosine - torch.logsumexp(cosine.masked_fill(itself, -1e4), 1, keepdim=True)
    return -((log_share * pairs).sum(1) / pairs.sum(1).clamp(1))[some].mean()


def _unit(rows: Tensor) -> Tensor:
    import torch

    return torch.nn.functional.normalize(rows, dim=1)


def _line(losses: dict[str, Tensor]) -> str:
    return " ".join(f"{name} {float(value.detach()):.3f}" for name, value in losses.items())
