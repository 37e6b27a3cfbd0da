"""Learns from what the person moved: each move is stored as a label, and photos follow."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from facesort.album.corrections import regression_check
from facesort.album.corrections.changes import Changes, find_changes, put_back, unpack
from facesort.album.corrections.face_table import sure_from
from facesort.album.corrections.missing import Ask, ask_about, follow, unsettled
from facesort.album.corrections.relink import clear_unfinished, relink
from facesort.album.corrections.replan import Words, moved_by_others
from facesort.album.corrections.review_queue import review_lines
from facesort.album.destination import Destination
from facesort.album.journal import read_state
from facesort.album.person.classify import classify_scans
from facesort.album.person.enrollment import check_names
from facesort.album.records import FACES, Entry, Learned
from facesort.album.state import State
from facesort.album.summary import counted
from facesort.album.user_labels import (
    OTHER_FOLDERS,
    UserLabel,
    UserLabels,
    append_labels,
    read_labels,
)
from facesort.album.workspace import Workspace, open_workspace
from facesort.errors import AlbumError, UsageError
from facesort.photos import album_at
from facesort.reporter import Reporter


def copies_by_photo(entries: Iterable[Entry]) -> dict[str, frozenset[str]]:
    """The other photos with the same bytes; no entry for a photo that is there once."""
    photos: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        if entry.scan.content:
            photos[entry.scan.content].append(entry.scan.photo)
    return {
        photo: frozenset(same) - {photo}
        for same in photos.values()
        if len(same) > 1
        for photo in same
    }


SHOWN = 20  # lines of a kind


@dataclass(frozen=True)
class Options:
    """What is wanted of a learning: shall photos ``apply`` it; from where on a model is ``sure``
    (None: where the sorting had it); whom to ``ask`` about crops that are gone; how many
    ``suspects`` to name."""

    apply: bool = False
    sure: float | None = None
    ask: Ask | None = None
    suspects: int = 0


def apply_corrections(root: Path, wish: Options, report: Reporter) -> int:
    """Keep what the person said by moving files in ``root``; with ``apply``, let the photos follow.
    Returns the exit code: 1 where something could not be done."""
    dst = check_sorted(root)
    known = read_state(dst.journal)
    with open_workspace(album_at(known.src), dst, known, 1, report) as workspace:
        state = workspace.journal.state
        if state.is_unlearning:
            raise AlbumError(f"{root}: an --undo was stopped here; finish it with --undo")
        clear_unfinished(workspace)
        if wish.apply:
            unpack(root, state)
        labels, changes = read_labels(dst.corrections), find_changes(root, state)
        changes.said += put_back(root, state, labels, changes)
        _ask(changes, state, labels, wish.ask)
        new, before = _new(changes, state, labels), len(labels)
        _say(changes, new, report)
        _keep(workspace, changes, labels, new, wish.ask)
        replaced = before + len(new) - len(labels)
        instead = f", {replaced} in place of an earlier one for the same face" if replaced else ""
        report.say(f"{counted(len(labels), 'correction')} stored in {dst.CORRECTIONS}{instead}")
        labels = labels.within(state.sorted_into)
        words = _words(state, labels)
        others = moved_by_others(state, labels, words)
        _say_others(others, len(labels), "moved" if wish.apply else "would move", report)
        problems: dict[str, str] = {}
        if wish.apply:
            sure = sure_from(state.entries.values()) if wish.sure is None else wish.sure
            refiled, problems = relink(workspace, changes, labels, sure, words)
            report.say(f"{counted(refiled, 'photo')} followed their faces into other folders")
        elif changes.moved or new or others:
            report.say("the photos have not followed yet: run again with --apply")
        for line in review_lines(state, labels, words, changes, wish.suspects):
            report.say(line)
    for what, why in sorted(problems.items()):
        report.say(f"left as it is: {what}: {why}")
    return 1 if problems else 0


def has_news(root: Path, apply: bool) -> bool:
    """Is there anything in ``root`` that was not said, or with ``apply`` not followed, before?"""
    dst = check_sorted(root)
    state = read_state(dst.journal)
    labels, changes = read_labels(dst.corrections), find_changes(root, state)
    changes.said += put_back(root, state, labels, changes)
    said = _new(changes, state, labels)
    return bool(said or (apply and changes.moved))


def check_sorted(root: Path) -> Destination:
    """Raise `UsageError` unless ``root`` holds a sorted album, `AlbumError` if only half of it."""
    dst = Destination(root)
    if not dst.journal.is_file():
        raise UsageError(f"{root}: no sorted album; expected the folder that sort_photos.py filled")
    if dst.pending_plan.exists():
        raise AlbumError(f"{root}: a run was stopped here; run sort_photos.py once more, then this")
    return dst


def _ask(changes: Changes, state: State, labels: UserLabels, ask: Ask | None) -> None:
    """Ask what it means that a crop is gone, if there is a user to ask."""
    changes.missing = unsettled(changes.missing, state, labels)
    if ask is not None and changes.missing:
        answers = ask_about(changes.missing, state, ask)
        answered = {(said.photo, said.number) for said in answers}
        changes.said += answers
        changes.missing = [g for g in changes.missing if (g.photo, g.number) not in answered]


def _new(changes: Changes, state: State, labels: UserLabels) -> list[UserLabel]:
    """What was said and is not known yet. What was said of a copy of the photo, with the same
    bytes, is known of that copy only: each may be put back, or elsewhere."""
    when = datetime.now().astimezone().isoformat(timespec="seconds")
    copies, after = copies_by_photo(state.entries.values()), UserLabels(labels.every)
    new = []
    for said in changes.said:
        scan, others = state.entries[said.photo].scan, copies.get(said.photo, frozenset())
        known = labels.on_faces(scan)[said.number]
        if known is None or known.folder != said.folder or known.photo in others:
            new.append(after.label(scan, said.number, said.folder, when, others))
            after.add(new[-1])
    return new


def _keep(
    workspace: Workspace,
    changes: Changes,
    labels: UserLabels,
    new: list[UserLabel],
    ask: Ask | None,
) -> None:
    """Write down what is ``new``, in ``labels`` too; first in the journal, so that it can be taken
    back."""
    dst, state = workspace.dst, workspace.journal.state
    learned = state.learned
    if state.people:
        everybody = {*state.people, *labels.people, *(label.folder for label in new)}
        check_names(dst.root / FACES, sorted(everybody - set(OTHER_FOLDERS)))
        learned = follow(dst.root, state, changes, ask, workspace.report)
        new = _guarded(state, learned, labels, new, workspace.report)
    if new or learned != state.learned:
        workspace.journal.said(new)
        workspace.journal.sync()
    append_labels(dst.corrections, new)
    for label in new:
        labels.add(label)
    if state.people:
        workspace.journal.people(labels.people)
        workspace.journal.learned(learned)


def _guarded(
    state: State,
    learned: Learned | None,
    labels: UserLabels,
    new: list[UserLabel],
    report: Reporter,
) -> list[UserLabel]:
    """``new`` as it may be kept: what would cost right names teaches nothing. What was refused
    earlier gets another chance with it."""
    if learned is None or not new:
        return new
    after = UserLabels([*labels.every, *new])
    fresh = set(new)
    old = [label for label in after.every if label not in fresh]
    again = [label for label in old if not label.teaches]
    names = tuple(dict.fromkeys((*state.people, *after.people)))
    refused = regression_check.check(
        learned,
        names,
        UserLabels(label for label in old if label.teaches),
        regression_check.by_person(
            (replace(label, teaches=True) for label in [*again, *new]), names
        ),
        (entry.scan for entry in state.entries.values()),
    )
    for name, why in refused.items():
        report.say(
            f"corrections to {name} count for their own faces only, the gallery stays as it was: "
            f"learned from, they would cost {why.lost} of {why.held} faces their right name"
            f"{f' and give {why.won} theirs' if why.won else ''}; look at faces/{name} once more"
        )
    kept = [replace(label, teaches=label.folder not in refused) for label in new]
    return kept + [
        replace(one, teaches=True, exact=True, keeps=after.beside(one))
        for one in again
        if one.folder not in refused
    ]


def _words(state: State, labels: UserLabels) -> Words:
    """What the model says of each face now that it has learned; by class, it learns nothing."""
    if state.learned is None or not len(labels):
        return {}
    scans = [entry.scan for entry in state.entries.values()]
    return classify_scans(state.learned, state.people, labels, scans)


def _say_others(
    others: list[tuple[str, str]], corrections: int, moved: str, report: Reporter
) -> None:
    if others:
        yours = counted(corrections, "correction")
        report.say(f"your {yours} {moved} {counted(len(others), 'other face')}:")
        _list("  moved", [f"{crop} -> {folder}" for crop, folder in others], report)


def _say(changes: Changes, new: list[UserLabel], report: Reporter) -> None:
    into = Counter(label.folder for label in new)
    counts = ", ".join(f"{n:,} to {folder}" for folder, n in into.most_common())
    report.say(f"{counted(len(new), 'new correction')}{': ' + counts if counts else ''}")
    _list(
        "crop gone, nothing learned from that (no face? put it into _not_a_face)",
        [gone.path for gone in changes.missing],
        report,
    )
    _list("unclear", changes.unclear, report)


def _list(what: str, lines: list[str], report: Reporter) -> None:
    for line in lines[:SHOWN]:
        report.say(f"{what}: {line}")
    if len(lines) > SHOWN:
        report.say(f"{what}: and {len(lines) - SHOWN:,} more")
