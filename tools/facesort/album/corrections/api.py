"""The corrections API: what a person decides about a sorted album, and what follows from it.

    album = SortedAlbum(Path("sorted"))
    list_faces(album, "_unsure")
    record_corrections(album, [Correction("2024/IMG_0042.jpg", 0, "Ana")])
    scores = FaceScores(album); scores.update(); suggestions(album, scores)
    revert(album); redo(album)
    album.flush()

The folders, the journal and corrections.jsonl stay the truth: files moved by hand, the review page,
``learn_corrections.py`` and scripts all come through here, and see each other's changes:
`apply_corrections` learns from what was moved by hand, `revert_last` takes the last act of anybody
back. Nothing here prints.
"""

from facesort.album.corrections.act_guard import mute
from facesort.album.corrections.acts import (
    assign,
    dismiss,
    history,
    keep_apart,
    merge,
    set_presence,
)
from facesort.album.corrections.api_records import (
    ActResult,
    ActSummary,
    BoxPx,
    Correction,
    FaceView,
    Move,
    Progress,
    Suggestion,
)
from facesort.album.corrections.apply import Options, apply_corrections
from facesort.album.corrections.drawn_boxes import add_face, move_box
from facesort.album.corrections.face_scores import FaceScores
from facesort.album.corrections.forget import forget
from facesort.album.corrections.hand_over import HandedOver, hand_over
from facesort.album.corrections.images import THUMB_PX, crop_jpeg, example_jpeg, photo_jpeg
from facesort.album.corrections.photos import PhotoIndex, PhotoView, photo_id
from facesort.album.corrections.revert import revert_last
from facesort.album.corrections.sorted_album import LoadEncoder, SortedAlbum
from facesort.album.corrections.suggest import (
    doubts,
    list_faces,
    look_alikes,
    progress,
    suggestions,
    together,
)
from facesort.album.corrections.undo_redo import redo, revert
from facesort.album.records import NO_FACE, NOT_A_FACE, STRANGERS, UNSURE

record_corrections = assign

__all__ = [
    "NOT_A_FACE",
    "NO_FACE",
    "STRANGERS",
    "THUMB_PX",
    "UNSURE",
    "ActResult",
    "ActSummary",
    "BoxPx",
    "Correction",
    "FaceScores",
    "FaceView",
    "HandedOver",
    "LoadEncoder",
    "Move",
    "Options",
    "PhotoIndex",
    "PhotoView",
    "Progress",
    "SortedAlbum",
    "Suggestion",
    "add_face",
    "apply_corrections",
    "crop_jpeg",
    "dismiss",
    "doubts",
    "example_jpeg",
    "forget",
    "hand_over",
    "history",
    "keep_apart",
    "list_faces",
    "look_alikes",
    "merge",
    "move_box",
    "mute",
    "photo_id",
    "photo_jpeg",
    "progress",
    "record_corrections",
    "redo",
    "revert",
    "revert_last",
    "set_presence",
    "suggestions",
    "together",
]
