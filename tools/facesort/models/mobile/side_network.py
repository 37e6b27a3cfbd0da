"""The network of a checkpoint for a phone, and what is built around it (runs in .venv-mobile).

``with_image``: bytes in, as cameras give them. ``with_nms``: faces out, by greedy suppression in
plain tensor operations, since neither LiteRT nor CoreML has one that takes any number of classes.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

MOST = 100  # faces that suppression looks at and gives, the surest
ROUNDS = 24  # a longer chain of faces, each of which hides the next, does not occur


@dataclass(frozen=True)
class Around:
    """What is built in: see the module. ``conf`` and ``iou`` are suppression's thresholds."""

    imgsz: int
    with_image: bool = False
    with_nms: bool = False
    conf: float = 0.25
    iou: float = 0.6

    @classmethod
    def read(cls, text: str) -> Around:
        return cls(**json.loads(text))


class Network(nn.Module):
    """(1, 3, h, w) floats 0 to 1, or (1, h, w, 3) bytes, to the raw output or (1, `MOST`, 6)."""

    def __init__(self, model: nn.Module, around: Around) -> None:
        super().__init__()
        self.model, self.around = model, around

    def forward(self, image: Tensor) -> Tensor:
        if self.around.with_image:
            image = image.permute(0, 3, 1, 2).float() / 255
        raw: Tensor = self.model(image)
        return suppressed(raw, self.around) if self.around.with_nms else raw


def suppressed(raw: Tensor, around: Around) -> Tensor:
    """Rows x1 y1 x2 y2 confidence class of ``raw`` (1, 4 + classes, anchors), the surest first;
    rows of zeros follow."""
    scores, classes = raw[0, 4:].max(dim=0)
    best, index = scores.topk(min(MOST, scores.shape[0]))
    centre, half = raw[0, :2].t()[index], raw[0, 2:4].t()[index] / 2
    low, high = centre - half, centre + half
    corner = torch.minimum(high[:, None], high[None]) - torch.maximum(low[:, None], low[None])
    shared = corner.clamp(min=0).prod(dim=2)
    area = (high - low).prod(dim=1)
    overlap = shared > around.iou * (area[:, None] + area[None] - shared)
    hides = overlap.float() * torch.ones_like(shared).triu(diagonal=1)  # the surer the weaker
    likely = (best >= around.conf).float()
    kept = likely
    for _ in range(ROUNDS):  # until nothing changes: greedy suppression's own answer
        kept = likely * (1 - (kept[None] @ hides)[0].clamp(max=1))
    rows = torch.cat([low, high, best[:, None], classes[index].float()[:, None]], dim=1)
    order = (best * kept).topk(best.shape[0]).indices
    return (rows * kept[:, None])[order][None]


def load(checkpoint: Path) -> nn.Module:
    """The detector of a checkpoint that facesort has read already, fused, ready to be traced."""
    ultralytics: Any = import_module("ultralytics")
    if ultralytics.settings["sync"]:
        ultralytics.settings.update({"sync": False})
    model = ultralytics.YOLO(str(checkpoint)).model.float().eval()
    model.fuse(verbose=False)
    head = model.model[-1]
    head.export, head.format = True, "litert"
    network: nn.Module = model
    return network


def example(around: Around) -> Tensor:
    px = around.imgsz
    if around.with_image:
        return torch.zeros(1, px, px, 3, dtype=torch.uint8)
    return torch.zeros(1, 3, px, px)


def convolutions(model: nn.Module, image: Tensor) -> list[str]:
    """Names of the convolutions in the order in which they run."""
    order: list[str] = []
    hooks = [
        module.register_forward_hook(lambda *_, name=name: order.append(name))
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d)
    ]
    with torch.no_grad():
        model(image)
    for hook in hooks:
        hook.remove()
    return order


def answer(content: dict[str, object]) -> None:
    """The last line, which facesort reads."""
    print(json.dumps(content), file=sys.stdout, flush=True)
