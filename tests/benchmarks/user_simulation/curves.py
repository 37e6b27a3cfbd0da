"""How many of the names are right, and how many faces get one: precision at coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.album.records import Prediction
from user_simulation.annotator import NOBODYS
from user_simulation.simulated_album import Album

NEVER_NAMED = -1.0  # score of a face too poor for a name


@dataclass(frozen=True, eq=False)
class Names:
    """Of each face: ``score`` (n,) of its likeliest name, whether that is ``right``, whether it was
    ``given``, whether the face is ``main``, and its true ``state``."""

    score: NDArray[np.float64]
    right: NDArray[np.bool_]
    given: NDArray[np.bool_]
    main: NDArray[np.bool_]
    state: NDArray[np.int64]

    def only(self, mask: ArrayLike) -> Names:
        rows = np.asarray(mask, dtype=np.bool_)
        return Names(*(part[rows] for part in vars(self).values()))

    @property
    def precision(self) -> float:
        """Of the names given."""
        return float(self.right[self.given].mean()) if self.given.any() else float("nan")

    @property
    def coverage(self) -> float:
        """Main faces that got their name, of all main faces."""
        return float((self.right & self.given)[self.main].mean())

    def curve(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Coverage and precision when names are given from the surest down; a tie falls at once."""
        order = np.argsort(-self.score, kind="stable")
        order = order[self.score[order] > NEVER_NAMED]
        right, main = self.right[order], self.main[order]
        last = np.append(np.diff(self.score[order]) != 0, True)[: len(order)]
        coverage = np.cumsum(right & main) / max(int(self.main.sum()), 1)
        precision = np.cumsum(right) / np.arange(1, len(order) + 1)
        return coverage[last], precision[last]

    def coverage_at(self, precision: float) -> float:
        """The most coverage at which at least ``precision`` of the names are right."""
        coverage, reached = self.curve()
        return float(coverage[reached >= precision].max(initial=0.0))


def names_of(album: Album, words: Sequence[Prediction]) -> Names:
    """What ``words`` on the faces of ``album`` are worth."""
    should = [album.names[child] if child >= 0 else "" for child in album.child]
    likeliest = [word.likeliest for word in words]
    right = [bool(name) and name == truth for name, truth in zip(likeliest, should, strict=True)]
    score = [
        word.probability if word.likeliest and not word.poor else NEVER_NAMED for word in words
    ]
    return Names(
        np.array(score),
        np.array(right),
        np.array([word.folder not in NOBODYS for word in words]),
        album.main,
        album.state,
    )


def pooled(parts: Sequence[Names]) -> Names:
    """Of several albums together."""
    columns = zip(*(vars(part).values() for part in parts), strict=True)
    return Names(*(np.concatenate(column) for column in columns))


def draw(curves: Mapping[str, Names], bars: Sequence[tuple[float, float]], file: Path) -> None:
    """Precision over coverage, a dot where the tool works; crosses are the bars promised."""
    from facesort.dataset.check.statistics import COLOURS, canvas, save

    figure, (axes,) = canvas(4.4)
    for (name, found), colour in zip(curves.items(), COLOURS, strict=False):
        coverage, precision = found.curve()
        axes.plot(coverage, precision, color=colour, label=f"{name} ({found.main.sum():,})")
        axes.plot(found.coverage, found.precision, "o", color=colour)
    for coverage_bar, precision_bar in bars:
        axes.plot(coverage_bar, precision_bar, "x", color="#444444", markersize=9)
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0.88, 1.003)
    axes.set_xlabel("coverage: main faces rightly named")
    axes.set_ylabel("precision of the names")
    axes.legend(frameon=False, loc="lower left")
    save(figure, file)
