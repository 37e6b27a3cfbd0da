"""``run_card.json`` of a training: all that repeats it and what came out, kept while it runs."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from facesort.files import replacing
from facesort.models.training.start import Transfer
from facesort.paths import ASSETS

CARD = "run_card.json"
RUNNING, FINISHED, FAILED = "running", "finished", "failed"
_HEADLESS = "-opencv-headless"  # the build of Ultralytics for OpenCV without windows
_PACKAGES = (
    "ultralytics",
    f"ultralytics{_HEADLESS}",
    "torch",
    "torchvision",
    "numpy",
    "opencv-python",
    "opencv-python-headless",
)

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
    with replacing(folder / CARD) as temporary:
        temporary.write_text(text, encoding="utf-8")


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


def hash_data(images_and_labels: Iterable[tuple[Path, Path]]) -> str:
    """One number for a data set: names and sizes of the images, and every byte of the labels.

    The folder does not count, so that the same data elsewhere has the same number.
    """
    digest = sha256()
    for image, label in sorted(images_and_labels, key=lambda pair: pair[0].name):
        text = label.read_bytes() if label.is_file() else b""
        head = f"{image.name}\0{image.stat().st_size}\0{len(text)}\0"
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


class Recording:
    """Callbacks of one training. The card is written at its start, end, and with each checkpoint.

    ``bf16_cpu`` and ``focal`` are written into the card as they are; ``say`` takes lines.
    """

    def __init__(
        self, command: str, bf16_cpu: bool, focal: float | None, say: Callable[[str], object]
    ) -> None:
        self._command, self._say = command, say
        self._extras: Card = {"bf16_cpu": bf16_cpu, "focal": focal, "class_weights": None}
        self._transferred: Card | None = None
        self._card: Card = {}
        self._folder: Path | None = None
        self._begin = time.monotonic()
        self._seconds_before = 0.0

    def attach(self, model: Any) -> None:
        """Let ``model`` (an Ultralytics YOLO) call back."""
        model.add_callback("on_train_start", self.started)
        model.add_callback("on_model_save", lambda trainer: self._save())
        model.add_callback("on_train_end", self.ended)

    def transferred(self, transfer: Transfer) -> None:
        self._transferred = transfer.as_dict()
        self._say(str(transfer))

    def weighed(self, weights: Mapping[str, float]) -> None:
        self._extras["class_weights"] = dict(weights)
        self._say("class weights: " + ", ".join(f"{n} {w:.3f}" for n, w in weights.items()))

    def started(self, trainer: Any) -> None:
        self._folder = Path(trainer.save_dir)
        old = read_card(self._folder) if trainer.resume else {}
        self._seconds_before = old.get("seconds", 0.0)
        self._card = {
            "status": RUNNING,
            "command": old.get("command") or self._command,
            "started": old.get("started", now()),
            "resumed": [*old.get("resumed", []), now()] if trainer.resume else [],
            "seed": trainer.args.seed,
            "start": old.get("start") or _start(trainer, self._transferred),
            "data": _data(trainer),
            "extras": self._extras,
            "arguments": vars(trainer.args),
            "versions": versions(),
            "git": git_commit(),
            "machine": machine(),
        }
        self._save()

    def ended(self, trainer: Any) -> None:
        self._card["status"] = FINISHED
        self._card["results"] = {
            "epochs": trainer.epoch + 1,
            "of_epochs": trainer.epochs,
            "parameters": sum(p.numel() for p in trainer.model.parameters()),
            "best_sha256": hash_file(trainer.best) if trainer.best.is_file() else None,
            "metrics": {key: float(value) for key, value in (trainer.metrics or {}).items()},
        }
        self._save()

    def failed(self, reason: str) -> None:
        if self._folder is not None and self._card["status"] == RUNNING:
            self._card |= {"status": FAILED, "reason": reason}
            self._save()

    def _save(self) -> None:
        assert self._folder is not None
        seconds = self._seconds_before + time.monotonic() - self._begin
        write_card(self._folder, self._card | {"seconds": round(seconds, 1)})


def _start(trainer: Any, transferred: Card | None) -> Card:
    """The files that weights came from, with their hashes; none means from scratch."""
    files = [str(trainer.args.model), str(trainer.args.pretrained)]
    checkpoints = [Path(file) for file in files if file.endswith(".pt") and Path(file).is_file()]
    return {
        "model": files[0],
        "weights": {str(file): hash_file(file) for file in checkpoints},
        "transferred": transferred,
    }


def _data(trainer: Any) -> Card:
    train, val = trainer.train_loader.dataset, trainer.test_loader.dataset
    hashes = {
        split: hash_data(zip(map(Path, part.im_files), map(Path, part.label_files), strict=True))
        for split, part in (("train", train), ("val", val))
    }
    return {
        "config": str(trainer.args.data),
        "names": list(trainer.data["names"].values()),
        "images": {"train": len(train.im_files), "val": len(val.im_files)},
        "sha256": hashes,
    }
