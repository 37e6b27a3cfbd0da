"""Whatever a .pt or .pth file holds, it is loaded as data or refused in one line: nothing runs.

Damaged checkpoints, and pickles that call what an attacker would. ``FACESORT_FUZZ=2000`` tries that
many of each.
"""

from __future__ import annotations

import builtins
import importlib
import io
import os
import subprocess
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facesort.errors import ModelError
from facesort.models.checkpoints import load_state_dict
from facesort.models.ultralytics_loader import read_yolo

EXAMPLES = int(os.environ.get("FACESORT_FUZZ", "40"))
FUZZ = settings(
    max_examples=EXAMPLES,
    derandomize="FACESORT_FUZZ" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Calls:
    """Pickled, it is a call, and perhaps a change of what the call returned."""

    def __init__(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], state: Any
    ) -> None:
        self._call = (function, arguments, state) if state else (function, arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return self._call


def attacks(victim: Path) -> st.SearchStrategy[Calls]:
    """Calls that would make ``victim``, or that lead to such a call."""
    text = str(victim)
    calls: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
        (os.mkdir, (text,)),
        (os.system, (f"mkdir {text}",)),
        (builtins.eval, (f"__import__('os').mkdir({text!r})",)),
        (builtins.exec, (f"import os; os.mkdir({text!r})",)),
        (builtins.open, (text, "w")),
        (subprocess.Popen, (["mkdir", text],)),
        (importlib.import_module, ("antigravity",)),
        (builtins.getattr, (torch.nn.Module, "__subclasses__")),
        (builtins.getattr, (torch.nn.Identity(), "register_forward_hook")),
        (torch.load, (text,)),
        (torch.hub.load, ("pytorch/vision", "resnet18")),
        (torch.nn.Module, ()),
        (OrderedDict, ([("a", 1)],)),
    ]
    states = st.none() | st.just({"__class__": Path, "forward": os.mkdir, "training": True})
    return st.builds(lambda call, state: Calls(*call, state), st.sampled_from(calls), states)


def nested(attack: st.SearchStrategy[Calls]) -> st.SearchStrategy[Any]:
    """Where Ultralytics looks for a network, and elsewhere."""
    keys = st.sampled_from(["model", "ema", "train_args", "state_dict", "optimizer", "x"])
    tensor = st.just(torch.zeros(2))
    inner = attack | tensor | st.dictionaries(keys, attack | tensor, max_size=3)
    return attack | st.dictionaries(keys, inner, min_size=1, max_size=4)


def loads(file: Path) -> list[str]:
    """What both gates say; an empty text where the content is plain data."""
    said = []
    for load in (read_yolo, load_state_dict):
        try:
            load(file)
            said.append("")
        except ModelError as error:
            assert str(file) in str(error)
            said.append(str(error))
    return said


@FUZZ
@given(st.data())
def test_no_attack_runs(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        victim, file = Path(temporary) / "victim", Path(temporary) / "evil.pt"
        torch.save(data.draw(nested(attacks(victim))), file)
        assert loads(file)[0], "a checkpoint without a network was taken for one"
        assert sorted(p.name for p in Path(temporary).iterdir()) == ["evil.pt"]


@cache
def whole() -> bytes:
    """A small network as Ultralytics saves it."""
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1), torch.nn.SiLU())
    out = io.BytesIO()
    torch.save({"model": network, "train_args": {"imgsz": 32}, "w": torch.zeros(3)}, out)
    return out.getvalue()


def damaged_pickle(content: bytes, at: int, new: bytes) -> bytes:
    """The archive with some bytes of its pickle replaced; its sums are right again."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as made:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("data.pkl"):
                at %= len(data)
                data = data[:at] + new + data[at + len(new) :]
            made.writestr(name, data)
    return out.getvalue()


@FUZZ
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4), st.booleans())
def test_damaged_checkpoints(at: int, new: bytes, in_pickle: bool) -> None:
    content = whole()
    if in_pickle:
        content = damaged_pickle(content, at, new)
    else:
        at %= len(content)
        content = content[:at] + new + content[at + len(new) :]
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "damaged.pt"
        file.write_bytes(content)
        loads(file)
        assert sorted(p.name for p in Path(temporary).iterdir()) == ["damaged.pt"]
