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
from corrected_albums import drag, said, sort_again, sort_by_person, state_of
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from test_album_kill import killed_before_change

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

Face = tuple[str, int]  # photo, number in it
Words = dict[Face, str]

PHOTOS = {
    "a.jpg": ["face"],
    "ab.jpg": ["face", "masked"],
    "z.jpg": ["masked_sunglasses"],
}
FOLDERS = ["Ana", "Ben", "Zoe", "_strangers", "_not_a_face"]

EVERY_FACE = [(name, number) for name, faces in PHOTOS.items() for number in range(len(faces))]
FACES = st.sampled_from(EVERY_FACE)
A = EVERY_FACE[0]
BACK = ""  # where the face was filed
MOVES = st.lists(st.tuples(FACES, st.sampled_from([BACK, *FOLDERS])), max_size=3)
KILL = st.sampled_from([0, 0, 0, 5, 10, 15, 20, 30, 40, 60])  # before which change to the disk
DEEDS = st.sampled_from(["learn", "learn", "apply", "apply", "undo", "sort", "xmp"])
STEPS = st.tuples(MOVES, DEEDS, KILL)


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

    def do(self, moves: list[tuple[Face, str]], deed: str, kill: int) -> None:
        for face, folder in moves:
            crop, folder = self.crop(face), folder or self.filed_in(face)
            if crop.parent.name != folder:
                drag(crop, folder)
        if deed == "sort":
            sort_again()
        elif deed == "undo":
            self.undo(kill)
        else:
            self.learn(deed, kill)
        assert said(self.dst) == self.words[-1]

    def filed_in(self, face: Face) -> str:
        return state_of(self.dst).entries[face[0]].crops[face[1]].split("/")[1]

    def crop(self, face: Face) -> Path:
        """Known by how its name ends."""
        (crop,) = (self.dst / "faces").glob(f"*/*_{Path(face[0]).stem}_{face[1]}*.jpg")
        return crop

    def learn(self, deed: str, kill: int) -> None:
        now = self.words[-1] | self.news()
        self.run([*({"apply": ["--apply"], "xmp": ["--xmp"]}.get(deed, []))], kill)
        learnings = len(state_of(self.dst).learnings)
        self.words[learnings:] = [now]  # a new one, or more of the last
        assert len(self.words) == learnings + 1

    def news(self) -> Words:
        """Where crops lie that were moved since the last learning."""
        state = state_of(self.dst)
        news = {}
        for face in EVERY_FACE:
            was, now = self.filed_in(face), self.crop(face).parent.name
            if now not in (was, self.words[-1].get(face)):
                news[face] = now
            elif now == was and state.is_learning and face in self.words[-1]:
                news[face] = now  # put back before its photo had followed
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


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=2, max_size=4))
@example(steps=[([(A, "Ben")], "learn", 0), ([(A, BACK)], "learn", 0)])
@example(steps=[([(A, "Zoe")], "apply", 15), ([(A, "Ben")], "undo", 10), ([], "learn", 0)])
def test_no_word_is_lost_or_contradicted(start: Path, steps: list[tuple]) -> None:
    originals = as_they_are(start / "album")
    shutil.rmtree(start / "sorted")
    shutil.copytree(start / "first", start / "sorted")
    person = Person(start / "sorted")
    with inside(start), contextlib.redirect_stdout(io.StringIO()):
        for step in [*steps, ([], "apply", 0)]:
            person.do(*step)
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
