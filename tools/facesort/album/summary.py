"""What a run says: the plan, the closing table, absent files, problems. Text only."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from facesort.album.link_modes import COPY
from facesort.album.plan import count_by_folder, needed_bytes
from facesort.album.records import Entry, Folders, Plan
from facesort.album.state import State
from facesort.photos import Listing, is_video
from facesort.reporter import Reporter

SHOWN_OTHERS = 5


def readable(n_bytes: int) -> str:
    """``1.2 GB``; whole kilobytes at the least."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes / 1e3:.0f} kB"


def counted(number: int, noun: str) -> str:
    """``1 photo``, ``2 photos``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def named(files: Iterable[str]) -> str:
    """``3 photos``, ``2 videos``, ``1 photo and 1 video``."""
    kinds = Counter("video" if is_video(file) else "photo" for file in files)
    parts = [counted(kinds[kind], kind) for kind in ("photo", "video") if kinds[kind]]
    return " and ".join(parts) or counted(0, "photo")


def listing_lines(src: object, listing: Listing) -> Iterator[str]:
    """What was found."""
    line = f"{src}: {counted(len(listing.photos), 'photo')}"
    if listing.videos:
        line += f", {counted(len(listing.videos), 'video')}"
    if listing.others:
        line += f", {counted(len(listing.others), 'other file')} passed over {_names(listing)}"
    yield line


def _names(listing: Listing) -> str:
    """``(2 .txt, 1 .pdf): a.txt, b.txt, c.pdf``: how many of which kind, and the first by name."""
    kinds = Counter(PurePosixPath(name).suffix.lower() or "no suffix" for name in listing.others)
    counts = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
    more = len(listing.others) - SHOWN_OTHERS
    rest = f" and {more} more" if more > 0 else ""
    return f"({counts}): {', '.join(listing.others[:SHOWN_OTHERS])}{rest}"


def plan_lines(plan: Plan, in_full: bool) -> Iterator[str]:
    """The plan as a whole; in full, also each photo with the places it goes to."""
    if in_full:
        for entry in plan.entries:
            yield f"{entry.scan.photo} -> {', '.join((*entry.targets, *entry.crops))}"
    places = sum(len(entry.targets) for entry in plan.entries)
    crops = sum(len(entry.crops) for entry in plan.entries)
    yield (
        f"plan: {named(entry.scan.photo for entry in plan.entries)} to {counted(places, 'place')} "
        f"({links_line(plan.entries)}), {counted(crops, 'face crop')}, "
        f"about {readable(needed_bytes(plan.entries))}"
    )


def links_line(entries: Iterable[Entry]) -> str:
    """``3 linked, 1 copied``."""
    links = count_links(entries)
    return f"{links.total() - links[COPY]} linked, {links[COPY]} copied"


def count_links(entries: Iterable[Entry]) -> Counter[str]:
    """How many places are filled by which link."""
    links: Counter[str] = Counter()
    for entry in entries:
        links[entry.link] += len(entry.targets)
    return links


def table_lines(entries: Iterable[Entry], folders: Folders) -> Iterator[str]:
    """Photos and faces per folder; a photo in two folders counts in both."""
    photos, faces = count_by_folder(entries)
    width = max(map(len, folders.photos))
    yield f"{'folder':<{width}}  photos  faces"
    for folder in folders.photos:
        if photos[folder] or faces[folder]:
            yield f"{folder:<{width}}  {photos[folder]:>6}  {faces[folder]:>5}"


def problem_lines(problems: Mapping[str, str]) -> Iterator[str]:
    if problems:
        yield f"{named(problems)} could not be sorted:"
        for photo, reason in sorted(problems.items()):
            yield f"  {photo}: {reason}"


def close(
    state: State, listing: Listing, dst: Path, problems: dict[str, str], report: Reporter
) -> int:
    """Say how things stand; returns the exit code."""
    for line in (
        *table_lines(state.entries.values(), state.sorted_into),
        *_absent_lines(state, listing, dst),
    ):
        report.say(line)
    problems |= dict.fromkeys(listing.unreadable, "is a folder that cannot be entered")
    problems |= listing.refused
    for found in listing.files:
        scan = state.filed_scan(found.relative)
        if scan is not None and scan.problem:
            problems[found.relative] = scan.problem
    return say_problems(problems, report)


def say_problems(problems: dict[str, str], report: Reporter) -> int:
    problems = {photo: reason for photo, reason in problems.items() if reason}
    for line in problem_lines(problems):
        report.say(line)
    return 1 if problems else 0


def _absent_lines(state: State, listing: Listing, dst: Path) -> Iterator[str]:
    """What the person deleted or moved, here and in the album: respected, but reported."""
    filed = [entry for entry in state.entries.values() if entry.targets]
    there = sum(any(os.path.lexists(dst / path) for path in entry.targets) for entry in filed)
    if there < len(filed):
        share = f"{len(filed) - there} of {counted(len(filed), 'filed photo')}"
        again = f"--undo --dst {dst}, then run again"
        yield f"no longer in place in {dst}: {share}; to sort them anew: {again}"
    gone = state.entries.keys() - {found.relative for found in listing.files}
    closed = tuple(f"{folder}/" for folder in listing.unreadable)
    gone = {photo for photo in gone if not photo.startswith(closed)}
    if gone:
        yield f"no longer in the album: {counted(len(gone), 'photo')}; their files and rows stay"
