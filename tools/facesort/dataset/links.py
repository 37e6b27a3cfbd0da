"""Put a file at a second place: a hard link, which takes no room, else a copy.

For images only. Label files are edited in place, so they are always copied: through a link the
edit would reach the original.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


def link_or_copy(src: Path, dst: Path, is_whole: bool = False) -> None:
    """Make ``dst`` a hard link to ``src``, or a copy where the disk has no such link.

    A JPEG without its end mark is always copied: Ultralytics repairs such a file when it scans a
    data set, in older versions in place, which through a link would change the original; of one
    that ``is_whole``, the caller has seen that mark. Raises
    `FileExistsError` where ``dst`` is there already, and `OSError` as the disk does.
    """
    real = os.path.realpath(src) if os.path.islink(src) else src  # of a symlink, what it points to
    if (is_whole or not _is_cut_jpeg(real)) and _linked(real, dst):
        return
    dst.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(dst):
        raise FileExistsError(f"{dst} is there already")
    shutil.copyfile(real, dst)
    shutil.copystat(real, dst)


def _linked(src: str | Path, dst: Path) -> bool:
    """Link, after making the folder where it is missing; False where the disk refuses."""
    for _ in range(2):
        try:
            os.link(src, dst)
            return True
        except FileExistsError:
            raise
        except FileNotFoundError:
            dst.parent.mkdir(parents=True, exist_ok=True)
        except OSError:  # other disk, other owner, too many links, no links at all
            return False
    return False


def _is_cut_jpeg(file: str | Path) -> bool:
    with open(file, "rb", buffering=0) as data:
        if data.read(2) != _JPEG_START:
            return False
        data.seek(-2, os.SEEK_END)
        return data.read(2) != _JPEG_END
