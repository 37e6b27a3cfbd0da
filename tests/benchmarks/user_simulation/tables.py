"""The teacher's tables in Markdown, line by line: moves by hand, and precision at coverage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from facesort.album.user_labels import UserLabels
from facesort.classes import CLASS_NAMES
from user_simulation import curves, strategies
from user_simulation.annotator import MOVES_A_ROUND, Judge, correct
from user_simulation.real_album import RealMix
from user_simulation.simulated_album import Album, AlbumMaker, Mix

Way = Callable[[Album], Judge]

USUAL = Mix()
HARD = Mix(examples=3, masked=0.0, alike=True)
TITLES = {
    USUAL: "9 people, 10 examples, half masked",
    HARD: "9 people who look alike, 3 examples, none masked",
}
MIXES = {
    TITLES[USUAL]: USUAL,
    "5 examples": replace(USUAL, examples=5),
    "20 examples (10 portraits, each bare and masked)": replace(
        USUAL, examples=20, two_states=True
    ),
    "10 examples, none masked": replace(USUAL, masked=0.0),
    "30 people, 5 examples": replace(USUAL, people=30, examples=5, spare=1),
    "9 people of those, 5 examples": replace(USUAL, examples=5, spare=1),
    "strangers 10 %": replace(USUAL, strangers=0.1),
    "strangers 50 %": replace(USUAL, strangers=0.5),
    "no bursts": replace(USUAL, longest_burst=1),
    "each portrait on two occasions": replace(USUAL, occasions=2),
    TITLES[HARD]: HARD,
    "1 example, not masked": replace(USUAL, examples=1, masked=0.0),
}
REAL = {
    "masked and bare, five bare and one masked example, by visit": RealMix("mp", 5, 1),
    "masked and bare, in no order": RealMix("mp", 5, 1, visits=False),
    "always masked, three masked examples, by visit": RealMix("mo", 0, 3),
    "always masked, three masked examples, in no order": RealMix("mo", 0, 3, visits=False),
    "LFW, bare, five examples, in no order": RealMix("lfw", 5, 0, visits=False),
}
WAYS: dict[str, tuple[Way, int]] = {  # and after how many moves it learns
    "all by hand": (strategies.by_hand, 0),
    "the seed's way: one closed-set classifier, then by hand": (strategies.seeds_way, 0),
    "gallery, not learning": (strategies.gallery, 0),
    f"ours: learning after {MOVES_A_ROUND} moves": (strategies.gallery, MOVES_A_ROUND),
    "ours: learning after each move (--watch)": (strategies.gallery, 1),
}
FARTHER = (0.99, 0.98)  # pure, complete
BARS = ((0.8, 0.98), (0.65, 0.97))  # coverage, precision: of all faces, of masked ones


def moves(title: str, albums: Sequence[Album]) -> Iterator[str]:
    """Moves by hand in ``albums``, by the way in which they were sorted before."""
    main = sum(int(album.main.sum()) for album in albums)
    missed = sum(album.missed for album in albums)
    yield from _head(
        f"{title}: {len(albums)} albums, {main:,} main faces found, {missed} not",
        "pure at first",
        "complete at first",
        "moves per 100 main faces",
        "of them until pure",
        "looks per 100",
        "moves to 98 % complete",
    )
    for name, (way, learns_after) in WAYS.items():
        yield _work(name, albums, way, learns_after)


def _work(title: str, albums: Sequence[Album], way: Way, learns_after: int) -> str:
    judges = [way(album) for album in albums]
    pairs = list(zip(albums, judges, strict=True))
    work = [correct(album, judge, learns_after) for album, judge in pairs]
    far = [correct(album, judge, learns_after, FARTHER) for album, judge in pairs]
    main = sum(one.main for one in work)
    named = sum(one.named for one in work)  # of all albums together: a small one may have none
    pure = sum(one.pure * one.named for one in work) / named if named else None
    complete = sum(one.complete * one.main for one in work) / main
    counts = (
        sum(one.moves for one in work),
        sum(max(one.moves_to_pure, 0) for one in work),
        sum(one.looks for one in work),
        sum(one.moves for one in far),
    )
    short = sum(not one.done for one in (*work, *far))
    return _row(
        title + f" ({short} times not reached)" * bool(short),
        "-" if pure is None else f"{pure:.3f}",
        f"{complete:.3f}",
        *(f"{100 * n / main:.1f}" for n in counts),
    )


def names(maker: AlbumMaker, count: int, plot: Path | None = None) -> Iterator[str]:
    """Precision and coverage by what an album is like, and of the usual one by what is worn; that
    is also drawn into ``plot``."""
    heads = ("album", "main faces", "precision", "coverage", "at .98")
    yield from _head(*heads, "masked: precision", "coverage", "at .97")
    found = {title: _named(maker, mix, count) for title, mix in MIXES.items()}
    for title, some in found.items():
        masked = some.only(some.state % 2 == 1)
        worth = (
            f"{masked.precision:.4f}",
            f"{masked.coverage:.3f}",
            f"{masked.coverage_at(0.97):.3f}",
        )
        yield _row(title, *_cells(some), *worth)
    usual = found[TITLES[USUAL]]
    states = {name: usual.only(usual.state == i) for i, name in enumerate(CLASS_NAMES)}
    yield from _head("wearing", *heads[1:])
    for title, some in states.items():
        yield _row(title, *_cells(some))
    if plot:
        curves.draw({"all": usual, **states}, BARS, plot)


def _named(maker: AlbumMaker, mix: Mix, count: int) -> curves.Names:
    albums = (maker.make(mix, seed) for seed in range(count))
    return curves.pooled(
        [curves.names_of(one, strategies.gallery(one)(UserLabels())) for one in albums]
    )


def _cells(some: curves.Names) -> tuple[str, ...]:
    figures = (f"{some.coverage:.3f}", f"{some.coverage_at(0.98):.3f}")
    return f"{some.main.sum():,}", f"{some.precision:.4f}", *figures


def _head(*cells: str) -> Iterator[str]:
    yield ""
    yield _row(*cells)
    yield f"|{'---|' * len(cells)}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
