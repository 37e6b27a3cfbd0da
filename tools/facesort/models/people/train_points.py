"""Train the finder of five points (`points`) from images whose points are known."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.detections import FaceFinder
from facesort.errors import DatasetError, PhotoError
from facesort.models.people.align import Matrix, Pixels, similarity
from facesort.models.people.covered_faces import list_people, open_portrait
from facesort.models.people.points import (
    INPUT_PX,
    TARGET_PX,
    PointFinder,
    as_input,
    see,
    square_of_box,
)
from facesort.models.people.trainable import as_module

Floats = NDArray[np.float64]

BATCH = 48
LEARNING_RATE = 1e-3
CHANNELS = ((3, 24), (24, 48), (48, 72), (72, 96), (96, 128))  # each layer halves the side
SHIFT_SHARE, ZOOM, TURN_DEG = 0.08, 0.12, 14.0  # how far detectors' boxes are from each other
UPRIGHT_SHARE = 0.35  # of the squares are as a second look sees them
MIRRORED = [1, 0, 2, 4, 3]


@dataclass(frozen=True, eq=False)
class KnownPoints:
    """Images, a box (n, 4) and points (n, 5, 2) for each; ``refused`` says why for the rest."""

    images: list[Pixels]
    boxes_px: Floats
    points_px: Floats
    refused: dict[Path, str] = field(default_factory=dict)

    def split(self, every: int) -> tuple[KnownPoints, KnownPoints]:
        """All photos but every n-th one, and those; a photo's two images stay together."""
        apart = np.arange(len(self.images)) // 2 % every == every - 1
        return self._take(~apart), self._take(apart)

    def _take(self, mask: NDArray[np.bool_]) -> KnownPoints:
        images = [self.images[i] for i in np.flatnonzero(mask)]
        return KnownPoints(images, self.boxes_px[mask], self.points_px[mask])


def gather(
    people: Path,
    find: FaceFinder,
    cover: Callable[[Pixels, Floats, np.random.Generator], Pixels],
    progress: Callable[[Iterable[Path], int], Iterable[Path]] | None = None,
    seed: int = 11,
) -> KnownPoints:
    """Each portrait of ``people``, as it is and with the face in its middle covered. Raises
    `DatasetError` where no face is found at all."""
    paths = [path for photos in list_people(people).values() for path in photos]
    rng = np.random.default_rng(seed)
    images: list[Pixels] = []
    boxes, points = [], []
    refused: dict[Path, str] = {}
    for path in progress(paths, len(paths)) if progress else paths:
        try:
            rgb, face = open_portrait(path, find)
        except PhotoError as error:
            refused[path] = str(error)
            continue
        images += [rgb, cover(rgb, face.points_px, rng)]
        boxes += [face.xyxy_px] * 2
        points += [face.points_px] * 2
    if not images:
        raise DatasetError(f"{people}: no face in {len(paths)} photos; expected portraits")
    return KnownPoints(images, np.stack(boxes), np.stack(points), refused)


def mean_error(finder: PointFinder, known: KnownPoints) -> float:
    """How far found points are from the known ones, in distances between the eyes."""
    if not known.images:
        return float("nan")
    off = []
    for rgb, box, points in zip(known.images, known.boxes_px, known.points_px, strict=True):
        found = finder.find(rgb, box)[0]
        eyes = float(np.linalg.norm(points[1] - points[0]))
        off.append(float(np.linalg.norm(found - points, axis=1).mean()) / eyes)
    return float(np.mean(off))


def new_graph(seed: int = 0) -> Any:
    """An untrained network as an ONNX graph: five convolutions of stride 2, each followed by one
    of stride 1 by channel, and one over all that is left (He et al. 2015 for the weights)."""
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(seed)
    nodes: list[Any] = []
    weights: list[Any] = []

    def layer(x: str, out: int, each: int, side: int, stride: int, group: int, gain: float) -> str:
        name = f"w{len(weights) // 2}"
        values = rng.normal(0, gain / np.sqrt(each * side * side), (out, each, side, side))
        weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        weights.append(numpy_helper.from_array(np.zeros(out, np.float32), f"{name}_bias"))
        pad = (side // 2) if side % 2 else 0
        nodes.append(
            helper.make_node(
                "Conv",
                [x, name, f"{name}_bias"],
                [f"{name}_out"],
                kernel_shape=[side, side],
                strides=[stride, stride],
                pads=[pad] * 4,
                dilations=[1, 1],
                group=group,
            )
        )
        return f"{name}_out"

    def relu(x: str) -> str:
        nodes.append(helper.make_node("Relu", [x], [f"{x}_relu"]))
        return f"{x}_relu"

    x = "square"
    for before, after in CHANNELS:
        x = relu(layer(x, after, before, side=3, stride=2, group=1, gain=2**0.5))
        x = relu(layer(x, after, 1, side=3, stride=1, group=after, gain=2**0.5))
    side = INPUT_PX >> len(CHANNELS)
    x = layer(x, 10, CHANNELS[-1][1], side=side, stride=1, group=1, gain=0.1)
    weights.append(numpy_helper.from_array(np.array([0, -1], np.int64), "shape"))
    nodes.append(helper.make_node("Reshape", [x, "shape"], ["away"]))
    graph = helper.make_graph(
        nodes,
        "points",
        [helper.make_tensor_value_info("square", TensorProto.FLOAT, ["n", 3, INPUT_PX, INPUT_PX])],
        [helper.make_tensor_value_info("away", TensorProto.FLOAT, ["n", 10])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def train_points(
    known: KnownPoints,
    minutes: float,
    graph: Any,
    seed: int = 0,
    say: Callable[[str], None] = lambda line: None,
) -> Any:
    """Train ``graph`` for ``minutes`` and return the torch module."""
    import torch

    network = as_module(graph)
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=1e-4)
    rng = np.random.default_rng(seed)
    start, reported, step, mean = time.monotonic(), 0.0, 0, 0.0
    while (done := (time.monotonic() - start) / (60 * minutes)) < 1:
        optimiser.param_groups[0]["lr"] = LEARNING_RATE * 0.5 * (1 + np.cos(np.pi * done))
        rows = rng.integers(0, len(known.images), BATCH)
        seen = [look_at(known.images[i], known.boxes_px[i], known.points_px[i], rng) for i in rows]
        pixels = torch.from_numpy(as_input(np.stack([square for square, _ in seen])))
        away = torch.from_numpy(np.stack([points for _, points in seen]).astype(np.float32))
        found = network(pixels).reshape(-1, 5, 2)
        loss = torch.nn.functional.smooth_l1_loss(found, away)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        step += 1
        error = (found.detach() - away).norm(dim=2).mean().item()
        mean += (error - mean) / min(step, 50)
        if done - reported > 0.1:
            reported = done
            say(f"{done:4.0%} step {step}: {mean:.2f} of {INPUT_PX} px off")
    say(f"{step} steps of {BATCH} faces: {mean:.2f} of {INPUT_PX} px off")
    return network.eval()


def look_at(
    rgb: Pixels, box_px: Floats, points_px: Floats, rng: np.random.Generator
) -> tuple[Pixels, Floats]:
    """A square as `points.PointFinder` may meet it, and how far its points are from the target."""
    if rng.random() < UPRIGHT_SHARE:
        around = points_px + rng.normal(0, 0.03 * (box_px[3] - box_px[1]), (5, 2))
        view = similarity(around, TARGET_PX)
    else:
        view = _moved(square_of_box(box_px), rng)
    square = see(rgb, view)
    points = points_px @ view[:, :2].T + view[:, 2]
    if rng.random() < 0.5:
        square = square[:, ::-1]
        points = (points * [-1, 1] + [INPUT_PX - 1, 0])[MIRRORED]
    bright = square.astype(np.float32) * rng.uniform(0.7, 1.3) + rng.uniform(-25, 25)
    return np.clip(bright, 0, 255).astype(np.uint8), points - TARGET_PX


def _moved(view: Matrix, rng: np.random.Generator) -> Matrix:
    """``view`` turned, zoomed and shifted about the middle of the square."""
    angle = np.deg2rad(rng.normal(0, TURN_DEG))
    zoom = np.exp(rng.normal(0, ZOOM))
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.full(2, INPUT_PX / 2)
    shift = middle - turn @ middle + rng.normal(0, SHIFT_SHARE * INPUT_PX, 2)
    return np.hstack([turn @ view[:, :2], (turn @ view[:, 2] + shift)[:, None]])
