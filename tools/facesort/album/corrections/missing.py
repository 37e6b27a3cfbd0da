"""Crops that are gone: the person is asked what that means, and nothing is guessed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from facesort.album.corrections.changes import MissingCrop, MovedFace, was_in
from facesort.album.records import NOT_A_FACE, STRANGERS, folder_of
from facesort.album.state import State
from facesort.album.summary import counted
from facesort.album.user_labels import UserLabels

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
