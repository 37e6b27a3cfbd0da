"""Forces names to the disk: a new file, link or folder outlives a power cut only once the folder
that lists it was synced (fsync(2)). Windows has no such call and needs none."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Force the entries of ``folder`` to the disk; where a file system cannot, nothing happens."""
    if os.name == "nt":
        return
    with suppress(OSError):  # gone meanwhile, or a network disk that knows no fsync of folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
