"""Whatever a person does, in whatever order, and however often the power goes: their words stand.

Random sequences of moves, learnings, applications, undoings, sortings anew and kills; after each
step every word that was kept is still there, and at the end everything lies where they said.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import learn_corrections
import pytest
from conftest import jpeg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from taught import drag, said, sort_again, sort_by_person, state_of
from test_album_kill import killed_before_change

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

Face = tuple[str, int]  # photo, number in it
Words = dict[Face, str]

PHOTOS = {
    "a.jpg": ["face"],
    "b.jpg": ["masked"],
    "ab.jpg": ["face", "masked"],
    "ez.jpg": ["sunglasses", "masked_sunglasses"],
}
FOLDERS = ["Ana", "Ben", "Eva", "Zoe", "_strangers", "_unsure", "_not_a_face"]

EVERY_FACE = [(name, number) for name, faces in PHOTOS.items() for number in range(len(faces))]
FACES = st.sampled_from(EVERY_FACE)
STEPS = st.one_of(
    st.tuples(st.just("move"), FACES, st.sampled_from(FOLDERS)),
    st.tuples(st.sampled_from(["learn", "apply", "undo", "sort", "xmp"]), st.just(0)),
    st.tuples(st.sampled_from(["apply", "undo"]), st.integers(1, 60)),
)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An album, examples, and the album sorted."""
    root = tmp_path_factory.mktemp("start")
    (root / "album").mkdir()
    for name, faces in PHOTOS.items():
        (root / "album" / name).write_bytes(jpeg(*faces))
    with inside(root):
        shutil.copytree(sort_by_person(root), root / "first")
    return root


class Person:
    """Does things to a sorted album, and remembers what was said of which face."""

    def __init__(self, dst: Path) -> None:
        self.dst = dst
        self.words: list[Words] = [{}]  # after each learning that stands

    def do(self, step: tuple) -> None:
        kind, *rest = step
        if kind == "move":
            self.move(*rest)
        elif kind == "sort":
            sort_again()
        elif kind == "undo":
            self.undo(*rest)
        else:
            self.learn(kind, *rest)
        if kind != "move":
            assert said(self.dst) == self.words[-1]

    def move(self, face: Face, folder: str) -> None:
        crop = self.crop(face)
        if crop.parent.name != folder:
            drag(crop, folder)

    def crop(self, face: Face) -> Path:
        """Known by how its name ends."""
        (crop,) = (self.dst / "faces").glob(f"*/*_{Path(face[0]).stem}_{face[1]}*.jpg")
        return crop

    def learn(self, kind: str, kill: int) -> None:
        now = self.words[-1] | self.news()
        self.run([*({"apply": ["--apply"], "xmp": ["--xmp"]}.get(kind, []))], kill)
        learnings = len(state_of(self.dst).learnings)
        self.words[learnings:] = [now]  # a new one, or more of the last
        assert len(self.words) == learnings + 1

    def news(self) -> Words:
        """Where crops lie that were moved since the last learning."""
        state = state_of(self.dst)
        news = {}
        for name, number in EVERY_FACE:
            was = state.entries[name].crops[number].split("/")[1]
            now = self.crop((name, number)).parent.name
            if now not in (was, self.words[-1].get((name, number))):
                news[name, number] = now
            elif now == was and state.is_learning and (name, number) in self.words[-1]:
                news[name, number] = now  # put back before its photo had followed
        return news

    def undo(self, kill: int) -> None:
        if len(self.words) > 1:
            self.run(["--undo"], kill)
            self.words.pop()

    def run(self, argv: list[str], kill: int) -> None:
        """As often as it takes."""
        argv, learnings = [str(self.dst), *argv], len(state_of(self.dst).learnings)
        if kill:
            killed_before_change(kill, argv, learn_corrections.main)
        if "--undo" not in argv or len(state_of(self.dst).learnings) == learnings:
            assert learn_corrections.main(argv) == 0


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=3, max_size=9))
def test_no_word_is_lost_or_contradicted(start: Path, steps: list[tuple]) -> None:
    originals = as_they_are(start / "album")
    shutil.rmtree(start / "sorted")
    shutil.copytree(start / "first", start / "sorted")
    person = Person(start / "sorted")
    with inside(start), contextlib.redirect_stdout(io.StringIO()):
        for step in [*steps, ("apply", 0)]:
            person.do(step)
            assert as_they_are(start / "album") == originals
    for face, word in said(person.dst).items():
        assert person.crop(face).parent.name == word
        assert word.startswith("_") or (person.dst / "photos" / word / face[0]).exists()


def as_they_are(album: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in album.iterdir()}


@contextlib.contextmanager
def inside(root: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(root)
    try:
        yield
    finally:
        os.chdir(before)
