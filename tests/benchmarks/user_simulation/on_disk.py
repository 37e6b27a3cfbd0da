"""The same on a disk: photos and examples as files, the real scripts, crops moved between folders.

Photos are scenes with portraits put onto them. What the manifest says of a face is compared with
what was put there; a face of the scene itself is a stranger's.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.album.records import STRANGERS, UNSURE
from facesort.boxes import as_boxes, clip_xyxy, grow_xyxy, iou_matrix, pixels_under
from facesort.csv_files import read_rows
from user_simulation.annotator import COMPLETE, NOBODYS, PURE
from user_simulation.identity_bank import SAME_FACE_IOU, Bank
from user_simulation.portraits import CANVAS_WH, Portrait, Shot, dress, image, shoot
from user_simulation.simulated_album import NOBODY, AlbumPlan

MAIN_PX, FAR_PX = (230, 380), (50, 110)
EXAMPLE_GROWTH = 1.6  # of the box of a face
MOVES_A_VISIT = 3  # before learn_corrections.py runs
TOOLS = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, eq=False)
class Truth:
    """The faces put into a photo: boxes (n, 4), the folder where each belongs, which are main."""

    xyxy_px: NDArray[np.float64]
    folder: tuple[str, ...]
    main: tuple[bool, ...]


def write_album(
    plan: AlbumPlan,
    bank: Bank,
    portrait: Callable[[int], Portrait],
    scenes: Sequence[NDArray[np.uint8]],
    root: Path,
    seed: int = 0,
) -> dict[str, Truth]:
    """``root``/album and ``root``/examples; the truth of each photo by its name."""
    rng = np.random.default_rng(seed)
    truths = {}

    def shot(row: int) -> Shot:
        whose = portrait(int(bank.portrait[row]))
        return shoot(whose, dress(whose, int(bank.state[row])), rng)

    for name, rows in zip(plan.names, plan.examples, strict=True):
        for i, row in enumerate(rows):
            _save(_closer(shot(row)), root / "examples" / name / f"{i:02d}.jpg")
    for number, puts in enumerate(plan.photos):
        far = [bool(bank.far[put.row]) for put in puts]
        sides = [int(rng.integers(*(FAR_PX if is_far else MAIN_PX))) for is_far in far]
        scene = scenes[int(rng.integers(len(scenes)))]
        photo = image(scene, [shot(put.row) for put in puts], sides, _corners(sides, rng), rng)
        file = root / "album" / f"IMG_{number:05d}.jpg"
        _save(photo.rgb, file)
        folders = [plan.names[put.child] if put.child != NOBODY else STRANGERS for put in puts]
        truths[file.name] = Truth(photo.xyxy_px, tuple(folders), tuple(put.main for put in puts))
    return truths


def _closer(shot: Shot) -> NDArray[np.uint8]:
    """The head alone: portraits of the press show others beside it."""
    height, width = shot.rgb.shape[:2]
    box = clip_xyxy(grow_xyxy([shot.xyxy_px], EXAMPLE_GROWTH), (width, height))[0]
    left, top, right, bottom = pixels_under(box, (width, height))
    return shot.rgb[top:bottom, left:right]


def _corners(sides_px: Sequence[int], rng: np.random.Generator) -> list[tuple[int, int]]:
    """Side by side in two rows, so that nobody hides anybody."""
    columns = -(-len(sides_px) // 2) if len(sides_px) > 3 else max(len(sides_px), 1)
    width, height = CANVAS_WH[0] // columns, CANVAS_WH[1] // (2 if len(sides_px) > 3 else 1)
    return [
        (
            i % columns * width + int(rng.integers(0, max(width - side, 1))),
            i // columns * height + int(rng.integers(0, max(height - side, 1))),
        )
        for i, side in enumerate(sides_px)
    ]


def _save(rgb: NDArray[np.uint8], file: Path) -> None:
    from PIL import Image

    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(file, quality=90)


def run(script: str, *options: str | Path) -> str:
    """One of our scripts, as she starts it; what it prints."""
    command = [sys.executable, str(TOOLS / script), *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{script}: exit code {done.returncode}: {done.stderr}")
    return done.stdout


@dataclass(frozen=True)
class Crop:
    """A face as it lies in the sorted album, and where it should."""

    path: Path
    should: str
    main: bool

    @property
    def folder(self) -> str:
        return self.path.parent.name


def crops(sorted_into: Path, truths: dict[str, Truth]) -> list[Crop]:
    """All faces of the manifest."""
    with open(sorted_into / "manifest.csv", encoding="utf-8", newline="") as stream:
        rows = [row for row in read_rows(stream)[1] if row["crop"]]
    found = []
    for row in rows:
        truth = truths[row["photo"]]
        box = as_boxes([[float(row[key]) for key in ("x1", "y1", "x2", "y2")]])
        overlap = iou_matrix(box, truth.xyxy_px)[0]
        i = int(overlap.argmax()) if overlap.max(initial=0) >= SAME_FACE_IOU else -1
        path = sorted_into / row["crop"]
        found.append(
            Crop(path, truth.folder[i], truth.main[i]) if i >= 0 else Crop(path, STRANGERS, False)
        )
    return found


def figures(found: Sequence[Crop]) -> tuple[float, float]:
    """How pure the children's folders are, and how complete."""
    named = [one for one in found if one.folder not in NOBODYS]
    main = [one for one in found if one.main]
    pure = sum(one.folder == one.should for one in named) / max(len(named), 1)
    return pure, sum(one.folder == one.should for one in main) / max(len(main), 1)


def correct(sorted_into: Path, truths: dict[str, Truth], say: Callable[[str], None]) -> int:
    """Look, move crops, let the tools learn, until the folders are good; how many were moved."""
    moves, seen = 0, set[tuple[str, str]]()
    while True:
        found = crops(sorted_into, truths)
        pure, complete = figures(found)
        main = sum(one.main for one in found)
        say(
            f"{moves} moves: {len(found)} faces, {main} main, "
            f"pure {pure:.4f}, complete {complete:.4f}"
        )
        if pure >= PURE and complete >= COMPLETE:
            return moves
        rank = {UNSURE: 1, STRANGERS: 2}
        moved = 0
        for one in sorted(found, key=lambda one: (rank.get(one.folder, 0), one.path.name)):
            key = (one.folder, one.path.name)
            if key in seen or moved == MOVES_A_VISIT:
                continue
            seen.add(key)
            if one.folder != one.should and (one.main or one.folder not in NOBODYS):
                folder = sorted_into / "faces" / one.should
                folder.mkdir(exist_ok=True)
                one.path.rename(folder / one.path.name)
                moved += 1
        if not moved:
            return moves
        moves += moved
        say(run("learn_corrections.py", sorted_into, "--apply").strip().splitlines()[-1])
