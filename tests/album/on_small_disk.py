"""Sorts on a disk of two megabytes that gets full; prints what happened as JSON. Not a test itself.

    unshare --map-root-user --mount python tests/album/on_small_disk.py ALBUM MOUNT_POINT

Runs in a mount namespace of its own, so that it needs no rights and leaves nothing mounted.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import fake_sort

from facesort import console

ARGV = ["--dst", "disk/sorted", "--workers", "1"]


def sort(*argv: str) -> dict[str, object]:
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["sort_photos.py", *argv]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            console.run(fake_sort.main)
        except SystemExit as stop:
            return {"code": stop.code, "out": out.getvalue(), "err": err.getvalue()}
    raise AssertionError("console.run always exits")


def fill(leave_bytes: int) -> Path:
    """Another program takes all of the disk but ``leave_bytes``."""
    filler = Path("disk/filler")
    filler.touch()
    stats = os.statvfs("disk")
    filler.write_bytes(bytes(max(stats.f_bavail * stats.f_frsize - leave_bytes, 0)))
    return filler


def fill_at_the_fifth_photo() -> None:
    opened: list[str] = []

    def watch(event: str, args: tuple[object, ...]) -> None:
        if event == "shutil.copyfile":
            opened.append(str(args[0]))
            if len(opened) == 5:
                fill(leave_bytes=12_000)

    sys.addaudithook(watch)


def files(root: Path) -> dict[str, int]:
    return {
        path.relative_to(root).as_posix(): path.stat().st_size
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".facesort" not in path.parts
    }


def main(album: str, mount_point: Path) -> None:
    os.chdir(mount_point.parent)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", mount_point], check=True)
    facts: dict[str, object] = {}
    filler = fill(leave_bytes=100_000)
    facts["too small"] = sort("--src", album, *ARGV)
    facts["files then"] = files(Path("disk/sorted"))
    filler.unlink()
    fill_at_the_fifth_photo()
    facts["full"] = sort("--src", album, *ARGV)
    facts["files when full"] = files(Path("disk/sorted"))
    facts["full again"] = sort("--src", album, *ARGV)
    filler.unlink()
    facts["resumed"] = sort("--src", album, *ARGV)
    facts["files at last"] = files(Path("disk/sorted"))
    fill(leave_bytes=0)
    facts["undone"] = sort("--undo", "--dst", "disk/sorted")
    facts["files after undo"] = files(Path("disk"))
    print(json.dumps(facts))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
