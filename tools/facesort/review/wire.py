"""What goes over the wire: JSON in, checked, and JSON out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from facesort.album.corrections.api import (
    NO_FACE,
    ActResult,
    BoxPx,
    Correction,
    FaceView,
    PhotoView,
    Suggestion,
    history,
)
from facesort.errors import UsageError
from facesort.review.session import ReviewSession

MOST_FACES = 100_000  # of one act


def json_response(
    data: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """ASCII, so that file names of any bytes get through."""
    text = json.dumps(data, separators=(",", ":"))
    return Response(text, status, headers, "application/json")


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that was sent; `UsageError` for anything else."""
    try:
        data = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise UsageError("expected JSON") from None
    if not isinstance(data, dict):
        raise UsageError("expected a JSON object")
    return data


def text_of(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value or len(value) > 1000:
        raise UsageError(f"{key}: expected a text")
    return value


def ids_of(data: Mapping[str, Any], key: str = "faces") -> list[str]:
    value = data.get(key)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise UsageError(f"{key}: expected a list of ids")
    if not 0 < len(value) <= MOST_FACES:
        raise UsageError(f"{key}: expected 1 to {MOST_FACES:,}")
    return value


def groups_of(data: Mapping[str, Any], key: str) -> list[tuple[str, list[str]]]:
    """A folder and faces for it, any number of times."""
    value = data.get(key)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise UsageError(f"{key}: expected a list of objects")
    groups = [(text_of(one, "folder"), ids_of(one)) for one in value]
    if sum(len(faces) for _, faces in groups) > MOST_FACES:
        raise UsageError(f"{key}: expected at most {MOST_FACES:,} faces")
    return groups


def names_of(data: Mapping[str, Any], key: str) -> list[str]:
    value = data.get(key)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise UsageError(f"{key}: expected a list of names")
    return value


def pair_of(data: Mapping[str, Any]) -> tuple[str, str]:
    value = names_of(data, "pair")
    if len(value) != 2:
        raise UsageError("pair: expected two names")
    return value[0], value[1]


def box_of(data: Mapping[str, Any]) -> BoxPx:
    value = data.get("xyxy_px")
    is_four = isinstance(value, list) and len(value) == 4
    if not is_four or not all(type(one) in (int, float) and abs(one) < 1e6 for one in value or ()):
        raise UsageError("xyxy_px: expected four numbers")
    x1, y1, x2, y2 = map(float, value or ())
    return x1, y1, x2, y2


def corrections_of(session: ReviewSession, ids: list[str], folder: str | None) -> list[Correction]:
    """Put the faces ``ids`` into ``folder``; None: each where it lies. Raises `UsageError` for an
    unknown id: the page is out of date, and nothing must be guessed."""
    views = views_of(session, ids)
    return [Correction(view.photo, view.face, folder or view.folder) for view in views]


def corrections_to(session: ReviewSession, groups: list[tuple[str, list[str]]]) -> list[Correction]:
    return [one for folder, ids in groups for one in corrections_of(session, ids, folder)]


def views_of(session: ReviewSession, ids: list[str]) -> list[FaceView]:
    try:
        return [session.album.view(one) for one in ids]
    except KeyError:
        raise UsageError(
            "some of these faces are no longer here; the page shows them anew"
        ) from None


def result(session: ReviewSession, done: ActResult) -> Response:
    moved = [[one.id, one.before, one.after] for one in done.moved]
    return json_response(
        {
            "kind": done.kind,
            "moved": moved,
            "problems": done.problems,
            "doubts": done.doubts,
            "version": session.album.version,
            **acts_left(session),
        }
    )


def acts_left(session: ReviewSession) -> dict[str, int]:
    state = session.album.state
    return {"undo": len(state.learnings), "redo": len(state.reverted)}


def summary(session: ReviewSession) -> dict[str, Any]:
    """All that the frame of the page shows."""
    album, now = session.album, session.progress
    counts = album.table.counts()
    folders = [
        {"name": name, "count": counts.get(name, 0), "cover": session.covers.get(name, "")}
        for name in album.folders
    ]
    return {
        "title": album.root.absolute().name,
        "byPerson": album.is_by_person,
        "folders": folders,
        "withoutFaces": {"name": NO_FACE, "count": len(session.photos.without_faces())},
        "present": {name: len(ids) for name, ids in session.photos.present().items()},
        "progress": {
            "main": now.main,
            "confirmed": now.confirmed,
            "sure": now.sure,
            "open": now.open,
            "movesLeft": now.moves_left,
            "withoutMasked": list(now.without_masked),
        },
        "version": album.version,
        "scoredVersion": session.scored_version,
        "news": session.news,
        "refused": [asdict(one) for one in session.refused],
        "problem": session.problem,
        **acts_left(session),
    }


def opening(session: ReviewSession, count: int) -> dict[str, Any]:
    """What the page opens with, in one answer: its frame and the first ``count`` faces of the first
    folder that has any."""
    frame = summary(session)
    named = [one["name"] for one in frame["folders"] if one["count"]] or list(session.album.folders)
    return {**frame, "first": {"folder": named[0], **columns(session, named[0], 0, count)}}


def columns(session: ReviewSession, folder: str, start: int, count: int | None) -> dict[str, Any]:
    """The faces of a folder as columns: a tenth of the size of rows, and of the time."""
    album = session.album
    with album.mutex:
        table = album.table
        every = table.rows_in(folder)
        rows = every[start : None if count is None else start + count]
        return {
            "total": len(every),
            "start": start,
            "ids": [table.ids[row] for row in rows],
            "certainty": (table.certainty[rows] * 1000).astype(int).tolist(),
            "confirmed": table.confirmed[rows].astype(int).tolist(),
            "version": album.version,
        }


def suggested(session: ReviewSession) -> dict[str, Any]:
    """What may be confirmed: of several people together, person by person, pairs of people."""

    def wired(found: list[Suggestion]) -> list[dict[str, Any]]:
        return [
            {
                "folder": one.folder,
                "ids": one.ids,
                "probability": one.probability,
                "lookAlikes": one.look_alikes,
            }
            for one in found
        ]

    with session.album.mutex:
        return {
            "version": session.scored_version,
            "together": wired(session.together),
            "suggestions": wired(session.suggestions),
            "pairs": session.pairs,
        }


def photo_view(view: PhotoView) -> dict[str, Any]:
    return {
        "id": view.id,
        "name": view.photo.encode("utf-8", "replace").decode("utf-8"),
        "isVideo": view.is_video,
        "previous": view.previous,
        "next": view.next,
        "present": view.present,
        "faces": [
            {
                "id": face.id,
                "folder": face.folder,
                "certainty": round(face.certainty, 3),
                "likeliest": face.likeliest,
                "confirmed": face.confirmed,
                "main": face.is_main,
                "frame": face.frame,
                "xyxy": face.xyxy_px,
            }
            for face in view.faces
        ],
    }


def past(session: ReviewSession) -> list[dict[str, Any]]:
    return [
        {"kind": one.kind, "when": one.when, "folders": [list(pair) for pair in one.folders]}
        for one in history(session.album)
    ]


def event(session: ReviewSession) -> str:
    return json.dumps(
        {
            "version": session.album.version,
            "scoredVersion": session.scored_version,
            "problem": session.problem,
            "news": session.news,
        }
    )
