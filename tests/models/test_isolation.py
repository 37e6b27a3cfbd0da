"""While a training runs, Ultralytics fetches nothing and has no logger that was not asked for."""

import os
from types import SimpleNamespace

import pytest

from facesort.errors import ModelError
from facesort.models.training.trainer import attach_logs, isolated


def test_downloads_are_refused_and_loggers_are_not_attached() -> None:
    from ultralytics.utils import callbacks, downloads

    stock = downloads.safe_download, callbacks.add_integration_callbacks
    trainer = type("Trainer", (), {"callbacks": callbacks.get_default_callbacks()})()
    before = {event: list(functions) for event, functions in trainer.callbacks.items()}
    with isolated():
        with pytest.raises(ConnectionError, match=r"yolo11n\.pt: not on this machine"):
            downloads.safe_download("https://example.org/yolo11n.pt")
        callbacks.add_integration_callbacks(trainer)
    assert trainer.callbacks == before
    assert (downloads.safe_download, callbacks.add_integration_callbacks) == stock


@pytest.mark.parametrize("package", ["wandb", "tensorboard"])
def test_a_logger_that_is_not_there_is_told(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under pytest Ultralytics' loggers are empty, as they are where the package is missing."""
    monkeypatch.setattr("os.environ", dict(os.environ))
    wandb, tensorboard = ("offline", False) if package == "wandb" else (None, True)
    with pytest.raises(ModelError, match=f"--{package}: {package} is not installed; pip install"):
        attach_logs(SimpleNamespace(), wandb, tensorboard)
