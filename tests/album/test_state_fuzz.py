"""Whatever is in the files of a destination: one line or a good end, and nothing outside changes.

More than the suite does: ``FACESORT_FUZZ=5000 python -m pytest tests/album/test_state_fuzz.py``.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fake_sort
import learn_corrections
import pytest
from conftest import jpeg
from corrected_albums import PEOPLE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facesort.album.journal import read_state
from facesort.album.journal_lines import SEAL
from facesort.album.saved_plan import load_plan
from facesort.album.user_labels import read_labels
from facesort.errors import FacesortError

EXAMPLES = int(os.environ.get("FACESORT_FUZZ", 20))
FUZZ = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([10**400, -(10**400), 1e999, 2**63, "\0", "", "x" * 10_000]),
    st.sampled_from(
        ["../victim.txt", "photos/../../victim.txt", "faces/../../victim.txt", "/victim.txt"]
    ),
    st.sampled_from(
        ["corrections.jsonl", "photos/face/..", ".facesort/lock", "faces/face/a\\..\\b"]
    ),
    st.lists(st.integers(), max_size=3),
    st.lists(st.text(max_size=3), max_size=3),
    st.dictionaries(st.sampled_from(["photos/../../victim.txt", "a"]), st.integers(), max_size=2),
)


@pytest.fixture(scope="module", params=["class", "person"])
def start(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An album that was sorted, corrected, and is half sorted again."""
    root = tmp_path_factory.mktemp("start")
    (root / "album").mkdir()
    (root / "album/a.jpg").write_bytes(jpeg("face", "masked"))
    (root / "album/b.jpg").write_bytes(jpeg("masked"))
    argv = ["--src", "album", "--dst", "sorted", "--workers", "1"]
    if request.param == "person":
        for name, colour in PEOPLE.items():
            (root / "examples" / name).mkdir(parents=True)
            (root / "examples" / name / "1.jpg").write_bytes(jpeg(colour, confidence=0.7))
        argv += ["--by", "person", "--people", "examples"]
    with quietly(root):
        fake_sort.main(argv)
        crop = next((root / "sorted/faces").glob("*/*_b_0.jpg"))
        shutil.move(crop, root / "sorted/faces/_not_a_face" / crop.name)
        learn_corrections.main(["sorted", "--apply"])
        crop = next((root / "sorted/faces").glob("*/*_a_0.jpg"))
        shutil.move(crop, root / "sorted/faces/_unsure" / crop.name)
        learn_corrections.main(["sorted"])
        shutil.copyfile(root / "album/b.jpg", root / "album/c.jpg")
        fake_sort.main([*argv, "--dry-run"])
        shutil.copyfile(root / "sorted/plan.json", root / "sorted/.facesort/plan.json")
    (root / "victim.txt").write_text("own")
    shutil.move(root / "sorted", root / "first")
    return root


@contextlib.contextmanager
def quietly(root: Path) -> Iterator[None]:
    """In ``root``; what is printed goes nowhere."""
    before = Path.cwd()
    os.chdir(root)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        os.chdir(before)


def outside(root: Path) -> dict[str, bytes]:
    paths = [path for path in root.rglob("*") if (root / "sorted") not in (path, *path.parents)]
    return {str(path): path.read_bytes() if path.is_file() else b"folder" for path in paths}


COMMANDS: list[tuple[Callable[[list[str]], int], list[str]]] = [
    (learn_corrections.main, ["sorted", "--apply"]),
    (learn_corrections.main, ["sorted", "--undo"]),
    (fake_sort.main, ["--src", "album", "--dst", "sorted", "--workers", "1"]),
    (fake_sort.main, ["--plan", "sorted/plan.json"]),
    (fake_sort.main, ["--undo", "--dst", "sorted"]),
]


COMMAND = st.integers(0, len(COMMANDS) - 1)


def try_one(root: Path, command: int, change: Callable[[Path], object]) -> None:
    """A command on a fresh copy of the destination after ``change``."""
    before, (main, argv) = outside(root), COMMANDS[command]
    by_person = ["--by", "person", "--people", "examples"] if (root / "examples").exists() else []
    shutil.rmtree(root / "sorted", ignore_errors=True)
    shutil.copytree(root / "first", root / "sorted")
    change(root / "sorted")
    with quietly(root), contextlib.suppress(FacesortError):
        main([*argv, *(by_person if "--src" in argv else [])])
    assert outside(root) == before, argv


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value within ``value``."""
    yield path
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy


def edited(data: st.DataObject, value: Any) -> Any:
    return replaced(value, data.draw(st.sampled_from(list(places(value)))), data.draw(ODD))


@FUZZ
@given(st.data())
def test_journals(start: Path, data: st.DataObject) -> None:
    """As the first version wrote them: no check guards what a line holds."""
    lines = (start / "first/.facesort/journal.jsonl").read_bytes().splitlines()
    lines = [SEAL.sub(b"}", line) for line in lines]
    number = data.draw(st.integers(0, len(lines) - 1))
    lines[number] = json.dumps(edited(data, json.loads(lines[number]))).encode()

    def change(dst: Path) -> None:
        (dst / ".facesort/journal.head").unlink()
        (dst / ".facesort/journal.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        if not is_pending:
            (dst / ".facesort/plan.json").unlink()

    is_pending = data.draw(st.booleans())
    try_one(start, data.draw(COMMAND), change)


@FUZZ
@given(st.data())
def test_plans(start: Path, data: st.DataObject) -> None:
    plan = edited(data, json.loads((start / "first/plan.json").read_text()))

    def change(dst: Path) -> None:
        for path in (dst / "plan.json", dst / ".facesort/plan.json"):
            path.write_text(json.dumps(plan))

    try_one(start, data.draw(COMMAND), change)


@FUZZ
@given(st.data())
def test_corrections(start: Path, data: st.DataObject) -> None:
    lines = (start / "first/corrections.jsonl").read_text().splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    line = json.loads(lines[number])
    line = {"withdrawn": line} if data.draw(st.booleans()) else line
    lines.append(json.dumps(edited(data, line)))

    def change(dst: Path) -> None:
        (dst / "corrections.jsonl").write_text("\n".join(lines) + "\n")
        (dst / ".facesort/plan.json").unlink()

    try_one(start, data.draw(COMMAND), change)


@FUZZ
@given(
    st.binary(max_size=60),
    st.sampled_from(["manifest.csv", ".facesort/crops", "plan.json"]),
    COMMAND,
)
def test_bytes(start: Path, data: bytes, name: str, command: int) -> None:
    try_one(start, command, lambda dst: (dst / name).write_bytes(data))


READERS: list[Callable[[Path], object]] = [read_labels, read_state, load_plan]


@FUZZ
@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
@pytest.mark.parametrize("read", READERS)
def test_readers(
    read: Callable[[Path], object], data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / f"{read.__name__}.jsonl"
    file.write_bytes(data + b"\n")
    with contextlib.suppress(FacesortError):
        read(file)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """The sorter takes over Ctrl-C."""
    import signal

    numbers = (signal.SIGINT, signal.SIGTERM)
    handlers = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    sys.stdout.flush()
