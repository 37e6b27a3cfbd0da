"""Plans as files: what a dry run leaves, what ``--plan`` takes, what a killed run goes on with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

from facesort.album.from_json import plan_from_json
from facesort.album.records import Plan, Scan
from facesort.album.state import State
from facesort.album.untrusted import DAMAGED, in_short
from facesort.errors import AlbumError, PhotoError
from facesort.files import write_atomic
from facesort.photos import Found, content_of

FORMAT = "facesort plan 1"


def save_plan(plan: Plan, path: Path) -> None:
    write_atomic(path, map(str.encode, _as_json(plan)), path.with_name(f".{path.name}.tmp"))


def _as_json(plan: Plan) -> Iterator[str]:
    """By pieces, a photo each: as one text, a large album takes much memory."""
    frame = json.dumps({"format": FORMAT, **asdict(replace(plan, entries=()))}, indent=1)
    before, after = frame.split('"entries": []')  # in a string, a quotation mark has a backslash
    yield f'{before}"entries": [\n'
    for number, entry in enumerate(plan.entries):
        yield (",\n" if number else "") + json.dumps(asdict(entry))
    yield f"\n]{after}"


def load_plan(path: Path) -> Plan:
    """Raises `AlbumError` when the file is missing or holds what no run of ours has planned."""
    try:
        data = json.loads(path.read_bytes())
        if data["format"] != FORMAT:
            raise ValueError(f"its format is {data['format']!r}, not {FORMAT!r}")
        return plan_from_json(data)
    except OSError as error:
        raise AlbumError(f"{path}: cannot read the plan ({error.strerror})") from error
    except DAMAGED as error:
        raise AlbumError(
            f"{path}: not a plan as --dry-run saves it ({in_short(error)}); make a new "
            f"one with --dry-run"
        ) from error


def find_plan(path: Path) -> Plan | None:
    """The plan, or None where there is none, or something else."""
    try:
        return load_plan(path)
    except AlbumError:
        return None


def check_album(plan: Plan, photos: Iterable[Found], state: State) -> None:
    """Raise `AlbumError`, naming the photo, unless the album is exactly as it was planned.

    Photos that the destination already holds as they are now may be there besides.
    """
    planned = {entry.scan.photo: entry.scan for entry in plan.entries}
    for found in photos:
        scan = planned.pop(found.relative, None)
        if scan is not None:
            _check_photo(found, scan)
        elif not state.knows(found):
            raise _outdated(found.relative, "was added")
    if planned:
        raise _outdated(min(planned), "is gone")


def check_names_free(plan: Plan, dst: Path, state: State) -> None:
    """Raise `AlbumError` if something stands where the plan wants to put a file."""
    for path in plan.paths:
        if path in state.made or os.path.lexists(dst / path):
            raise _outdated(path, "is in the destination")


def _check_photo(found: Found, scan: Scan) -> None:
    try:  # behind a URL, its bytes are compared when they are copied
        content = scan.content if found.remote else content_of(found.path)
    except PhotoError:
        content = ""
    if (content, found.size_bytes, found.mtime_ns) != (
        scan.content,
        scan.size_bytes,
        scan.mtime_ns,
    ):
        raise _outdated(found.relative, "changed")


def _outdated(what: str, why: str) -> AlbumError:
    return AlbumError(f"{what}: {why} since the plan was made; make a new one with --dry-run")
