"""What a teacher does with her hands: on the review page, and by dragging crops between folders.

    python tests/benchmarks/review_acts.py                  # five drawn albums of 400 photos
    python tests/benchmarks/review_acts.py --sorted DIR --truth truth.json     # an album of yours

Both ways begin with the same sorted album and end when its folders are 99 % pure and hold 95 % of
the main faces; nobody pays for seeing that. Every click, drag, key or chord is one operation, both
ways. *Files*: she goes through the folders, people first, the least certain crop first, and drags
what lies wrong; learn_corrections.py --watch learns beside it, after ten moves or after each, at no
operation at all, and moves other crops by itself, unseen. *Page*: she clicks away what is wrong of
what is suggested and says Return to the rest; where nothing is suggested, she goes through the
folders in the same way, ten drags at a time. Selecting several and dragging them together is never
fewer operations (a click each and a drag), but fewer seconds from three on, and those are counted.

Seconds are those of the keystroke-level model (Card, Moran & Newell 1980): K .28 a key, P 1.1 to
point, B .1 a button down or up, H .4 hand to the mouse or back, M 1.35 before each decision. Faces
looked at are counted apart, at .23 s (an eye's fixation, the same authors, 1983). Waiting is not
counted. Told besides: about how many slips the page asks. --truth: {photo: [[left_px, right_px,
name], ...]}, names of strangers begin with "?".
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests/review")]

import big_album

from facesort.album.corrections.api import (
    Correction,
    Options,
    SortedAlbum,
    Suggestion,
    apply_corrections,
    doubts,
    record_corrections,
)
from facesort.album.journal import read_state
from facesort.album.records import NOT_A_FACE, STRANGERS, UNSURE
from facesort.reporter import ConsoleReporter
from facesort.review import wire
from facesort.review.session import ReviewSession

NOBODYS = (UNSURE, STRANGERS, NOT_A_FACE)
RANK = {UNSURE: 1, STRANGERS: 2, NOT_A_FACE: 3}  # people first
PURE, COMPLETE = 0.99, 0.95
LEARNS_AFTER = (10, 1)
KEY_S, POINT_S, BUTTON_S, HOME_S, THINK_S, FIXATION_S = 0.28, 1.1, 0.1, 0.4, 1.35, 0.23
CLICK_S, DRAG_S = POINT_S + 2 * BUTTON_S, 2 * POINT_S + 2 * BUTTON_S
DOUBLE_CLICK_S = POINT_S + 4 * BUTTON_S
# two examples each and a third of all faces hard: 89 % of the main faces are named at first
HARD_ALBUM = {"judged": True, "examples_each": 2, "hard_share": 0.35}
FIRST_SEED = 21  # albums that nothing was chosen on

Truth = dict[tuple[str, int], str]


@dataclass
class Hands:
    """Counts operations by kind, and their seconds."""

    done: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    looks: int = 0
    _at_mouse: bool = True

    def key(self, what: str) -> None:
        self._move(False)
        self._count(what, THINK_S + KEY_S)

    def click(self, what: str, takes_s: float = CLICK_S) -> None:
        self._move(True)
        self._count(what, THINK_S + takes_s)

    def drag(self, what: str, faces: int = 1) -> None:
        """``faces`` from one folder to one other: by themselves or together, what is faster."""
        self._move(True)
        together_s = faces * CLICK_S + DRAG_S
        self.done[what] += faces
        self.seconds += faces * THINK_S + min(faces * DRAG_S, together_s)

    def _move(self, to_mouse: bool) -> None:
        self.seconds += HOME_S * (to_mouse != self._at_mouse)
        self._at_mouse = to_mouse

    def _count(self, what: str, seconds: float) -> None:
        self.done[what] += 1
        self.seconds += seconds


@dataclass(frozen=True, eq=False)
class Folders:
    """Whether the folders are good; ``right`` is the folder of each face or crop."""

    right: dict[str, str]
    main: set[str]

    def shares(self, lies: dict[str, str]) -> tuple[float, float]:
        """Pure: of the faces in people's folders; complete: of the main faces of known people."""
        named = [one for one, folder in lies.items() if folder not in NOBODYS]
        main = [one for one in lies if one in self.main]
        pure = sum(lies[one] == self.right[one] for one in named) / max(len(named), 1)
        complete = sum(lies[one] == self.right[one] for one in main) / max(len(main), 1)
        return pure, complete

    def are_good(self, lies: dict[str, str]) -> bool:
        pure, complete = self.shares(lies)
        return pure >= PURE and complete >= COMPLETE

    def is_wrong(self, one: str, folder: str) -> bool:
        wanted = self.right[one]
        return wanted != folder and not (folder in NOBODYS and wanted in NOBODYS)


class Walk:
    """Through the folders, the least certain first: unknown people last, no face twice where it
    lies. Both ways are walked in this way."""

    def __init__(self, hands: Hands) -> None:
        self.hands, self.opened = hands, ""
        self.seen, self.said = set[tuple[str, str]](), set[str]()

    def wrong(
        self, order: list[str], lies: dict[str, str], folders: Folders, most: int
    ) -> list[tuple[str, str, list[str]]]:
        """The next ``most`` that lie wrong: from where, to where, which; in ``order``."""
        found: list[str] = []
        for one in order:
            if (one, lies[one]) in self.seen or len(found) == most:
                continue
            self.seen.add((one, lies[one]))
            self.hands.looks += 1
            if one not in self.said and folders.is_wrong(one, lies[one]):
                found.append(one)
        self.said |= {*found}
        ways: dict[tuple[str, str], list[str]] = defaultdict(list)
        for one in found:
            ways[lies[one], folders.right[one]].append(one)
        firsts = sorted(ways, key=lambda way: list(lies).index(ways[way][0]))
        firsts.sort(key=lambda way: (RANK.get(way[0], 0), way[0]))
        return [(source, wanted, ways[source, wanted]) for source, wanted in firsts]

    def open(self, folder: str, takes_s: float) -> None:
        if folder != self.opened:
            self.hands.click("open", takes_s)
            self.opened = folder


class Page:
    """She works on the review page: what it shows and sends goes through its session."""

    def __init__(self, sorted_into: Path, truth: Truth) -> None:
        self.session, self.hands = ReviewSession(SortedAlbum(sorted_into)), Hands()
        self.walk, self.truth = Walk(self.hands), truth

    def work(self) -> bool:
        later: set[str] = set()
        self.hands.key("open")
        while not self.folders.are_good(self.lies()):
            self.session.rescore()
            each = (one for one in self.session.suggestions if one.folder not in later)
            groups = self.session.together or [one for one in [next(each, None)] if one]
            if groups:
                if not self._answer(groups):
                    later |= {one.folder for one in groups}
            elif self._walk():
                later.clear()
            else:
                break
        good = self.folders.are_good(self.lies())
        self.session.album.flush()
        return good

    @property
    def folders(self) -> Folders:
        table = self.session.album.table
        right = {one: self.truth[place] for one, place in zip(table.ids, table.where, strict=True)}
        return Folders(right, {one for one, who in right.items() if who != STRANGERS})

    def lies(self) -> dict[str, str]:
        table = self.session.album.table
        return {one: table.folders[table.folder[row]] for row, one in enumerate(table.ids)}

    def _answer(self, groups: Sequence[Suggestion]) -> bool:
        """Yes to what is right, by one act; was anything?"""
        parts: dict[bool, list[tuple[str, list[str]]]] = {True: [], False: []}
        for one in groups:
            self.hands.looks += len(one.ids)
            right = [face for face in one.ids if self.folders.right[face] == one.folder]
            wrong = [face for face in one.ids if face not in right]
            # or all by one click on the person's picture (Ctrl+A), and back what is right
            for _ in range(min(len(wrong), 1 + len(right))):
                self.hands.click("cross out")
            for is_right, faces in ((True, right), (False, wrong)):
                if faces:
                    parts[is_right].append((one.folder, faces))
        self.hands.key("Return to several people" if len(groups) > 1 else "Return to one person")
        yes, no = (wire.corrections_to(self.session, parts[is_right]) for is_right in (True, False))
        self.session.act(lambda album: record_corrections(album, yes, no))
        return bool(yes)

    def _walk(self) -> bool:
        """Goes through the folders, drags ten wrong faces, and sees what is suggested then."""
        lies, table = self.lies(), self.session.album.table
        names = sorted(dict.fromkeys(lies.values()), key=lambda name: (RANK.get(name, 0), name))
        order = [table.ids[row] for name in names for row in table.rows_in(name).tolist()]
        moves = self.walk.wrong(order, lies, self.folders, LEARNS_AFTER[0])
        for source, wanted, faces in moves:
            self.walk.open(source, CLICK_S)
            self.hands.drag("drag", len(faces))
            put = wire.corrections_to(self.session, [(wanted, faces)])
            self.session.act(lambda album, put=put: record_corrections(album, put))
        return bool(moves)


class Files:
    """She drags crops in a file manager, and the tools learn beside it."""

    def __init__(self, sorted_into: Path, truth: Truth, learns_after: int) -> None:
        self.root, self.truth, self.learns_after = sorted_into, truth, learns_after
        self.hands = Hands()
        self.walk = Walk(self.hands)

    def work(self) -> bool:
        while True:
            folders, lies, crops = self._look()
            if folders.are_good(lies):
                return True
            order = sorted(lies, key=lambda one: (RANK.get(lies[one], 0), lies[one], crops[one]))
            moves = self.walk.wrong(order, lies, folders, self.learns_after)
            if not moves:
                return False
            for source, wanted, faces in moves:
                self.walk.open(source, DOUBLE_CLICK_S)
                self.hands.drag("drag", len(faces))
                target = self.root / "faces" / wanted
                target.mkdir(exist_ok=True)
                for one in faces:
                    (self.root / crops[one]).rename(target / Path(crops[one]).name)
            quiet = ConsoleReporter(io.StringIO(), io.StringIO())
            apply_corrections(self.root, Options(apply=True), quiet)

    def _look(self) -> tuple[Folders, dict[str, str], dict[str, str]]:
        state = read_state(self.root / ".facesort/journal.jsonl")
        crops = {
            f"{photo}\0{number}": crop
            for photo, entry in state.entries.items()
            for number, crop in enumerate(entry.crops)
        }
        right = {f"{photo}\0{n}": who for (photo, n), who in self.truth.items()}
        main = {one for one, who in right.items() if who != STRANGERS}
        lies = {one: crop.split("/")[1] for one, crop in crops.items()}
        return Folders(right, main), lies, crops


def read_truth(file: Path, sorted_into: Path) -> Truth:
    spots, state = json.loads(file.read_text()), read_state(sorted_into / ".facesort/journal.jsonl")
    truth: Truth = {}
    for photo, entry in state.entries.items():
        for number, face in enumerate(entry.scan.faces):
            middle = (face.xyxy_px[0] + face.xyxy_px[2]) / 2
            who = next((name for a, b, name in spots[photo] if a <= middle < b), "?")
            truth[photo, number] = STRANGERS if who.startswith("?") else who
    return truth


def tell(title: str, hands: Hands, good: bool, main: int) -> int:
    """One line, and what she did by kind; returns her acts."""

    def each(value: float) -> float:
        return 100 * value / main

    looking_s = hands.seconds + FIXATION_S * hands.looks
    acts = sum(count for what, count in hands.done.items() if what != "open")
    every = sum(hands.done.values())
    print(
        f"{title:28}{each(acts):7.2f} acts {each(every):7.2f} operations "
        f"{each(hands.seconds):7.1f} s {each(hands.looks):7.0f} looked at "
        f"{each(looking_s):7.1f} s with looking{'' if good else '   NOT GOOD AT THE END'}"
    )
    for what, count in hands.done.most_common():
        print(f"    {count:5} {what}")
    return acts


def measure(folder: Path, sorted_into: Path, truth: Truth) -> list[int]:
    """Acts by the page, and by files for each of `LEARNS_AFTER`."""
    main = sum(right != STRANGERS for right in truth.values())
    copies = iter(range(9))

    def copy() -> Path:
        return Path(shutil.copytree(sorted_into, folder / str(next(copies)), copy_function=_link))

    start = Files(sorted_into, truth, 1)
    folders, lies, _ = start._look()
    pure, complete = folders.shares(lies)
    print(f"{main} main faces, {len(lies)} in all; at first {pure:.3f} pure, {complete:.3f} there")
    tell_slips(copy(), truth)
    print("per 100 main faces (counts as they are):")
    page = Page(copy(), truth)
    acts = [tell("page", page.hands, page.work(), main)]
    for learns_after in LEARNS_AFTER:
        files = Files(copy(), truth, learns_after)
        title = "files, learning after " + ("each" if learns_after == 1 else str(learns_after))
        acts.append(tell(title, files.hands, files.work(), main))
    return acts


def tell_slips(sorted_into: Path, truth: Truth) -> None:
    """Faces of known people that are put to somebody else at random, and to their own person: of
    how many does the page ask whether that is meant?"""
    session, rng = ReviewSession(SortedAlbum(sorted_into)), random.Random(0)
    session.rescore()
    mine = {place: who for place, who in truth.items() if who != STRANGERS}
    people = sorted({*mine.values()} & {*session.album.state.people})
    wrong = {
        place: rng.choice([one for one in people if one != who]) for place, who in mine.items()
    }

    def asked(put: Truth) -> int:
        each = (Correction(photo, face, who) for (photo, face), who in put.items())
        return sum(bool(doubts(session.album, session.scores, [one])) for one in each)

    print(f"asked about: {asked(wrong)} of {len(mine)} slips, {asked(mine)} of as many right acts")


def measure_drawn(folder: Path, photos: int, number: int) -> list[int]:
    drawn = folder / f"album{number}"
    album = big_album.make(drawn / "drawn", photos, **HARD_ALBUM, seed=FIRST_SEED + number)
    return measure(drawn, album.sorted, album.truth)


def _link(old: str, new: str) -> str:
    """Photos and crops as they are, links and times too; what is written to is copied."""
    if "/.facesort/" in old or old.endswith((".csv", ".jsonl")):
        return str(shutil.copy2(old, new))
    os.link(old, new)
    return new


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=400, help="of a drawn album (400)")
    parser.add_argument("--albums", type=int, default=5, help="how many are drawn (5)")
    parser.add_argument("--sorted", type=Path, help="an album sorted by person; it stays as it is")
    parser.add_argument("--truth", type=Path, help="who is where on its photos")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        if args.sorted:
            measure(Path(temporary), args.sorted, read_truth(args.truth, args.sorted))
        else:
            every = [measure_drawn(Path(temporary), args.photos, i) for i in range(args.albums)]
            acts = [sum(way) / len(every) for way in zip(*every, strict=True)]
            print("acts an album: page {:.1f}, files {:.1f} and {:.1f}".format(*acts))


if __name__ == "__main__":
    main()
