"""Learns from the person's hand: what was moved becomes a label for ever, and photos follow."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from facesort.album.carry_out import Site
from facesort.album.corrections import FACES, Changes, Said, find_changes
from facesort.album.destination import Destination
from facesort.album.examples import check_names
from facesort.album.human import (
    OTHER_FOLDERS,
    HumanLabel,
    HumanLabels,
    append_labels,
    read_labels,
)
from facesort.album.journal import State, read_state
from facesort.album.judge import judge_scans
from facesort.album.nameless import is_numbered
from facesort.album.refile import Words, clear_unfinished, moved_by_others, refile
from facesort.album.sort import at_work
from facesort.album.summary import counted
from facesort.errors import AlbumError, UsageError
from facesort.reporter import Reporter

SHOWN = 20  # lines of a kind


def learn(root: Path, apply: bool, sure: float, report: Reporter) -> int:
    """Keep what the person said by moving files in ``root``; with ``apply``, let the photos follow.
    Returns the exit code: 1 where something could not be done."""
    dst = Destination(root)
    if not dst.journal.is_file():
        raise UsageError(f"{root}: no sorted album; expected the folder that sort_photos.py filled")
    if dst.pending_plan.exists():
        raise AlbumError(f"{root}: a run was stopped here; run sort_photos.py once more, then this")
    src = Path(read_state(dst.journal).src)
    with at_work(src, dst, dst.levels(read_state(dst.journal)), 1, report) as site:
        state = site.journal.state
        clear_unfinished(site)
        labels, changes = read_labels(dst.corrections), find_changes(root, state)
        new = _new(changes, state, labels)
        if state.people:
            everybody = {*state.people, *labels.people, *(label.folder for label in new)}
            check_names(root / FACES, sorted(everybody - set(OTHER_FOLDERS)))
        append_labels(dst.corrections, new)
        for label in new:
            labels.add(label)
        if state.people:
            site.journal.people(labels.people)
            _follow_renames(site, changes, report)
        labels = labels.within(state.sorted_into)
        words = _words(state, labels)
        _say(changes, new, len(labels), report)
        others = moved_by_others(state, labels, words)
        _say_others(others, len(labels), "moved" if apply else "would move", report)
        if not apply:
            if changes.moved or new or others:
                report.say("the photos have not followed yet: run again with --apply")
            return 0
        refiled, problems = refile(site, changes, labels, sure, words)
    report.say(f"{counted(refiled, 'photo')} followed their faces into other folders")
    for what, why in sorted(problems.items()):
        report.say(f"left as it is: {what}: {why}")
    return 1 if problems else 0


def _new(changes: Changes, state: State, labels: HumanLabels) -> list[HumanLabel]:
    """What was said and is not known yet."""
    when = datetime.now().astimezone().isoformat(timespec="seconds")
    return [
        _label(said, state, when)
        for said in changes.said
        if labels.of_faces(state.entries[said.photo].scan)[said.number] != said.folder
    ]


def _label(said: Said, state: State, when: str) -> HumanLabel:
    scan = state.entries[said.photo].scan
    face = scan.faces[said.number]
    return HumanLabel(scan.content, face.xyxy_px, said.folder, said.photo, when, face.frame)


def _words(state: State, labels: HumanLabels) -> Words:
    """What the model says of each face now that it has learned; by class, it learns nothing."""
    if state.learned is None or not len(labels):
        return {}
    scans = [entry.scan for entry in state.entries.values()]
    return judge_scans(state.learned, state.people, labels, scans)


def _follow_renames(site: Site, changes: Changes, report: Reporter) -> None:
    """Where a person's whole folder went into another one, their examples go along."""
    learned = site.journal.state.learned
    for name in site.journal.state.people:
        went = {said.folder for said in changes.said if said.was == name}
        if len(went) == 1 and not (site.dst.root / FACES / name).exists() and learned is not None:
            (now,) = went
            examples = (replace(e, person=now) if e.person == name else e for e in learned.examples)
            learned = replace(learned, examples=tuple(examples))
            examples_too = "" if is_numbered(name) else "; rename the folder of examples, too"
            report.say(f"{name} is {now} from now on{examples_too}")
    site.journal.learned(learned)


def _say_others(
    others: list[tuple[str, str]], corrections: int, moved: str, report: Reporter
) -> None:
    if others:
        yours = counted(corrections, "correction")
        report.say(f"your {yours} {moved} {counted(len(others), 'other face')}:")
        _list("  moved", [f"{crop} -> {folder}" for crop, folder in others], report)


def _say(changes: Changes, new: list[HumanLabel], total: int, report: Reporter) -> None:
    into = Counter(label.folder for label in new)
    told = ", ".join(f"{n:,} to {folder}" for folder, n in into.most_common())
    report.say(f"{counted(len(new), 'new correction')}{': ' + told if told else ''}")
    report.say(f"{counted(total, 'correction')} kept for ever in {Destination.CORRECTIONS}")
    _list(
        "crop gone, nothing learned from that (no face? put it into _not_a_face)",
        changes.missing,
        report,
    )
    _list("cannot be told", changes.unclear, report)


def _list(what: str, lines: list[str], report: Reporter) -> None:
    for line in lines[:SHOWN]:
        report.say(f"{what}: {line}")
    if len(lines) > SHOWN:
        report.say(f"{what}: and {len(lines) - SHOWN:,} more")
