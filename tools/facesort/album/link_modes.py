"""The ways in which a photo is put into a sorted folder: hard link, symbolic link, copy.

A new one is one function and one line here: scripts take the names and their help from it. What
runs the functions, and finds out which of them a disk allows, is `album.disk`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from facesort.files import copy_synced, hard_link

HARD, SYM, COPY = "hard", "sym", "copy"


@dataclass(frozen=True)
class LinkMode:
    """``make(original, path)`` makes it, or gives False where this disk or system allows none and
    a copy is to be made instead. Where it raises `OSError` at the first photo, nothing is sorted,
    and ``refused`` says what there is none of. ``in_one_step`` says that ``path`` is never there
    in part and never another file's; ``takes_room``, that it takes that of another photo."""

    name: str
    help: str
    make: Callable[[Path, Path], bool]
    in_one_step: bool = False
    takes_room: bool = False
    refused: str = ""


def _symlink(original: Path, path: Path) -> bool:
    os.symlink(os.path.abspath(original), path)
    return True


def _copy(original: Path, path: Path) -> bool:
    copy_synced(original, path)
    return True


_ALL = (
    LinkMode(
        HARD,
        "a second name of the same file, takes no room (edit one, and you edit both); a copy where "
        "the disk knows no such thing",
        hard_link,
        in_one_step=True,
    ),
    LinkMode(
        SYM,
        "to the photo's whole path",
        _symlink,
        in_one_step=True,
        refused="no symbolic links here",
    ),
    LinkMode(COPY, "a file of its own", _copy, takes_room=True),
)
LINK_MODES = {one.name: one for one in _ALL}
