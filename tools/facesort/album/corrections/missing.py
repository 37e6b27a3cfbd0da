"""Crops that are gone, and whole folders of a person that went into another one: the person is
asked what that means, and nothing is guessed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from facesort.album.corrections.changes import Changes, MissingCrop, MovedFace, was_in
from facesort.album.records import FACES, NOT_A_FACE, STRANGERS, Learned, folder_of
from facesort.album.state import State
from facesort.album.summary import counted
from facesort.album.user_labels import UserLabels
from facesort.reporter import Reporter

Ask = Callable[[str, str], str]  # a question, the letters that answer it; "" is no answer
AT_ONCE = 3  # so many from one folder can be answered by one word

SETTLED = (NOT_A_FACE, STRANGERS)


def unsettled(
    missing: Iterable[MissingCrop], state: State, labels: UserLabels
) -> list[MissingCrop]:
    """The missing crops that still need an answer. One that was already marked as no face or as
    a stranger's does not: deleting it adds nothing."""
    return [
        gone
        for gone in missing
        if labels.of_faces(state.entries[gone.photo].scan)[gone.number] not in SETTLED
    ]


def ask_about(missing: Sequence[MissingCrop], state: State, ask: Ask) -> list[MovedFace]:
    """What the person says of them."""
    by_folder: dict[str, list[MissingCrop]] = defaultdict(list)
    for gone in missing:
        by_folder[folder_of(gone.path)].append(gone)
    return [said for gones in by_folder.values() for said in _ask_about(gones, state, ask)]


def _ask_about(gones: Sequence[MissingCrop], state: State, ask: Ask) -> Iterator[MovedFace]:
    meanings = {"n": NOT_A_FACE} | ({"s": STRANGERS} if state.people else {})
    unknown = ", a stranger (s)" if state.people else ""
    answer = ""
    if len(gones) > AT_ONCE:
        answer = ask(
            f"{counted(len(gones), 'crop')} are gone from {folder_of(gones[0].path)}, such as "
            f"{gones[0].path}: is each no face (n){unknown}, one by one (o), or skip (Enter)?",
            "".join([*meanings, "o"]),
        )
        if not answer:
            return
    for gone in gones:
        one = answer
        if one not in meanings:
            question = f"{gone.path} is gone: is it no face (n){unknown}, or skip (Enter)?"
            one = ask(question, "".join(meanings))
        if one in meanings:
            was = was_in(state.entries[gone.photo], gone.number)
            yield MovedFace(gone.photo, gone.number, meanings[one], was)


@dataclass(frozen=True)
class Rename:
    """All ``faces`` of ``old`` lie in ``new``; ``is_sure``: they are one person, else all faces may
    have been wrong; ``is_merge``: the album knew ``new`` before."""

    old: str
    new: str
    faces: int
    is_sure: bool
    is_merge: bool


def find_renames(root: Path, state: State, changes: Changes) -> Iterator[Rename]:
    """Find the people who have another name now. A person whose crops are not all in the new
    folder is not renamed; where the empty old folder still exists, the rename is not sure."""
    filed = Counter(was_in(e, n) for e in state.entries.values() for n in range(len(e.crops)))
    for name in state.people:
        went = Counter(said.folder for said in changes.said if said.was == name)
        if len(went) == 1 and filed[name] == went.total():
            (new,) = went
            if not new.startswith("_"):
                is_gone = not (root / FACES / name).exists()
                yield Rename(name, new, filed[name], is_gone, new in state.people)


def follow(
    root: Path, state: State, changes: Changes, ask: Ask | None, report: Reporter
) -> Learned | None:
    """What was learned, under the names that people have now."""
    learned = state.learned
    for one in find_renames(root, state, changes):
        if learned is None or not (one.is_sure or one.is_merge):
            continue
        mine = sum(example.person == one.old for example in learned.examples)
        if not mine or not _is_meant(one, mine, ask, report):
            continue
        examples = (
            replace(e, person=one.new) if e.person == one.old else e for e in learned.examples
        )
        learned = replace(learned, examples=tuple(examples))
        if one.is_merge:
            report.say(
                f"{one.old} and {one.new} are one from now on: {counted(one.faces, 'face')} and "
                f"{counted(mine, 'example')} change to {one.new}; so do the folders of "
                "examples, where there are any"
            )
        else:
            report.say(
                f"{one.old} is {one.new} from now on ({counted(one.faces, 'face')}); rename the "
                "folder of examples, too, where there is one"
            )
    return learned


def _is_meant(one: Rename, examples: int, ask: Ask | None, report: Reporter) -> bool:
    """A folder that is gone is meant to be; one that is empty may have held nothing right."""
    if not one.is_merge:
        return True
    if ask is not None:
        question = (
            f"all {counted(one.faces, 'face')} of {one.old} lie in {one.new}: are the two one "
            f"person, their {counted(examples, 'example')} too (y), or were they wrong (n)?"
        )
        return ask(question, "yn") == "y"
    if not one.is_sure:
        report.say(
            f"all faces of {one.old} lie in {one.new}: if the two are one person, remove the empty "
            f"folder {FACES}/{one.old}, too, before you --apply"
        )
    return one.is_sure
