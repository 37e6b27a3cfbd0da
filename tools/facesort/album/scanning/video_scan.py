"""Looks at videos: two frames a second, and of each class or person the frame that shows it best.

A face that is seen twice in one place is followed, and counts from its second sight on: of hundreds
of frames some deceive the detector, but hardly two in a row. The frames that were chosen are read
once more, counted from the first one, as they are when a crop has to be cut again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.album import stop
from facesort.album.person.ensemble import EnsembleModel
from facesort.album.person.face_encoder import FaceEncoder, with_identity
from facesort.album.records import Face, Scan
from facesort.album.scanning.face_crops import cut_crops
from facesort.album.scanning.tracklets import choose, follow, looks_alike, one_a_person, voted_alike
from facesort.album.user_labels import UserLabels
from facesort.errors import PhotoError
from facesort.photos import Photo
from facesort.photos.video import Frame, Video

EVERY_S = 0.5
BURST_S = 1.5  # of a long video, so much is looked at, then a part passed over
MOST_FRAMES = 240  # of a video that says how long it is: two minutes, or that spread over it
MOST_FRAMES_OF_UNKNOWN = 1200

Find = Callable[[NDArray[np.uint8]], tuple[Face, ...]]  # the faces of an image (h, w, 3)


def scan_video(
    path: Path,
    scan: Scan,
    find: Find,
    labels: UserLabels,
    encoder: FaceEncoder | None,
    voter: EnsembleModel | None,
    sure: float,
) -> tuple[Scan, list[bytes]]:
    """``scan`` with the faces to show, each of its own frame, and a JPEG of each. By class (without
    ``describer`` and ``voter``) that is one face a class, by person one a person, as far as they
    look different; and those with a correction. Raises `PhotoError` where nothing is
    decoded."""
    looks = _look(path, find)
    everything = replace(scan, faces=tuple(face for look in looks for face in look))
    folders = labels.of_faces(everything)
    given = {face: folder for face, folder in zip(everything.faces, folders, strict=True) if folder}
    by_person = encoder is not None or voter is not None
    chosen = choose(follow(looks), given, sure, by_person)
    chosen += labels.unseen(replace(scan, faces=tuple(chosen)))
    seen = list(_seen(path, scan, chosen, encoder, voter))
    if by_person:
        alike = looks_alike(encoder.embedder.likeness) if encoder else voted_alike
        seen = one_a_person(seen, given, alike)
    return replace(scan, faces=tuple(face for face, _ in seen)), [jpeg for _, jpeg in seen]


def crops_of_video(path: Path, scan: Scan) -> list[bytes]:
    """The crops of the faces of ``scan``, once more; `PhotoError` where a frame is gone."""
    jpegs = [jpeg for _, jpeg in _seen(path, scan, scan.faces)]
    if len(jpegs) < len(scan.faces):
        raise PhotoError(f"gives {len(jpegs)} of {len(scan.faces)} faces only; run again")
    return jpegs


def _look(path: Path, find: Find) -> list[tuple[Face, ...]]:
    """The faces of each frame that is looked at."""
    looks = []
    with Video(path) as video:
        for frame in _samples(video):
            if stop.was_requested():  # a long video need not be seen to its end
                raise KeyboardInterrupt
            faces = find(frame.rgb)
            looks.append(tuple(replace(f, frame=frame.index, time_s=frame.time_s) for f in faces))
        problem = video.problem
    if not looks:
        raise PhotoError(problem)
    return looks


def _samples(video: Video) -> Iterator[Frame]:
    """Two frames a second; of long videos, bursts of them, spread evenly."""
    frames = video.frames(every_s=EVERY_S)
    if video.frames_announced is None:
        yield from islice(frames, MOST_FRAMES_OF_UNKNOWN)
        return
    length_s = video.frames_announced / video.fps
    period_s = max(BURST_S, length_s * BURST_S / (EVERY_S * MOST_FRAMES))
    yield from islice((f for f in frames if f.time_s % period_s < BURST_S), 2 * MOST_FRAMES)


def _seen(
    path: Path,
    scan: Scan,
    faces: Iterable[Face],
    encoder: FaceEncoder | None = None,
    voter: EnsembleModel | None = None,
) -> Iterator[tuple[Face, bytes]]:
    """Each of ``faces`` with its crop, by frame, as far as its frame can be decoded."""
    ordered = sorted(faces, key=lambda face: (face.frame or 0, face.xyxy_px))
    by_frame = {number: list(same) for number, same in groupby(ordered, lambda f: f.frame or 0)}
    if not by_frame:
        return
    with Video(path) as video:
        for frame in video.frames_at(by_frame, max(by_frame)):
            photo = Photo(frame.rgb, (frame.rgb.shape[1], frame.rgb.shape[0]), 1.0)
            there = tuple(replace(f, time_s=round(frame.time_s, 3)) for f in by_frame[frame.index])
            if encoder is not None:
                there = with_identity(there, photo, encoder)
            if voter is not None:
                there = voter.on(there, photo, None)
            yield from zip(there, cut_crops(photo, replace(scan, faces=there)), strict=True)
