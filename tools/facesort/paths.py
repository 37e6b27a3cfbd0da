"""Where facesort's own files lie: beside tools/ in a checkout, inside an installed package."""

from __future__ import annotations

import shutil
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
IS_INSTALLED = (PACKAGE / "_scripts").is_dir()  # the wheel puts the scripts there

SCRIPTS = PACKAGE / "_scripts" if IS_INSTALLED else PACKAGE.parent
ASSETS = PACKAGE if IS_INSTALLED else PACKAGE.parents[1]  # holds weights/ and data_configs/


def project() -> Path:
    """The folder whose datasets/ and runs/ are written: the checkout, else where you are."""
    return Path.cwd() if IS_INSTALLED else ASSETS


def config(name: str) -> Path:
    """The data set description ``name``: the project's own, else the one that facesort carries."""
    own = project() / "data_configs" / name
    return own if own.is_file() else ASSETS / "data_configs" / name


def project_config(name: str) -> Path:
    """The project's own ``data_configs/name``, copied there first where it is missing: its paths
    are relative to itself, so it has to lie beside the project's datasets/."""
    own = project() / "data_configs" / name
    if not own.is_file():
        own.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ASSETS / "data_configs" / name, own)
    return own
