"""``run_card.json`` in a run's folder: all that is needed to repeat a training, and what came out.

Written when training starts (status "running", which is what a kill leaves) and again at its end.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from facesort.paths import ASSETS

CARD = "run_card.json"
RUNNING, FINISHED, FAILED = "running", "finished", "failed"
_HEADLESS = "-opencv-headless"  # the build of Ultralytics for OpenCV without windows
_PACKAGES = ("ultralytics", f"ultralytics{_HEADLESS}", "torch", "torchvision", "numpy")
_PACKAGES += ("opencv-python", "opencv-python-headless")

Card = dict[str, Any]


def read_card(folder: Path) -> Card:
    """The card of a run's folder; empty where there is none that can be read."""
    try:
        content = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Replace the card at once: a kill leaves the old one or the new one."""
    text = json.dumps(card, indent=2, ensure_ascii=False, default=str) + "\n"
    partial = folder / f"{CARD}.partial"
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, folder / CARD)


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def machine() -> Card:
    """Processor and cores, and the GPUs that torch sees."""
    import torch

    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "gpus": gpus,
    }


def versions() -> dict[str, str]:
    from facesort import __version__

    found = {"python": sys.version.split()[0], "facesort": __version__}
    for package in _PACKAGES:
        try:
            found[package.removesuffix(_HEADLESS)] = version(package)
        except PackageNotFoundError:  # another build of it is there
            continue
    return found


def git_commit() -> str | None:
    """The commit of this project, ``+changes`` where files differ from it; None outside git."""
    commit = _git("rev-parse", "HEAD")
    if not commit:
        return None
    return f"{commit}+changes" if _git("status", "--porcelain", "-uno") else commit


def hash_file(file: Path) -> str:
    digest = sha256()
    with file.open("rb") as opened:
        for block in iter(lambda: opened.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def hash_data(pictures_and_labels: Iterable[tuple[Path, Path]]) -> str:
    """One number for a data set: names and sizes of the pictures, and every byte of the labels.

    The folder does not count, so that the same data elsewhere has the same number.
    """
    digest = sha256()
    for picture, label in sorted(pictures_and_labels, key=lambda pair: pair[0].name):
        text = label.read_bytes() if label.is_file() else b""
        head = f"{picture.name}\0{picture.stat().st_size}\0{len(text)}\0"
        digest.update(head.encode("utf-8", "surrogateescape") + text)
    return digest.hexdigest()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _git(*arguments: str) -> str:
    try:
        command = ["git", "-C", str(ASSETS), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
