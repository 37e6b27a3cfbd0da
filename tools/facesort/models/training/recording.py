"""Keeps a run card while Ultralytics trains: what went in at the start, what came out at last."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from facesort.models.training.run_card import (
    FAILED,
    FINISHED,
    RUNNING,
    Card,
    git_commit,
    hash_data,
    hash_file,
    machine,
    now,
    read_card,
    versions,
    write_card,
)
from facesort.models.training.transfer import Transfer


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
