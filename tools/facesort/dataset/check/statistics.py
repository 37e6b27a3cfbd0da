"""Counts what a data set holds, per split and class, and draws it with matplotlib."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import min_side
from facesort.classes import CLASS_NAMES, EYES, MOUTH
from facesort.dataset.check.sample import ImageStats, Sample

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BIT_NAMES = {"mouth": MOUTH, "eyes": EYES}


@dataclass(frozen=True)
class SplitCounts:
    """One split: images, images without a box, and boxes per class index."""

    split: str
    images: int
    background: int
    boxes: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.boxes)

    def share(self, class_id: int) -> float:
        return self.boxes[class_id] / self.total if self.total else 0.0

    @property
    def imbalance(self) -> float:
        """The largest class over the smallest that has a box."""
        present = [n for n in self.boxes if n]
        return max(present) / min(present) if present else 0.0


@dataclass(frozen=True)
class BitCounts:
    """One split, one bit of the class: boxes where it is covered and where it is free."""

    split: str
    bit: str
    covered: int
    free: int


@dataclass(frozen=True, eq=False)
class BoxTable:
    """Every sound box of a readable image, a row each: what the plots are drawn from."""

    split: NDArray[np.str_]
    class_id: NDArray[np.int64]
    xywhn: NDArray[np.float64]
    side_px: NDArray[np.float64]


def count_splits(samples: Sequence[Sample], splits: Sequence[str]) -> list[SplitCounts]:
    counts = []
    for split in splits:
        here = [s for s in samples if s.split == split]
        classes = here[0].class_count if here else 0
        boxes = np.zeros(classes, dtype=np.int64)
        for sample in here:
            boxes += np.bincount(sample.class_id, minlength=classes)
        background = sum(not sample.sound for sample in here)
        counts.append(SplitCounts(split, len(here), background, tuple(boxes.tolist())))
    return counts


def has_two_bits(names: Sequence[str]) -> bool:
    """Whether the classes are this project's four, so that they can be seen as two bits."""
    return tuple(names) == CLASS_NAMES


def count_bits(counts: Sequence[SplitCounts]) -> list[BitCounts]:
    """Both bits of each split, of a data set that `has_two_bits`."""
    rows = []
    for split in counts:
        for name, bit in _BIT_NAMES.items():
            covered = sum(n for class_id, n in enumerate(split.boxes) if class_id & bit)
            rows.append(BitCounts(split.split, name, covered, split.total - covered))
    return rows


def box_table(faces: Sequence[tuple[Sample, ImageStats]]) -> BoxTable:
    boxes = [sample.labels(look.size_wh).xyxy_px for sample, look in faces]
    return BoxTable(
        np.array([sample.split for sample, _ in faces for _ in sample.sound], dtype=np.str_),
        np.concatenate([np.zeros(0, dtype=np.int64), *(sample.class_id for sample, _ in faces)]),
        np.concatenate([np.zeros((0, 4)), *(sample.xywhn for sample, _ in faces)]),
        min_side(np.concatenate([np.zeros((0, 4)), *boxes])),
    )


# Okabe and Ito's colours: distinct to colour-blind eyes as well
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#f0e442", "#000000")
_WIDTH_IN, _DPI = 7.2, 110
_HEAT = "magma"
_MANY_CLASSES = 12  # more names than this do not fit beside one another


def draw_classes(counts: Sequence[SplitCounts], names: Sequence[str], file: Path) -> None:
    """Boxes per class and split, with their numbers."""
    figure, (axes,) = canvas(max(2.6, 0.15 * len(names) * len(counts) + 1), grid_axis="x")
    thickness = 0.8 / len(counts)
    for k, split in enumerate(counts):
        rows = np.arange(len(names)) + (k - (len(counts) - 1) / 2) * thickness
        bars = axes.barh(rows, split.boxes, thickness * 0.92, label=split.split, color=_colour(k))
        if len(names) <= _MANY_CLASSES:
            axes.bar_label(bars, [f"{n:,}" for n in split.boxes], padding=3, fontsize=8)
    axes.set_yticks(np.arange(len(names)), [_plain(name) for name in names])
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("boxes")
    axes.margins(x=0.1)
    axes.legend(frameon=False)
    save(figure, file)


def draw_bits(bits: Sequence[BitCounts], file: Path) -> None:
    """How many mouths and eyes are covered, per split, as shares of its faces."""
    figure, (axes,) = canvas(0.42 * len(bits) + 1, grid_axis="x")
    labels = [f"{row.split}: {row.bit}" for row in bits]
    totals = np.array([max(row.covered + row.free, 1) for row in bits])
    covered = np.array([row.covered for row in bits])
    free = np.array([row.free for row in bits])
    first = axes.barh(labels, covered / totals, color=_colour(1), label="covered")
    second = axes.barh(labels, free / totals, left=covered / totals, color="#c9d3dc", label="free")
    axes.bar_label(first, [f"{n:,}" for n in covered], label_type="center", fontsize=8)
    axes.bar_label(second, [f"{n:,}" for n in free], label_type="center", fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the faces")
    axes.legend(frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1))
    save(figure, file)


def draw_sizes(table: BoxTable, names: Sequence[str], file: Path) -> None:
    """Shorter side of the boxes in pixels, per class, on a logarithmic axis."""
    figure, (axes,) = canvas(3.2)
    side = np.maximum(table.side_px, 1)
    bins = np.geomspace(side.min(initial=4), max(side.max(initial=64), 8), 41).tolist()
    by_class = [side[table.class_id == c] for c in range(len(names))]
    few = len(names) <= len(COLOURS)
    axes.hist(
        by_class if few else side,
        bins,
        stacked=few,
        color=[_colour(c) for c in range(len(names))] if few else _colour(0),
        label=[_plain(name) for name in names] if few else None,
    )
    axes.set_xscale("log")
    ticks = [t for t in (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048) if t <= bins[-1]]
    axes.set_xticks(ticks, [str(t) for t in ticks])
    axes.minorticks_off()
    axes.set_xlabel("shorter side of the box, pixels")
    axes.set_ylabel("boxes")
    if few:
        axes.legend(frameon=False)
    save(figure, file)


def draw_positions(table: BoxTable, file: Path) -> None:
    """Where the boxes' centres lie, and how wide and high they are, as shares of the image."""
    figure, (where, shape) = canvas(3.5, columns=2)
    whole = ((0.0, 1.0), (0.0, 1.0))
    x, y, w, h = table.xywhn.T
    where.hist2d(x, y, bins=40, range=whole, cmap=_HEAT)
    where.invert_yaxis()
    where.set_title("centres", fontsize=9)
    where.set_xlabel("from left to right")
    where.set_ylabel("from top to bottom")
    shape.hist2d(w, h, bins=40, range=whole, cmap=_HEAT, norm="symlog")
    shape.set_title("sizes (logarithmic colours)", fontsize=9)
    shape.set_xlabel("width")
    shape.set_ylabel("height")
    for axes in (where, shape):
        axes.set_aspect("equal")
        axes.grid(False)
    save(figure, file)


def draw_boxes_per_image(boxes: Sequence[int], file: Path) -> None:
    figure, (axes,) = canvas(3.2)
    most = min(max(boxes, default=0), 30)
    counts = np.bincount(np.minimum(np.array(boxes, dtype=np.int64), most), minlength=most + 1)
    axes.bar(np.arange(most + 1), counts, color=_colour(0))
    axes.set_yscale("symlog")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("boxes in an image" + (f" ({most}: or more)" if most == 30 else ""))
    axes.set_ylabel("images")
    save(figure, file)


def canvas(
    height_in: float, columns: int = 1, grid_axis: Literal["x", "y"] = "y"
) -> tuple[Figure, list[Axes]]:
    """A figure of its own: pyplot would keep it, and ask for a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_IN, min(height_in, 40)), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    grid = [figure.add_subplot(1, columns, k + 1) for k in range(columns)]
    for axes in grid:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(True, axis=grid_axis, color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
    return figure, grid


def save(figure: Figure, file: Path) -> None:
    """Write a PNG; its folder is made where it lacks."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():  # a class name in a script that the font lacks
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(file)


def _colour(k: int) -> str:
    return COLOURS[k % len(COLOURS)]


def _plain(text: str) -> str:
    """``text`` with nothing that matplotlib takes for a formula."""
    return text.replace("$", r"\$")
