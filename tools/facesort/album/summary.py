"""What the person reads: the plan, the closing table, the problems. Text only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from facesort.album.plan import count_by_folder, needed_bytes
from facesort.album.records import COPY, Entry, Folders, Plan
from facesort.photos import Listing, is_video

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
    told = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
    more = len(listing.others) - SHOWN_OTHERS
    rest = f" and {more} more" if more > 0 else ""
    return f"({told}): {', '.join(listing.others[:SHOWN_OTHERS])}{rest}"


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
