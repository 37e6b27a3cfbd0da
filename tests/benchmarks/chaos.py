"""Chaos for corrections: whatever happens at once, no decision of the person is lost.

    python tests/benchmarks/chaos.py
    python tests/benchmarks/chaos.py --minutes 10 --seed 7

A person drags crops about in a small sorted album, renames, copies and deletes some, renames whole
folders, and adds photos, some of them byte for byte the same as others; faces overlap by an IoU of
0.74. Meanwhile two learners and a sorter run at once, and most are killed (SIGKILL) right before a
random change to the disk. Now and then the sorting is undone, killed as well, and done anew. Once
all is quiet, each face must be where the person put it last, and corrections.jsonl must say so; no
command may end in a traceback, and no original may have changed. Exit code 1 if not.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "album"))

import fake_sort
import learn_corrections
import numpy as np
import sort_photos
from conftest import jpeg

from facesort.album.journal import read_state
from facesort.album.state import State
from facesort.album.user_labels import UserLabel, read_labels
from facesort.classes import CLASS_NAMES
from facesort.detections import Detections
from facesort.errors import FacesortError

PEOPLE = {"Ana": "face", "Ben": "masked", "Eva": "sunglasses"}
CHANGES = {"os.link", "os.symlink", "os.rename", "os.mkdir", "os.remove", "os.rmdir"}
EXAMPLE = 0.55  # how sure the detector is of a face in an example; in the album it is more so
MOST_CHANGES = 90  # of a run here; a kill is before one of them, or never comes
SHIFT_PX = 3  # of a face 20 px wide: IoU 17 / 23 with itself
TRACEBACK = 99
TRIES = 6  # to get to the end while nothing disturbs

Face = tuple[str, tuple[float, ...]]  # photo, box
FileKey = tuple[int, int]
Main = Callable[[list[str]], int]


@dataclass
class Outcome:
    rounds: int = 0
    deeds: int = 0
    runs: int = 0
    kills: int = 0
    decisions: int = 0  # that were checked, over all rounds
    failures: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return self.rounds > 0 and self.decisions > 0 and not self.failures


class OverlapDetector(fake_sort.FakeDetector):
    """Sees each block twice, the second time a little to the right; in examples only once."""

    def detect(self, images_rgb: Sequence[np.ndarray]) -> list[Detections]:
        found = super().detect(images_rgb)
        return [_doubled(one) if one.confidence.max(initial=0) > EXAMPLE else one for one in found]


def _doubled(found: Detections) -> Detections:
    shifted = found.xyxy_px + np.array([SHIFT_PX, 0, SHIFT_PX, 0])
    return Detections(
        np.concatenate([found.xyxy_px, shifted]),
        np.concatenate([found.class_id] * 2),
        np.concatenate([found.confidence] * 2),
    )


def key_of(file: Path) -> FileKey:
    """The same after a move; another for a copy or a new file, which may get the inode of one that
    is gone."""
    status = file.stat()
    return status.st_ino, status.st_mtime_ns


def sort(argv: list[str]) -> int:
    return sort_photos.main(argv, lambda *_: OverlapDetector(), fake_sort.FakeDescriber)


def start(main: Main, argv: list[str], kill_before: int = 0) -> int:
    """Run ``main`` in a child process that dies before that change to the disk; its id."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside idle numpy threads
        child = os.fork()
    if child == 0:
        code = TRACEBACK
        try:
            code = _run(main, argv, kill_before)
        finally:
            os._exit(code)
    return child


def _run(main: Main, argv: list[str], kill_before: int) -> int:
    left = kill_before

    def count(event: str, args: tuple[object, ...]) -> None:
        nonlocal left
        writes = event == "open" and isinstance(args[2], int) and args[2] & os.O_ACCMODE
        if event in CHANGES or writes:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    errors = sys.stderr
    with open(os.devnull, "w") as nowhere:
        sys.stdout = sys.stderr = nowhere
        sys.addaudithook(count)
        try:
            return main(argv)
        except FacesortError as error:
            if "FACESORT_CHAOS_LOUD" in os.environ:
                print(error, file=errors)
            return error.exit_code
        except BaseException:
            traceback.print_exc(file=errors)
            return TRACEBACK


class World:
    """An album, what it is sorted into, and the person who moves crops there."""

    def __init__(self, root: Path, rng: random.Random, outcome: Outcome) -> None:
        self.root, self.rng, self.outcome = root, rng, outcome
        self.by_person = rng.random() < 0.5
        self.dst = root / "sorted"
        self.words: dict[Face, str] = {}  # where each face was put last, once it was learned
        self.put: dict[Face, str] = {}  # and where since then
        self.gone: dict[Face, str] = {}  # where it was put, before its crop was deleted: a learner
        # may have seen it there, or not
        self.settled: dict[Face, str] = {}  # in which folder each crop was when all was quiet
        self.names: dict[FileKey, Face] = {}  # of a crop: its face
        self.added = 0
        (root / "album").mkdir(parents=True)
        for name, colour in PEOPLE.items() if self.by_person else ():
            (root / "examples" / name).mkdir(parents=True)
            for n in range(3):
                (root / "examples" / name / f"{n}.jpg").write_bytes(
                    jpeg(colour, confidence=EXAMPLE)
                )
        for _ in range(4):
            self.add_photo()

    @property
    def sort_argv(self) -> list[str]:
        argv = ["--src", str(self.root / "album"), "--dst", str(self.dst), "--workers", "1"]
        by_person = ["--by", "person", "--people", str(self.root / "examples")]
        return argv + (by_person if self.by_person else [])

    def add_photo(self) -> None:
        album, name = self.root / "album", f"{self.added:03d}.jpg"
        there = sorted(album.iterdir())
        self.added += 1
        if there and self.rng.random() < 0.4:
            shutil.copyfile(self.rng.choice(there), album / name)
        else:
            classes = self.rng.sample(CLASS_NAMES, self.rng.choice([1, 1, 2]))
            (album / name).write_bytes(jpeg(*classes, confidence=self.rng.uniform(0.6, 0.9)))

    def folders(self) -> list[str]:
        if not self.by_person:
            return [*CLASS_NAMES, "_unsure", "_not_a_face"]
        return [*PEOPLE, f"New {self.rng.randrange(3)}", "_unsure", "_strangers", "_not_a_face"]

    def crops(self) -> list[Path]:
        """Those whose face is known; a run may move them meanwhile."""
        found = []
        for path in sorted((self.dst / "faces").glob("*/*.jpg")):
            try:
                if key_of(path) in self.names:
                    found.append(path)
            except FileNotFoundError:
                continue
        return found

    def do_something(self) -> None:
        crops = self.crops()
        if not crops:
            return
        self.outcome.deeds += 1
        crop, roll = self.rng.choice(crops), self.rng.random()
        try:
            if roll < 0.72:
                self.drag(crop, self.rng.choice(self.folders()))
            elif roll < 0.80:
                crop.rename(crop.with_name(f"mine {self.rng.randrange(10**6)}.jpg"))
            elif roll < 0.88:
                copy = self.dst / "faces" / self.rng.choice(self.folders()[:3])
                shutil.copyfile(crop, copy / f"copy {self.rng.randrange(10**6)}.jpg")
            elif roll < 0.92:
                face = self.names[key_of(crop)]
                crop.unlink()
                if face in self.put:
                    self.gone[face] = self.put.pop(face)
            elif roll < 0.96 and self.by_person:
                self.rename_folder(crop.parent)
            else:
                self.add_photo()
        except FileNotFoundError:  # a run was faster
            return

    def drag(self, crop: Path, folder: str) -> None:
        place = self.dst / "faces" / folder
        place.mkdir(exist_ok=True)
        target = place / crop.name
        if target.exists():  # as file managers do
            target = place / f"{crop.stem} - {self.rng.randrange(10**6)}.jpg"
        key = key_of(crop)
        crop.rename(target)
        face = self.names[key]
        if crop.parent != place or self.settled.get(face) == folder or face in self.put:
            self.put[face] = folder  # else a run had just put it there: nothing was said of it

    def rename_folder(self, folder: Path) -> None:
        new = folder.with_name(f"Renamed {self.rng.randrange(10**6)}")
        if folder.name.startswith("_"):
            return
        folder.rename(new)
        for path in new.iterdir():
            face = self.names.get(key_of(path))
            if face is not None:
                self.put[face] = new.name
        for face, word in self.words.items():  # a run may have made its crop anew in there
            if word == folder.name and face not in self.put:
                self.gone.setdefault(face, new.name)

    def disturb(self) -> None:
        """Two learners and a sorter at once, killed or not, while the person goes on."""
        runs = [
            (learn_corrections.main, [str(self.dst)]),
            (learn_corrections.main, [str(self.dst), "--apply"]),
            (sort, self.sort_argv),
        ]
        self.rng.shuffle(runs)
        children = []
        for main, argv in runs:
            children.append(start(main, argv, self.kill()))
            if self.rng.random() < 0.5:
                time.sleep(self.rng.uniform(0, 0.15))
                self.do_something()
        for child in children:
            self.note(os.waitpid(child, 0)[1])

    def kill(self) -> int:
        """Before which change: soon more often than late, for a late one may never come."""
        return round(MOST_CHANGES ** self.rng.random()) if self.rng.random() < 0.7 else 0

    def note(self, status: int) -> int:
        """Count a run; its exit code, -1 where it was killed."""
        self.outcome.runs += 1
        if os.WIFSIGNALED(status):
            self.outcome.kills += 1
            return -1
        code = os.waitstatus_to_exitcode(status)
        if code == TRACEBACK:
            self.fail("a traceback")
        return code

    def run(self, main: Main, argv: list[str], kill_before: int = 0) -> int:
        return self.note(os.waitpid(start(main, argv, kill_before), 0)[1])

    def until_done(self, main: Main, argv: list[str]) -> None:
        codes = []
        while 0 not in codes and len(codes) < TRIES:
            codes.append(self.run(main, argv))
        if 0 not in codes:
            self.fail(f"{main.__module__} {argv} ends with {codes}")

    def sort_anew(self) -> None:
        """Take the sorting back, killed once, and sort again."""
        undo = ["--undo", "--dst", str(self.dst)]
        self.run(sort, undo, round(MOST_CHANGES ** self.rng.random()))
        if (self.dst / ".facesort").exists():
            self.until_done(sort, undo)
        for rest in [*self.dst.glob("faces/*/*"), *self.dst.glob("photos/*/*")]:
            rest.unlink()  # copies the person made: now in the way of nothing

    def settle(self) -> None:
        """Let everything come to its end, and check each decision."""
        self.until_done(sort, self.sort_argv)
        self.until_done(learn_corrections.main, [str(self.dst), "--apply"])
        state = read_state(self.dst / ".facesort/journal.jsonl")
        self.check(state)
        self.names, self.settled, self.put, self.gone = {}, {}, {}, {}
        for face, crop, _ in self.faces(state):
            if crop.exists():
                self.names[key_of(crop)] = face
                self.settled[face] = crop.parent.name

    def faces(self, state: State) -> list[tuple[Face, Path, UserLabel | None]]:
        labels = read_labels(self.dst / "corrections.jsonl")
        return [
            ((entry.scan.photo, face.xyxy_px), self.dst / crop, label)
            for entry in state.entries.values()
            for face, crop, label in zip(
                entry.scan.faces, entry.crops, labels.on_faces(entry.scan), strict=True
            )
        ]

    def check(self, state: State) -> None:
        found = {face: (crop, label) for face, crop, label in self.faces(state)}
        for face, folder in self.put.items():
            if folder != self.settled.get(face):
                self.words[face] = folder
            elif face in self.words:
                self.words[face] = folder
        for face, folder in self.gone.items():
            label = found.get(face, (None, None))[1]
            learned = label is not None and (label.folder, label.photo) == (folder, face[0])
            if learned and face not in self.put:
                self.words[face] = folder
        for face, folder in self.words.items():
            self.outcome.decisions += 1
            crop, label = found.get(face, (None, None))
            if label is None or label.folder != folder or label.photo != face[0]:
                self.fail(f"{face} was put into {folder}; corrections.jsonl says {label}")
            elif crop is not None and crop.exists() and crop.parent.name != folder:
                self.fail(f"{face} was put into {folder}; its crop is {crop}")

    def fail(self, what: str) -> None:
        self.outcome.failures.append(f"round {self.outcome.rounds}: {what}")


def warm_up(root: Path) -> None:
    """Import here what every child would import anew, by doing once all that they do."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    world = World(root, random.Random(1), Outcome())
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        with contextlib.redirect_stderr(nowhere):
            for by_person in (True, False):
                world.by_person, world.dst = by_person, root / f"warm_{by_person}"
                sort(world.sort_argv)
                learn_corrections.main([str(world.dst), "--apply"])
    for number, handler in handlers.items():
        signal.signal(number, handler)


def as_they_are(album: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in album.iterdir()}


def chaos(root: Path, seconds: float, seed: int, rounds_a_world: int = 8) -> Outcome:
    """Worlds, one after the other, in the empty folder ``root``, until the time is over."""
    warm_up(root / "warm")
    rng, outcome, end, world = random.Random(seed), Outcome(), time.monotonic() + seconds, 0
    while (outcome.rounds == 0 or time.monotonic() < end) and not outcome.failures:
        folder = root / f"world_{world}"
        _one_world(World(folder, rng, outcome), rounds_a_world, end)
        if not outcome.failures:
            shutil.rmtree(folder)
        world += 1
    return outcome


def _one_world(world: World, rounds: int, end: float) -> None:
    world.settle()
    for number in range(rounds):
        if world.outcome.failures or (number and time.monotonic() >= end):
            return
        for _ in range(world.rng.randrange(1, 7)):
            world.do_something()
        before = as_they_are(world.root / "album")
        world.disturb()
        if world.rng.random() < 0.3:
            world.settle()
            world.sort_anew()
        world.settle()
        after = as_they_are(world.root / "album")
        if any(after.get(name) != data for name, data in before.items()):
            world.fail("an original has changed")
        world.outcome.rounds += 1


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for the albums; a failed one stays")
    args = parser.parse_args()
    os.environ["FACESORT_CACHE"] = ""
    with tempfile.TemporaryDirectory() as temporary:
        outcome = chaos(args.keep or Path(temporary), 60 * args.minutes, args.seed)
    print(
        f"{outcome.rounds} rounds, {outcome.deeds} deeds of the person, {outcome.runs} runs, "
        f"{outcome.kills} of them killed; {outcome.decisions} decisions checked"
    )
    print(*(outcome.failures or ["nothing lost"]), sep="\n")
    return 0 if outcome.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
