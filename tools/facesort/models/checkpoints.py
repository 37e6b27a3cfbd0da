"""The one gate for PyTorch files (.pt, .pth): they are read as data, and nothing in them runs.

Such a file is a pickle, that is, a program: https://docs.python.org/3/library/pickle.html . torch
rebuilds only what is on a list, and Ultralytics extends that list by the layers of its networks:
https://docs.pytorch.org/docs/stable/notes/serialization.html#weights-only-security . Some of these
layers fetch weights when they are constructed, so while a file is read this thread can reach
neither the network nor another program (PEP 578).
"""

from __future__ import annotations

import os
import pickle
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import local
from types import ModuleType
from typing import Any

from facesort.errors import ModelError

TRUST_WEIGHTS = "FACESORT_TRUST_WEIGHTS"
OPT_OUT = f"if you trust its origin, set {TRUST_WEIGHTS}=1 to load it all the same"
_OUTSIDE = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
)
_REFUSED = re.compile(
    r"GLOBAL (\S+)|class (\S+) was not|unrecognized function (.+)|unsafe (getattr)"
)

_this_thread = local()  # .reading: a file is being read; .refused: what it tried on the way


def trusts_weights() -> bool:
    """Has the user switched the gate off, for all files of this process?"""
    return os.environ.get(TRUST_WEIGHTS) == "1"


def harden(ultralytics: ModuleType) -> None:
    """Have Ultralytics load every checkpoint, and build every network, without running code.

    Its own switch is read once, at import, from an environment variable; here both places are set.
    """
    is_safe = not trusts_weights()
    ultralytics.utils.SAFE_LOAD = is_safe
    if tasks := sys.modules.get("ultralytics.nn.tasks"):
        tasks.SAFE_LOAD = is_safe  # type: ignore[attr-defined]


@contextmanager
def read_safely(file: Path) -> Iterator[None]:
    """While this lasts, Ultralytics may read ``file``, a checkpoint or a network's YAML.

    Raises `ModelError` where the file asks for code to run, or where the installed torch or
    Ultralytics cannot read it safely; other exceptions pass.
    """
    if trusts_weights():
        yield
        return
    _require_safe_loader(file)
    allow_trunks()
    with _shut_off(file):
        yield


def allow_trunks() -> None:
    """Let checkpoints hold the layers of our torchvision classifiers (``data_configs/models``),
    which Ultralytics has not on its list: containers of torch's layers, that fetch nothing."""
    import torch
    from torchvision.models.efficientnet import MBConv
    from torchvision.models.mobilenetv3 import InvertedResidual
    from torchvision.models.resnet import BasicBlock
    from torchvision.ops.misc import Conv2dNormActivation, SqueezeExcitation
    from torchvision.ops.stochastic_depth import StochasticDepth

    blocks = [BasicBlock, InvertedResidual, MBConv]
    torch.serialization.add_safe_globals(
        [*blocks, Conv2dNormActivation, SqueezeExcitation, StochasticDepth]
    )


def load_state_dict(file: Path) -> dict[str, Any]:
    """The tensors by name in ``file``, as torch and torchvision publish weights.

    Never more than that, whatever is trusted. Raises `ModelError` where it holds something else.
    """
    import torch

    with _shut_off(file):
        try:
            content = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # whatever unpickling, or what is inside, may raise
            if _what_it_asks(error):
                raise
            raise ModelError(f"{file}: not a state dict ({type(error).__name__})") from error
    if not isinstance(content, dict):
        raise ModelError(f"{file}: holds a {type(content).__name__}; expected a state dict")
    return content


def why_unread(error: BaseException) -> str:
    """What is wrong with a file that is no checkpoint, in a few words."""
    if any(isinstance(cause, pickle.UnpicklingError) for cause in _causes(error)):
        return "torch did not write it"
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]


def _require_safe_loader(file: Path) -> None:
    """Where torch is too old for the safe way, Ultralytics takes the other without a word."""
    import torch
    from ultralytics.nn import tasks

    loader = getattr(tasks, "_SafeLoad", None)
    if not (getattr(tasks, "SAFE_LOAD", False) and getattr(loader, "SUPPORTED", False)):
        raise ModelError(
            f"{file}: torch {torch.__version__} with this Ultralytics cannot read it without "
            f"running what is in it; install torch 2.6 or newer, or, {OPT_OUT}"
        )


@contextmanager
def _shut_off(file: Path) -> Iterator[None]:
    _install_hook()
    _this_thread.reading, _this_thread.refused = True, ""
    try:
        yield
    except Exception as error:
        if what := _this_thread.refused or _what_it_asks(error):
            raise ModelError(
                f"{file}: asks for {what}, which no network needs; it was not loaded and nothing "
                f"in it was run; {OPT_OUT}"
            ) from error
        raise
    finally:
        _this_thread.reading = False


@cache
def _install_hook() -> None:
    """Once in a process: there is no way to remove it."""
    sys.addaudithook(_refuse_outside)


def _refuse_outside(event: str, _arguments: object) -> None:
    if getattr(_this_thread, "reading", False) and event.startswith(_OUTSIDE):
        _this_thread.refused = event
        raise PermissionError(f"{event}: refused while a checkpoint is read")


def _what_it_asks(error: BaseException) -> str:
    """What a loader refused, in ``error`` or what caused it; empty where it refused nothing."""
    found = next(filter(None, (_REFUSED.search(str(cause)) for cause in _causes(error))), None)
    return next(filter(None, found.groups())) if found else ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
