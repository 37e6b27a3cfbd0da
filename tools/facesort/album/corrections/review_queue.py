"""Where a look is worth most: names that are likely wrong, faces that are easily named. Pure.

Of the faces without a correction, half of the list are the named ones that the model doubts most,
half the unsure ones that it is closest to naming; each in the order of their worth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from facesort.album.corrections.changes import Changes
from facesort.album.corrections.replan import Words
from facesort.album.records import NOT_A_FACE, STRANGERS, UNSURE, Entry, Prediction, folder_of
from facesort.album.state import State
from facesort.album.summary import counted
from facesort.album.user_labels import UserLabels

LEAST_DOUBT = 0.02  # below it, a look is not worth its while


@dataclass(frozen=True)
class ReviewItem:
    """The crop to look at, by how much it is worth that, and why."""

    worth: float
    crop: str
    why: str


def review_lines(
    state: State, labels: UserLabels, words: Words, changes: Changes, most: int
) -> Iterator[str]:
    """What to look at next, at most ``most`` faces."""
    wrong: list[ReviewItem] = []
    unsure: list[ReviewItem] = []
    gone = {one.path for one in changes.missing}
    for entry in state.entries.values():
        human, now = labels.of_faces(entry.scan), words.get(entry.scan.photo, entry.judged)
        for number, crop in enumerate(entry.crops):
            if human[number] or crop in gone or crop in changes.moved:
                continue
            word = now[number] if now else _by_class(entry, number)
            is_unsure = folder_of(crop) == f"faces/{UNSURE}"
            one = _review_item(crop, word)
            if one.worth >= LEAST_DOUBT:
                (unsure if is_unsure else wrong).append(one)
    chosen = _chosen(wrong, unsure, most)
    if chosen:
        yield f"look at these {len(chosen)} first:" if len(chosen) > 1 else "look at this one:"
    for one in chosen:
        yield f"  {one.crop}: {one.why}"
    left = len(wrong) + len(unsure) - len(chosen)
    if chosen and left > 0:
        yield f"  and {counted(left, 'more face')} with some doubt; each folder has its worst first"


def _chosen(wrong: list[ReviewItem], unsure: list[ReviewItem], most: int) -> list[ReviewItem]:
    def in_order(some: list[ReviewItem]) -> list[ReviewItem]:
        return sorted(some, key=lambda one: (-one.worth, one.crop))

    doubted, open_ones = in_order(wrong), in_order(unsure)
    half = max(most - min(len(open_ones), most // 2), 0)
    first = doubted[:half]
    return first + open_ones[: most - len(first)]


def _by_class(entry: Entry, number: int) -> Prediction:
    face = entry.scan.faces[number]
    return Prediction(face.class_name, face.class_name, face.confidence)


def _review_item(crop: str, word: Prediction) -> ReviewItem:
    folder = folder_of(crop).split("/")[1]
    likely = f"{word.likeliest or 'a person you named'} ({word.probability:.2f})"
    if folder == UNSURE:
        why = f"{word.poor}; {likely}?" if word.poor else f"{likely}?"
        return ReviewItem(word.probability / (2 if word.poor else 1), crop, why)
    if folder == NOT_A_FACE:
        return ReviewItem(0.0, crop, "")
    if folder == STRANGERS:
        return ReviewItem(word.probability, crop, f"perhaps {likely}?")
    if word.likeliest == folder:
        return ReviewItem(1 - word.probability, crop, f"only {word.probability:.2f} sure")
    # whose folder it lies in is at most as likely as the likeliest, and as all but that one
    why = f"rather {likely}" if word.likeliest else "rather a stranger"
    return ReviewItem(max(word.probability, 1 - word.probability), crop, why)
