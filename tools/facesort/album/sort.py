"""The main job: list, look, plan, say, carry out. What a killed run left is finished first."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from facesort.album.destination import (
    Destination,
    check_apart,
    check_belongs,
    check_free,
    check_sorted_alike,
)
from facesort.album.executor import execute, left_to_file, write_manifest
from facesort.album.journal import read_state
from facesort.album.link_modes import COPY
from facesort.album.records import Folders, Plan, folder_of
from facesort.album.reencode import described_by_others, reencode
from facesort.album.saved_plan import check_album, check_names_free, find_plan, load_plan, save_plan
from facesort.album.scanning.face_crops import CropMemory, crop_memory
from facesort.album.scanning.scanner import ScanResult
from facesort.album.sort_job import Remember, SortJob, plan_new_photos, prepare
from facesort.album.state import State
from facesort.album.summary import (
    close,
    count_links,
    counted,
    links_line,
    listing_lines,
    plan_lines,
    say_problems,
)
from facesort.album.workspace import Workspace, open_workspace
from facesort.errors import AlbumError, UsageError
from facesort.photos import (
    PHOTO_SUFFIXES,
    VIDEO_SUFFIXES,
    Listing,
    Place,
    Remote,
    album_at,
    list_photos,
    list_remote,
)
from facesort.reporter import Reporter

NOTHING_NEW = "nothing new: every photo was filed in an earlier run"


def sort_album(job: SortJob, report: Reporter) -> int:
    """Sort what is new in the album into the destination; returns the exit code."""
    listing = _list_album(job.src, job.dst, job.folders, report)
    dst = Destination(job.dst)
    state = read_state(dst.journal)
    check_sorted_alike(_foreseen(dst, state), job.folders, dst.root)
    check_belongs(state, job.src, dst.root)
    _say_other_options(job, state, report)
    _say_renamed(state, dst, report)
    if all(map(state.knows, listing.files)) and not described_by_others(job, state):
        if dst.is_whole() and state.src == str(job.src.absolute()):
            report.say(NOTHING_NEW)
            return close(state, listing, dst.root, {}, report)
    else:
        prepare(job, report)  # so that a model that will not do leaves no trace
    with (
        open_workspace(job.src, dst, state, job.workers, report) as workspace,
        crop_memory(dst.crops) as memory,
    ):
        _finish_pending(workspace, memory)
        is_anew = reencode(job, workspace.state, report, workspace.journal)
        plan = plan_new_photos(
            job, listing, workspace.journal.state, report, _remember_in(workspace, memory)
        )
        if (plan.entries or is_anew) and workspace.journal.state.options != job.options:
            workspace.journal.options(job.options)
        problems = _carry_out_news(plan, workspace, memory)
        return close(workspace.journal.state, listing, dst.root, problems, report)


def preview_album(job: SortJob, report: Reporter) -> int:
    """Say what `sort_album` would do, and save that as a plan; nothing else is written."""
    listing = _list_album(job.src, job.dst, job.folders, report)
    dst = Destination(job.dst)
    if dst.saved_plan.exists() and find_plan(dst.saved_plan) is None:
        raise UsageError(f"{dst.saved_plan}: is no plan of ours and would be replaced; move it")
    state = _foreseen(dst, read_state(dst.journal))
    check_belongs(state, job.src, dst.root)
    check_sorted_alike(state, job.folders, dst.root)
    _say_other_options(job, state, report)
    if not all(map(state.knows, listing.files)):
        prepare(job, report)
    levels = dst.levels(state)
    reencode(job, state, report, journal=None)
    with dst.made():
        plan = plan_new_photos(job, listing, state, report, remember=None)
        save_plan(replace(plan, levels=levels), dst.saved_plan)
    for line in plan_lines(plan, in_full=True):
        report.say(line)
    report.say(f"saved as {dst.saved_plan}; carry it out with --plan")
    problems = {entry.scan.photo: entry.scan.problem for entry in plan.entries} | listing.refused
    return say_problems(problems, report)


def apply_saved(
    plan_file: Path, src: Place | None, dst: Path | None, workers: int, report: Reporter
) -> int:
    """Carry out a plan that `preview_album` saved, if the album is still the one it was made for.

    ``src`` and ``dst``, if given, must be the plan's.
    """
    plan = load_plan(plan_file)
    for flag, given, planned in (("--src", src, plan.src), ("--dst", dst, plan.dst)):
        if given is not None and given.resolve() != album_at(planned).resolve():
            raise UsageError(f"{flag} {given}: the plan is for {planned}; leave {flag} out")
    album, place = album_at(plan.src), Destination(Path(plan.dst))
    listing = _list_album(album, place.root, plan.folders, report)
    known = read_state(place.journal)
    state = _foreseen(place, known)
    check_sorted_alike(state, plan.folders, place.root)
    plan = replace(plan, entries=tuple(left_to_file(plan, state.entries)))
    check_album(plan, listing.files, state)
    check_names_free(plan, place.root, state)
    with (
        open_workspace(album, place, known, workers, report) as workspace,
        crop_memory(place.crops) as memory,
    ):
        _finish_pending(workspace, memory)
        problems = _carry_out_news(plan, workspace, memory)
        return close(workspace.journal.state, listing, place.root, problems, report)


def _list_album(src: Place, dst: Path, folders: Folders, report: Reporter) -> Listing:
    listing = list_remote(src) if isinstance(src, Remote) else list_photos(src, links_out=False)
    check_apart(src, listing.files, dst)
    check_free(Destination(dst), folders)
    for line in listing_lines(src, listing):
        report.say(line)
    if not listing.files:
        kinds = " ".join([*sorted(PHOTO_SUFFIXES), *sorted(VIDEO_SUFFIXES)])
        why = [f"; {name} {reason}" for name, reason in listing.refused.items()][:1]
        raise AlbumError(
            f"{src}: no photos in it or in its folders; looked for {kinds}{''.join(why)}"
        )
    return listing


def _foreseen(dst: Destination, state: State) -> State:
    """The destination as it will be once the plan of a killed run is finished."""
    pending = dst.pending()
    if pending is None:
        return state
    entries = state.entries | {entry.scan.photo: entry for entry in pending.entries}
    people = tuple(dict.fromkeys((*state.people, *pending.people)))
    return replace(state, entries=entries, people=people)


def _say_other_options(job: SortJob, state: State, report: Reporter) -> None:
    others = [f"--{name}" for name in job.options if state.options.get(name) != job.options[name]]
    if state.options and others:
        report.say(
            f"{', '.join(others)}: not as in the earlier run; what is filed stays as it was filed "
            f"(to sort it anew: --undo --dst {job.dst}, then run again)"
        )


def _say_renamed(state: State, dst: Destination, report: Reporter) -> None:
    """New photos go where the journal says: a folder with a new name is not known yet."""
    filled = {folder_of(path) for entry in state.entries.values() for path in entry.crops}
    gone = sorted(one for one in filled if not (dst.root / one).exists())
    if state.people and gone and (dst.root / "faces").exists():
        report.say(
            f"no longer there: {', '.join(gone)}; if you have renamed or merged folders, run "
            f"learn_corrections.py {dst.root} --apply, now or afterwards"
        )


def _remember_in(workspace: Workspace, memory: CropMemory) -> Remember:
    journal = workspace.journal

    def remember(result: ScanResult, who: str) -> None:
        scan = result.scan
        if not journal.state.has_content(scan):
            journal.scanned(who, scan)
            memory.keep(scan, result.crops)
            return
        entry = journal.state.entries[scan.photo]
        if entry.scan.mtime_ns != scan.mtime_ns:  # touched, not changed
            journal.filed(replace(entry, scan=scan), {})

    return remember


def _finish_pending(workspace: Workspace, memory: CropMemory) -> None:
    """Finish an earlier run. What cannot be filed is not reported: this run tries it again."""
    plan, pending = workspace.dst.pending(), workspace.dst.pending_plan
    if plan is not None:
        workspace.report.say("finishing what an earlier run began")
        execute(plan, workspace, memory)
    elif pending.exists():
        pending.unlink()
        workspace.report.say(
            "the plan that an earlier run left is damaged: planning anew; photos it had just filed "
            "may be there twice"
        )


def _carry_out_news(plan: Plan, workspace: Workspace, memory: CropMemory) -> dict[str, str]:
    if not plan.entries:
        workspace.report.say(NOTHING_NEW)
        if not os.path.lexists(workspace.dst.manifest):
            write_manifest(workspace)
        return {}
    for line in plan_lines(plan, in_full=False):
        workspace.report.say(line)
    again = sum(entry.scan.photo in workspace.journal.state.entries for entry in plan.entries)
    if again:
        workspace.report.say(
            f"{counted(again, 'photo')} changed and will be filed anew; old files stay"
        )
    problems = execute(plan, workspace, memory)
    _say_refused_links(plan, workspace)
    return problems


def _say_refused_links(plan: Plan, workspace: Workspace) -> None:
    state = workspace.journal.state
    filed = [state.entries.get(entry.scan.photo, entry) for entry in plan.entries]
    if count_links(filed)[COPY] > count_links(plan.entries)[COPY]:
        workspace.report.say(f"the disk refused some links: {links_line(filed)}")
