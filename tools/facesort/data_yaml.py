"""A data set YAML may carry a program; it is refused before Ultralytics can run it.

What follows ``download:`` is a URL to fetch, a shell command, or Python code, and Ultralytics runs
it where the images of ``val`` are missing:
https://docs.ultralytics.com/datasets/detect/#ultralytics-yolo-format
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facesort.errors import DatasetError
from facesort.paths import ASSETS

TRUSTED = ASSETS / "data_configs"  # comes with this project


def is_trusted(file: Path) -> bool:
    """Is ``file`` one of this project's own YAMLs, whose ``download:`` may run?"""
    return file.resolve().is_relative_to(TRUSTED.resolve())


def _is_own_program(download: object) -> bool:
    """In a copy of our YAML: the very program that ours has."""
    import yaml

    ours = ASSETS / "data_configs" / "occlusion.yaml"
    return bool(download == yaml.safe_load(ours.read_text(encoding="utf-8")).get("download"))


def refuse_download(file: Path, content: Mapping[str, Any]) -> None:
    """Raise `DatasetError` where ``content``, read from ``file``, has a ``download:`` of others."""
    download = content.get("download")
    if download and not is_trusted(file) and not _is_own_program(download):
        raise DatasetError(
            f"{file}: its 'download:' would run as a program; it was not run. Get the images "
            "yourself, put them where train and val say, and delete 'download:' from the file"
        )


def check_data_yaml(file: Path) -> None:
    """`refuse_download` for a file that Ultralytics will read; what else is wrong with it is left
    to Ultralytics to say."""
    import yaml

    if file.suffix.lower() not in (".yaml", ".yml"):  # archives and .ndjson lists fetch, and unpack
        raise DatasetError(f"{file}: expected a data set YAML, a .yaml file")
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8", errors="ignore"))
    except (OSError, yaml.YAMLError) as error:
        raise DatasetError(f"{file}: not a data set YAML; expected names, train, val") from error
    if isinstance(content, Mapping):
        refuse_download(file, content)
