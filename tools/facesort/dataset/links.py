"""Put a file at a second place: a hard link, which takes no room, else a copy.

For images only. Label files are edited in place, so they are always copied: through a link the
edit would reach the original.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


def link_or_copy(src: Path, dst: Path) -> None:
    """Make ``dst`` a hard link to ``src``, or a copy where the disk has no such link.

    A JPEG without its end mark is always copied: Ultralytics mends such a file when it scans a
    data set, in older versions in place, which through a link would change the original. Raises
    `FileExistsError` where ``dst`` is there already, and `OSError` as the disk does.
    """
    dst.parent.mkdir(parents=True, exist_ok=True)
    real = os.path.realpath(src)  # of a symlink, what it points to
    if not _is_cut_jpeg(real):
        try:
            os.link(real, dst)
            return
        except FileExistsError:
            raise
        except OSError:  # other disk, other owner, too many links, no links at all
            pass
    if os.path.lexists(dst):
        raise FileExistsError(f"{dst} is there already")
    shutil.copyfile(real, dst)
    shutil.copystat(real, dst)


def _is_cut_jpeg(file: str) -> bool:
    with open(file, "rb") as data:
        if data.read(2) != _JPEG_START:
            return False
        data.seek(-2, os.SEEK_END)
        return data.read() != _JPEG_END
