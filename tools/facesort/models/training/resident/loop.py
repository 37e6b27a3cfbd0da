"""The training loop: drawn images of changing size, one pass after another until time is up.

The network, its loss and its checkpoint are Ultralytics'; only the data never leave the device.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from facesort.classes import CLASS_NAMES
from facesort.models.training.resident.geometry import Batch, Geometry, draw
from facesort.models.training.resident.photometry import cover_edges, degrade
from facesort.models.training.resident.pool import ImagePool

# Photos are seen at 640 px; crops and portraits are not enlarged to that, so smaller sizes too.
SIDES = {640: 0.4, 512: 0.16, 416: 0.14, 320: 0.18, 224: 0.12}
_REPORT_S = 15
_CLOSING = 0.85  # from here on no mosaics and gentler turns: images as they really are
_GENTLE = Geometry(0.6, 1.3, mosaic=0.0, turn=0.5, turn_far=0.1, turn_over=0.01, stretch=0.06)


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn.

    ``stage_s``: seconds after which images of group 1 join in; a checkpoint is kept just before.
    ``largest_px``: no larger images than these. ``frozen``: that many first layers, and the running
    statistics of every batch normalization, stay as they are, which halves the time of a step.
    """

    seconds: float
    stage_s: float = 0.0
    batch: int = 128
    learning_rate: float = 1.5e-3
    last_rate: float = 0.02
    warmup_steps: int = 300
    weight_decay: float = 5e-4
    ema_decay: float = 0.998  # the mean of about the last 500 steps
    ema_warmup_steps: int = 300
    seed: int = 0
    largest_px: int = 640
    frozen: int = 0


def train(
    model: Any,
    pool: ImagePool,
    plan: Schedule,
    save: Callable[[Any, str], None],
    say: Callable[[str], None],
) -> Any:
    """Train ``model`` (an Ultralytics DetectionModel on the pool's device); returns its average.

    ``save(average, name)`` is called before the second stage and at the end.
    """
    import torch
    from ultralytics.utils.torch_utils import ModelEMA

    torch.manual_seed(plan.seed)
    torch.set_float32_matmul_precision("high")
    model = model.to(memory_format=torch.channels_last).train()
    _freeze(model, plan.frozen)
    sides = {side: share for side, share in SIDES.items() if side <= plan.largest_px}
    average = ModelEMA(model, decay=plan.ema_decay, tau=plan.ema_warmup_steps)
    optimizer = _optimizer(model, plan)
    criterion = model.init_criterion()
    started, step, staged, reported_s = time.monotonic(), 0, False, 0.0
    with ThreadPoolExecutor(1) as ahead:  # on a processor, drawing takes as long as learning
        drawn = ahead.submit(_draw, pool, plan, sides, 0.0, not plan.stage_s)
        while (spent := time.monotonic() - started) < plan.seconds:
            if plan.stage_s and not staged and spent >= plan.stage_s:
                save(average.ema, "stage")
                staged = True
            progress = spent / plan.seconds
            _set_rate(optimizer, plan, progress, step)
            batch = drawn.result()
            drawn = ahead.submit(_draw, pool, plan, sides, progress, staged or not plan.stage_s)
            losses = _learn(model, criterion, optimizer, batch)
            average.update(model)
            step += 1
            if spent - reported_s > _REPORT_S:
                reported_s = spent
                save(average.ema, "last")  # a run that is killed leaves what it had
                values = " ".join(f"{name} {float(value):.3f}" for name, value in losses.items())
                rate = step * plan.batch / spent
                say(f"{spent:5.0f} s  step {step}  {rate:.0f} images/s  {values}")
    save(average.ema, "last")
    say(f"{step} steps, {step * plan.batch} images")
    return average.ema


def _freeze(model: Any, layers: int) -> None:
    """For fine-tuning where steps are dear; nothing is frozen when ``layers`` is 0."""
    from torch.nn import BatchNorm2d

    if not layers:
        return
    for layer in model.model[:layers]:
        for parameter in layer.parameters():
            parameter.requires_grad = False
    for module in model.modules():
        if isinstance(module, BatchNorm2d):
            module.eval()


def _draw(
    pool: ImagePool, plan: Schedule, sides: dict[int, float], progress: float, everything: bool
) -> Batch:
    import torch

    rows = _choose(pool, 4 * plan.batch, everything)
    picked = torch.multinomial(torch.tensor(list(sides.values())), 1)
    side_px = list(sides)[int(picked)]
    how = _GENTLE if progress > _CLOSING else _for_side(side_px)
    with torch.no_grad():
        batch = cover_edges(draw(pool, rows, side_px, how))
        return replace(batch, images=degrade(batch.images))


def _for_side(side_px: int) -> Geometry:
    """Small images are mostly one face: fewer mosaics, more faces that fill the frame."""
    return Geometry() if side_px > 320 else Geometry(mosaic=0.15, zoom_to_face=0.5)


def _choose(pool: ImagePool, count: int, everything: bool) -> Any:
    import torch

    weight = pool.weight if everything else pool.weight * (pool.group == 0)
    return torch.multinomial(weight, count, replacement=True).to(pool.device)


def _optimizer(model: Any, plan: Schedule) -> Any:
    import torch

    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    plain = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": plan.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.learning_rate)


def _set_rate(optimizer: Any, plan: Schedule, progress: float, step: int) -> None:
    cosine = (1 + math.cos(math.pi * progress)) / 2
    rate = plan.learning_rate * (plan.last_rate + (1 - plan.last_rate) * cosine)
    rate *= min(1.0, (step + 1) / plan.warmup_steps)
    for group in optimizer.param_groups:
        group["lr"] = rate


def _learn(model: Any, criterion: Any, optimizer: Any, batch: Batch) -> dict[str, Any]:
    import torch

    device_type = batch.images.device.type
    images = (batch.images / 255).contiguous(memory_format=torch.channels_last)
    with torch.autocast(device_type, dtype=torch.bfloat16):
        raw = model(images)
    output = {
        name: value.float() if hasattr(value, "float") else [part.float() for part in value]
        for name, value in raw.items()
    }
    loss, items = criterion(output, _targets(batch))
    optimizer.zero_grad(set_to_none=True)
    loss.sum().backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
    optimizer.step()
    return dict(items)


def _targets(batch: Batch) -> dict[str, Any]:
    """The faces as Ultralytics' loss takes them: sorted by picture, xywhn."""
    import torch

    side_px = batch.images.shape[-1]
    order = batch.row.argsort(stable=True)
    box = batch.xyxy_px[order] / side_px
    xywhn = torch.cat([(box[:, :2] + box[:, 2:]) / 2, box[:, 2:] - box[:, :2]], 1)
    return {
        "batch_idx": batch.row[order].float(),
        "cls": batch.class_id[order].float()[:, None],
        "bboxes": xywhn,
    }


def start_network(network: str, weights: Path | None, device: Any) -> Any:
    """The four-class detector ``network`` (yolov8n ...), with what fits of ``weights``."""
    from facesort.models.ultralytics_loader import import_ultralytics, read_yolo

    import_ultralytics()
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import DetectionModel

    model: Any = DetectionModel(f"{network}.yaml", nc=len(CLASS_NAMES), verbose=False)
    model.names = dict(enumerate(CLASS_NAMES))
    model.args = get_cfg()
    if weights is not None:
        model.load(read_yolo(weights).model, verbose=False)
    return model.to(device)


def save_checkpoint(average: Any, file: Path, recipe: dict[str, Any]) -> None:
    """``average`` as an Ultralytics checkpoint in half precision, which YOLO() loads."""
    import torch

    model = copy.deepcopy(average).cpu().half()
    model.criterion = None
    for parameter in model.parameters():
        parameter.requires_grad = False
    content = {"epoch": -1, "model": model, "ema": None, "optimizer": None, "train_args": recipe}
    torch.save(content, file)
