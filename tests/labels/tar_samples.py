"""Tar files for the tests of shards: images, labels, and what does not belong there."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from label_samples import EXIF_ORIENTATION
from PIL import Image


@cache
def jpeg(size_wh: tuple[int, int] = (64, 48), orientation: int = 1) -> bytes:
    out, exif = io.BytesIO(), Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    Image.new("RGB", size_wh, "grey").save(out, "JPEG", exif=exif)
    return out.getvalue()


def shard(path: Path, members: Mapping[str, bytes | tarfile.TarInfo], mode: str = "w") -> Path:
    """A tar file of these members; a `TarInfo` is written as it is, without content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as tar:
        for name, content in members.items():
            if isinstance(content, bytes):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                tar.addfile(content)
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """A link, folder or device."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info
