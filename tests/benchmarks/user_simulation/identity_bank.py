"""Faces of known people as our own tools see them: found, classed, aligned, described.

Drawing and looking takes minutes, playing with the result none: thousands of albums are made of one
bank. Everything in it went through the detector, the point finder and the embedding that ship.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.album.person.face_encoder import FaceEncoder
from facesort.boxes import iou_matrix
from facesort.models.detect import Detector
from user_simulation.portraits import CANVAS_WH, Photo, Portrait, dress, image, shoot

Ints = NDArray[np.int64]
SAME_FACE_IOU = 0.3
SHOTS = (3, 3, 2, 2)  # of a person's portrait in each state: as long as a burst can be
STRANGER_SHOTS = (1, 1, 1, 1)
FAR_STATES = 2  # in the background, bare and masked
CELL_PX, PER_CANVAS = 320, 12
NEAR_PX, FAR_PX = (130, 320), (50, 110)  # side of a portrait; its face is nearly half of that


@dataclass(frozen=True, eq=False)
class Bank:
    """One row an image of a face. ``portrait`` (n,) and ``person`` (n,) say whose, ``state`` (n,)
    what it wears, ``far`` (n,) that it is small; then what our tools say: ``found`` (n,) at all,
    ``seen`` (n,) the class, ``vector`` (n, d), ``quality`` (n, 3): side, sharpness, turn.
    ``names`` of the persons, ``files`` of the portraits."""

    portrait: Ints
    person: Ints
    state: Ints
    far: NDArray[np.bool_]
    found: NDArray[np.bool_]
    seen: Ints
    vector: NDArray[np.float32]
    quality: NDArray[np.float64]
    names: NDArray[np.str_]
    files: NDArray[np.str_]

    def save(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(file, **{f.name: getattr(self, f.name) for f in fields(self)})

    @staticmethod
    def load(file: Path) -> Bank:
        with np.load(file, allow_pickle=False) as kept:
            return Bank(**{f.name: kept[f.name] for f in fields(Bank)})


@dataclass(frozen=True)
class BankRequest:
    """A row to be drawn."""

    portrait: int
    state: int
    far: bool


def wanted_rows(portraits: Sequence[Portrait], strangers: set[int]) -> list[BankRequest]:
    """All rows of a bank; ``strangers`` are persons of one photo."""
    rows = []
    for i, portrait in enumerate(portraits):
        shots = STRANGER_SHOTS if portrait.person in strangers else SHOTS
        rows += [BankRequest(i, state, False) for state, n in enumerate(shots) for _ in range(n)]
        rows += [BankRequest(i, state, True) for state in range(FAR_STATES)]
    return rows


def canvases(
    rows: Sequence[BankRequest],
    portraits: Sequence[Portrait],
    scenes: Sequence[NDArray[np.uint8]],
    seed: int = 0,
) -> Iterator[tuple[Sequence[int], Photo]]:
    """Photos of a dozen faces each, and which rows are in each."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(rows))
    for start in range(0, len(rows), PER_CANVAS):
        some = [int(row) for row in order[start : start + PER_CANVAS]]
        chosen = [rows[row] for row in some]
        shots = [
            shoot(portraits[one.portrait], dress(portraits[one.portrait], one.state), rng)
            for one in chosen
        ]
        sides = [int(rng.integers(*(FAR_PX if one.far else NEAR_PX))) for one in chosen]
        columns = CANVAS_WH[0] // CELL_PX
        corners = [
            (
                i % columns * CELL_PX + int(rng.integers(0, CELL_PX - side)),
                i // columns * CELL_PX + int(rng.integers(0, CELL_PX - side)),
            )
            for i, side in enumerate(sides)
        ]
        scene = scenes[int(rng.integers(len(scenes)))]
        yield some, image(scene, shots, sides, corners, rng)


def fill(
    rows: Sequence[BankRequest],
    portraits: Sequence[Portrait],
    names: Sequence[str],
    photos: Iterator[tuple[Sequence[int], Photo]],
    detector: Detector,
    encoder: FaceEncoder,
) -> Bank:
    """Look at every photo and keep what is seen of each row."""
    n, size = len(rows), encoder.embedder.dimensions
    bank = Bank(
        portrait=np.array([one.portrait for one in rows], dtype=np.int64),
        person=np.array([portraits[one.portrait].person for one in rows], dtype=np.int64),
        state=np.array([one.state for one in rows], dtype=np.int64),
        far=np.array([one.far for one in rows], dtype=np.bool_),
        found=np.zeros(n, dtype=np.bool_),
        seen=np.zeros(n, dtype=np.int64),
        vector=np.zeros((n, size), dtype=np.float32),
        quality=np.zeros((n, 3)),
        names=np.array(names, dtype=np.str_),
        files=np.array([str(one.path) for one in portraits], dtype=np.str_),
    )
    for some, photo in photos:
        found = detector.detect([photo.rgb])[0]
        if not len(found):
            continue
        overlap = iou_matrix(photo.xyxy_px, found.xyxy_px)
        best = overlap.argmax(axis=1)
        there = np.flatnonzero(overlap.max(axis=1) >= SAME_FACE_IOU)
        described = encoder.encode(photo.rgb, found.xyxy_px[best[there]])
        for k, i in enumerate(there.tolist()):
            row, quality = some[i], described.quality[k]
            bank.found[row], bank.seen[row] = True, found.class_id[best[i]]
            bank.vector[row] = described.vectors[k]
            bank.quality[row] = quality.side_px, quality.sharpness, quality.turned
    return bank
