"""Where photos and crops belong now, by the corrections and by what the model says since. Pure
but for looking which crops are still there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from facesort.album.corrections.changes import Changes
from facesort.album.names import NamePool
from facesort.album.person.classify import NOT_ENCODED
from facesort.album.plan import crop_name, folders_of_faces, photo_folders, placed
from facesort.album.records import STRANGERS, UNSURE, Entry, Prediction, folder_of
from facesort.album.salience import PhotoRules
from facesort.album.state import State
from facesort.album.user_labels import ABSENT, UserLabels
from facesort.album.workspace import Workspace

UNNAMED = (UNSURE, STRANGERS)
OUT_OF_ORDER = 0.1  # a certainty that changed by so much gives the crop another name
SURE = "999_"  # how the name of a crop begins of which a person has spoken
Words = Mapping[str, tuple[Prediction, ...]]  # photo: the model's prediction for each face


def moved_by_others(state: State, labels: UserLabels, words: Words) -> list[tuple[str, str]]:
    """Crops without a correction that move because of what was learned: path, new folder."""
    return [
        (entry.crops[number], words[photo][number].folder)
        for photo, entry in state.entries.items()
        if photo in words
        for number, said in enumerate(labels.of_faces(entry.scan))
        if not said and _is_new(entry.judged[number], words[photo][number])
    ]


def _is_new(old: Prediction, word: Prediction) -> bool:
    """A named face moves to another person's folder, never to unsure or strangers: the person
    has seen it there, and let it stand."""
    named_no_more = word.folder in UNNAMED and old.folder not in UNNAMED
    return word != NOT_ENCODED and word.folder != old.folder and not named_no_more


def concerned_entries(
    workspace: Workspace, changes: Changes, labels: UserLabels, words: Words
) -> list[Entry]:
    """Entries that are not as the person said, or of which something was moved or left over."""
    state = workspace.journal.state
    others = {path for path, _ in moved_by_others(state, labels, words)}
    return [
        entry
        for entry in state.entries.values()
        if any(path in state.made for path in entry.left)
        or any(path in changes.moved or path in others for path in entry.paths)
        or _is_unlike(workspace.dst.root, entry, labels.of_faces(entry.scan), words)
        or _is_unlike_presence(entry, labels)
    ]


def _is_unlike_presence(entry: Entry, labels: UserLabels) -> bool:
    """Is the photo not in the folder of a person who is in it without a face, or still in one?"""
    present, absent = {*labels.present(entry.scan)}, {*labels.present(entry.scan, ABSENT)}
    if not present | absent:
        return False
    now = {folder_of(path).split("/")[1] for path in entry.targets}
    by_face = {folder_of(path).split("/")[1] for path in entry.crops}
    return not now >= present or bool(now & absent - by_face)


def _is_unlike(root: Path, entry: Entry, human: Sequence[str], words: Words) -> bool:
    """Is a face not as the person said, or its crop not where it belongs by folder and name?"""
    return any(
        said and (said != old or (_is_misplaced(crop, said) and (root / crop).is_file()))
        for said, old, crop in zip(human, entry.said, entry.crops, strict=True)
    ) or any(
        not said and old != word
        for said, old, word in zip(human, entry.judged, _words_of(entry, words), strict=False)
    )


def _is_misplaced(crop: str, said: str) -> bool:
    return _named_unsure(crop) or folder_of(crop) != f"faces/{said}"


def _named_unsure(crop: str) -> bool:
    """Does the crop's name say that it is not certain? One named by the person says nothing."""
    name = Path(crop).name
    return name[:3].isdigit() and name[3:4] == "_" and not name.startswith(SURE)


def _is_reordered(old: Prediction, word: Prediction) -> bool:
    return (
        word != NOT_ENCODED
        and word.folder == old.folder
        and abs(word.certainty - old.certainty) >= OUT_OF_ORDER
    )


def planned(
    workspace: Workspace,
    entry: Entry,
    labels: UserLabels,
    sure: float,
    words: Words,
    pool: NamePool,
) -> Entry:
    """Where the photo and its crops belong now; a place that is right already, they keep."""
    human = labels.of_faces(entry.scan)
    judged = _words_of(entry, words)
    faces = folders_of_faces(entry.scan, sure, human, judged)
    has = {folder_of(path).split("/")[1]: path for path in entry.targets}
    name, seen = Path(entry.scan.photo).name, entry.scan.faces
    rules = PhotoRules.of_options(workspace.journal.state.options)
    counting = rules.folders(seen, faces, human)
    targets = {
        folder: has.get(folder)
        or pool.take(f"photos/{folder}", rules.name(name, folder, seen, faces))
        for folder in photo_folders(
            entry.scan, counting, workspace.journal.state.sorted_into, labels.present(entry.scan)
        )
    }
    crops = [
        _crop_place(workspace, entry, number, said, judged[number] if judged else None, pool)
        for number, said in enumerate(human)
    ]
    return placed(replace(entry, judged=judged), targets, crops, faces, human)


def _crop_place(
    workspace: Workspace,
    entry: Entry,
    number: int,
    said: str,
    word: Prediction | None,
    pool: NamePool,
) -> str:
    """Where the crop of a face belongs, by folder and by name; one that is gone stays gone."""
    crop, name = entry.crops[number], Path(entry.scan.photo).name
    if not (workspace.dst.root / crop).is_file():
        return crop
    if said:
        place = f"faces/{said}", crop_name(name, 1.0, number)
        return pool.take(*place) if _is_misplaced(crop, said) else crop
    if word is None or word == entry.judged[number]:
        return crop
    folder = f"faces/{word.folder}" if _is_new(entry.judged[number], word) else folder_of(crop)
    return pool.take(folder, crop_name(name, word.certainty, number))


def _words_of(entry: Entry, words: Words) -> tuple[Prediction, ...]:
    now = words.get(entry.scan.photo, entry.judged)
    pairs = zip(entry.judged, now, strict=True)
    return tuple(w if _is_new(old, w) or _is_reordered(old, w) else old for old, w in pairs)
