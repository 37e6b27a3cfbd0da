"""Real photos of known people, aligned for a face encoder, for `encoders.py`.

The face of each photo is found by YuNet and its points by the finder that ships, as a sorter does.
Points and vectors are kept in a folder, so that the next encoder costs only itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from facesort.detections import FaceFinder
from facesort.models.people.covered_faces import list_people
from facesort.models.people.embed import OnnxEmbedder, unit
from facesort.models.people.points import PointFinder

FIND_PX, GREY = 320, 127
BARE, MASKED, SUNGLASSES, BOTH, CHILD, ADULT = range(6)


@dataclass(frozen=True)
class Source:
    """``kinds`` by the name of the folder below a person's; ``width`` gives squashed crops their
    shape back; a grey border of ``border`` sides lets the detector see tight crops; ``whole`` is
    the face box, in shares of the image, where it finds none."""

    kinds: dict[str, int]
    width: float = 1.0
    border: float = 0.0
    whole: tuple[float, float, float, float] | None = None


SOURCES = {
    "mp": Source({"bare": BARE, "masked": MASKED}, 0.85, 0.1, (0.12, 0.08, 0.88, 0.97)),
    "mo": Source({}, whole=(0.22, 0.2, 0.78, 0.85)),
    "lfw": Source({}),
    "young": Source({"young": CHILD, "adult": ADULT}, border=0.2, whole=(0.22, 0.2, 0.78, 0.85)),
}


@dataclass(frozen=True, eq=False)
class People:
    """``paths`` (n,), ``person`` (n,) numbers, ``kind`` (n,), ``points_px`` (n, 5, 2) in pixels of
    `opened`."""

    source: str
    paths: list[Path]
    names: list[str]
    person: np.ndarray
    kind: np.ndarray
    points_px: np.ndarray


def opened(path: Path, source: Source) -> np.ndarray:
    import cv2

    rgb = cv2.imread(str(path))[..., ::-1]
    if source.width != 1:
        rgb = cv2.resize(rgb, (int(rgb.shape[1] * source.width), rgb.shape[0]))
    pad = int(source.border * max(rgb.shape[:2]))
    rgb = np.pad(rgb, ((pad, pad), (pad, pad), (0, 0)), constant_values=GREY)
    if min(rgb.shape[:2]) < 160:
        zoom = 160 / min(rgb.shape[:2])
        rgb = cv2.resize(rgb, None, fx=zoom, fy=zoom)
    return np.ascontiguousarray(rgb)


def find_people(
    name: str, folder: Path, find: FaceFinder, points: PointFinder, cache: Path
) -> People:
    """All photos of ``folder`` with a face, from ``cache`` if they were looked at before."""
    items = [(p, person) for person, paths in list_people(folder).items() for p in paths]
    kept = cache / f"points_{name}.npz"
    if kept.exists():
        with np.load(kept) as z:
            found = z["points"]
    else:
        found = np.full((len(items), 5, 2), np.nan)
        for i, (path, _) in enumerate(items):
            box = _middle_box(opened(path, SOURCES[name]), SOURCES[name], find)
            if box is not None:
                found[i] = points.find(opened(path, SOURCES[name]), box)[0]
        np.savez(kept, points=found)
    rows = [i for i in range(len(items)) if np.isfinite(found[i]).all()]
    names = sorted({person for _, person in items})
    return People(
        name,
        [items[i][0] for i in rows],
        names,
        np.array([names.index(items[i][1]) for i in rows]),
        np.array([_kind(name, items[i][0]) for i in rows]),
        found[rows],
    )


def only(people: People, mask: np.ndarray) -> People:
    paths = [people.paths[i] for i in np.flatnonzero(mask)]
    rest = people.person[mask], people.kind[mask], people.points_px[mask]
    return People(people.source, paths, people.names, *rest)


def _kind(name: str, path: Path) -> int:
    if name == "mo":
        return BOTH if "sunglasses" in path.name else MASKED
    return SOURCES[name].kinds.get(path.parent.name, BARE)


def _middle_box(rgb: np.ndarray, source: Source, find: FaceFinder) -> np.ndarray | None:
    found = find(rgb, FIND_PX)
    size = np.array(rgb.shape[1::-1])
    if len(found.confidence):
        away = np.abs((found.xyxy_px[:, :2] + found.xyxy_px[:, 2:]) / 2 - size / 2).sum(axis=1)
        best = int((away - (found.xyxy_px[:, 2] - found.xyxy_px[:, 0])).argmin())
        if away[best] < max(size) / 2:
            return found.xyxy_px[best]
    return None if source.whole is None else np.array(source.whole) * np.tile(size, 2)


def aligned(people: People, embedder: OnnxEmbedder, drawn: str = "") -> Iterator[np.ndarray]:
    """Faces (side, side, 3) as ``embedder`` wants them; ``drawn`` is put on first."""
    from facesort.dataset.synthesize import draw_kind

    rng = np.random.default_rng(0)
    for path, points in zip(people.paths, people.points_px, strict=True):
        rgb = opened(path, SOURCES[people.source])
        if drawn:
            rgb = draw_kind(rgb, points, 0, drawn, rng)[0]
        yield embedder.align(rgb, points)


def vectors(
    people: People, embedder: OnnxEmbedder, cache: Path, mirror: bool = False, drawn: str = ""
) -> np.ndarray:
    """Unit vectors (n, d), the mean of a face and its mirror image if ``mirror``."""
    parts = [people.source, embedder.fingerprint, drawn, "mirror" if mirror else ""]
    kept = cache / ("_".join(part for part in parts if part) + ".npy")
    if kept.exists():
        return np.load(kept)
    rows = []
    for face in aligned(people, embedder, drawn):
        rows.append(embedder.embed(face[None])[0])
        if mirror:
            rows[-1] = rows[-1] + embedder.embed(np.ascontiguousarray(face[None, :, ::-1]))[0]
    result = unit(np.array(rows, dtype=np.float32).reshape(-1, embedder.dimensions))
    np.save(kept, result)
    return result


def near_duplicates(people: People, embedder: OnnxEmbedder) -> np.ndarray:
    """(n, n) pairs of photos of one person that are the same shot: their small grey images
    correlate above .985."""
    import cv2

    small = np.array(
        [cv2.resize(f, (16, 16), interpolation=cv2.INTER_AREA) for f in aligned(people, embedder)]
    )
    grey = small.reshape(len(small), 256, 3).mean(axis=2)
    grey -= grey.mean(axis=1, keepdims=True)
    grey /= np.linalg.norm(grey, axis=1, keepdims=True) + 1e-9
    return (grey @ grey.T > 0.985) & (people.person[:, None] == people.person[None])
