"""An album sorted by person in the fake's world, and a hand that drags crops about in it.

A colour is a person there: ``face`` is Ana, ``masked`` Ben, ``sunglasses`` Eva, and
``masked_sunglasses`` nobody who has examples.
"""

from __future__ import annotations

import io
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fake_sort
import numpy as np
from conftest import disk_as_dict, jpeg

from facesort.album.corrections.apply import Options, apply_corrections
from facesort.album.journal import Journal, read_state
from facesort.album.person.identification import vector_from_text, vector_to_text
from facesort.album.state import State
from facesort.album.user_labels import read_labels
from facesort.reporter import ConsoleReporter

PEOPLE = {"Ana": "face", "Ben": "masked", "Eva": "sunglasses"}
ARGV = ["--src", "album", "--by", "person", "--people", "examples"]


def sort_by_person(tmp_path: Path, examples: int = 3) -> Path:
    """Sort ``album`` (made before); the sorted folder."""
    for name, colour in PEOPLE.items():
        folder = tmp_path / "examples" / name
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(examples):
            image = jpeg(colour, confidence=0.7 + number / 100)
            (folder / f"{number}.jpg").write_bytes(image)
    sort_again()
    return tmp_path / "sorted"


def sort_again() -> None:
    """The sorter, which leaves the signals as they were."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    fake_sort.main(ARGV)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def tell_apart(dst: Path) -> None:
    """Make each example another image than any face of the album: the fake sees no difference."""
    journal = Journal(dst / ".facesort/journal.jsonl")
    learned = journal.state.learned
    assert learned
    examples = []
    for number, example in enumerate(learned.examples):
        vector = vector_from_text(example.vector)
        vector[4 + number % 4] = 0.1
        text = vector_to_text(vector / np.linalg.norm(vector))
        examples.append(replace(example, vector=text))
    journal.learned(replace(learned, examples=tuple(examples)))
    journal.close()


def drag(crop: Path, name: str) -> None:
    """To the folder ``name`` of faces/, which is made if it is new."""
    folder = crop.parents[1] / name
    folder.mkdir(exist_ok=True)
    shutil.move(crop, folder / crop.name)


def crops(dst: Path, name: str) -> list[Path]:
    return sorted((dst / "faces" / name).glob("*"))


def taught(dst: Path, apply: bool = False, ask: Callable[[str, str], str] | None = None) -> str:
    """What learning says; it must end well."""
    out = io.StringIO()
    assert (
        apply_corrections(
            dst, Options(apply, ask=ask, suspects=30), ConsoleReporter(out, io.StringIO())
        )
        == 0
    )
    return out.getvalue()


def views(dst: Path) -> dict[str, bytes]:
    """All files that are sorted."""
    disk = disk_as_dict(dst)
    return {p: d for p, d in disk.items() if p.startswith(("faces/", "photos/")) and d != b"folder"}


def photos(dst: Path) -> list[str]:
    return [path.removeprefix("photos/") for path in views(dst) if path.startswith("photos/")]


def said(dst: Path) -> dict[tuple[str, int], str]:
    """Photo and number of a face: the folder that a person chose for it."""
    labels, state = read_labels(dst / "corrections.jsonl"), state_of(dst)
    return {
        (entry.scan.photo, number): folder
        for entry in state.entries.values()
        for number, folder in enumerate(labels.of_faces(entry.scan))
        if folder
    }


def state_of(dst: Path) -> State:
    return read_state(dst / ".facesort/journal.jsonl")
