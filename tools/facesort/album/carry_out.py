"""Takes a plan from "decided" to "done": room, folders, files, manifest; each step is repeatable.

The plan is kept in the destination from before the first file until after the manifest, so that
whoever is killed in between finds it again.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from facesort.album.destination import Destination
from facesort.album.disk import DISK_FULL, write_atomic
from facesort.album.filing import Filer, left_to_file
from facesort.album.journal import Journal
from facesort.album.looking.crops import CropMemory
from facesort.album.manifest import manifest_csv
from facesort.album.names import NamePool
from facesort.album.person.nameless import is_numbered
from facesort.album.plan import needed_bytes
from facesort.album.records import Entry, Plan, folder_of
from facesort.album.saved_plan import save_plan
from facesort.album.summary import readable
from facesort.errors import AlbumError
from facesort.photos import Place, content_hash
from facesort.reporter import Reporter


@dataclass(frozen=True)
class Site:
    """Where work is done: from the album ``src`` into ``dst``, with its journal open."""

    src: Place
    dst: Destination
    journal: Journal
    workers: int
    report: Reporter


def carry_out(plan: Plan, site: Site, memory: CropMemory | None = None) -> dict[str, str]:
    """File what the journal does not yet know as filed; returns photo: why it could not be."""
    dst, journal = site.dst, site.journal
    left = left_to_file(plan, journal.state.entries)
    _check_room(dst.root, needed_bytes(left), memory)
    try:
        if not dst.pending_plan.exists():  # else it is this one, and a killed run's
            save_plan(plan, dst.pending_plan)
        journal.people(plan.people)
        journal.learned(plan.learned)
        _make_folders(dst.root, plan, journal)
        problems = _file(left, plan, site, memory)
        write_manifest(site)
        journal.sync()
        dst.pending_plan.unlink()
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        left = left_to_file(plan, journal.state.entries)
        raise AlbumError(
            f"{dst.root}: the disk is full after {len(plan.entries) - len(left)} of "
            f"{len(plan.entries)} photos; free about {readable(needed_bytes(left))} and run the "
            f"same command again: it goes on from there"
        ) from None
    return problems


def _check_room(dst: Path, needed: int, memory: CropMemory | None) -> None:
    """Where there is no room beside the memory, it is forgotten: its crops can be cut again."""
    if memory is not None and needed > _free_bytes(dst):
        memory.forget()
    free = _free_bytes(dst)
    if needed > free:
        raise AlbumError(
            f"{dst}: not enough room: about {readable(needed)} needed, {readable(free)} free; "
            f"free some or choose another --dst"
        )


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _make_folders(dst: Path, plan: Plan, journal: Journal) -> None:
    """Those the plan fills, and every folder a crop can be dragged to."""
    wanted = {folder_of(path) for path in plan.paths}
    # a number without a face says nothing to the person, and nothing can be dragged there
    wanted |= {f"faces/{name}" for name in plan.folders.faces if not is_numbered(name)}
    for folder in sorted({"photos", "faces"} | wanted):
        if not (dst / folder).exists():
            journal.folder(folder)
            (dst / folder).mkdir()


def _file(
    entries: list[Entry], plan: Plan, site: Site, memory: CropMemory | None
) -> dict[str, str]:
    filer = Filer(site.src, site.dst.root, site.dst.temp_folder, plan.decode_px, memory)
    total, problems = len(plan.entries), {}
    with site.report.progress("filing", total, total - len(entries)) as progress:
        for filed in filer.file_all(entries, site.workers):
            if filed.problem:
                problems[filed.entry.scan.photo] = filed.problem
            else:
                site.journal.filed(filed.entry, filed.made)
            progress.step(failed=bool(filed.problem))
    return problems


def write_manifest(site: Site) -> None:
    """Replace the manifest if it says something new; one that a person edited is set aside."""
    dst, journal = site.dst, site.journal
    data = manifest_csv(journal.state.entries.values(), journal.state.sorted_into)
    old = dst.manifest.read_bytes() if dst.manifest.exists() else None
    if old == data:
        return
    if old is not None and content_hash(old) not in journal.state.manifests:
        aside = NamePool(f"./{name}" for name in os.listdir(dst.root)).take(".", dst.manifest.name)
        journal.aside(aside)
        dst.manifest.rename(dst.root / aside)
        site.report.say(
            f"{dst.manifest.name} is not as it was written here (you edited it, or the "
            f"journal lost lines): that version is now {Path(aside).name}"
        )
    journal.manifest(content_hash(data))
    write_atomic(dst.manifest, [data], dst.temp_folder / dst.manifest.name)
