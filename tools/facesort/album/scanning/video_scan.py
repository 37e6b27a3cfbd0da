"""Looks at videos: two frames a second, and of each class or person the frame that shows it best.

A face that is seen twice in one place is followed, and counts from its second sight on: of hundreds
of frames some deceive the detector, but hardly two in a row. The frames that were chosen are read
once more, counted from the first one, as they are when a crop has to be cut again.
Choosing the few sights of a face that show what is in a video is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.album import stop
from facesort.album.person.classify import vectors_of, worn_by
from facesort.album.person.ensemble import EnsembleModel
from facesort.album.person.face_encoder import FaceEncoder, with_identity
from facesort.album.records import Face, Scan
from facesort.album.scanning.face_crops import cut_crops
from facesort.album.user_labels import UserLabels
from facesort.boxes import as_boxes, grow_xyxy, iou_matrix, min_side
from facesort.errors import PhotoError
from facesort.models.people.similarity_norm import SimilarityNorm
from facesort.photos import Photo
from facesort.photos.video import Frame, Video

LOST_S = 1.3  # a face that is seen no sooner again may be another one
GROWN = 2.0  # faces move between two looks: about half their size is allowed for
SAME_PLACE_IOU = 0.3
FEWEST_OBSERVATIONS = 2
PIECE = 4  # sights, by person
MOST_FACES = 60  # that are compared, by person
LARGE_PX = 80.0  # a larger face shows no more
SAME_PERSON = 3.0  # deviations of likeness; hardly any two people reach it

Observations = list[tuple[Face, bytes]]  # a face and its crop
Given = Mapping[Face, str]  # the folder that a person chose for a face
Alike = Callable[[Face, Sequence[Face]], bool]


def follow(looks: Iterable[Sequence[Face]]) -> list[list[Face]]:
    """The sights of each face, in order: what is in about the same place in the next frame or the
    one after is taken for the same face."""
    tracks: list[list[Face]] = []
    for faces in looks:
        now_s = faces[0].time_s or 0.0 if faces else 0.0
        recent = [track for track in tracks if now_s - (track[-1].time_s or 0.0) <= LOST_S]
        new = set(range(len(faces)))
        iou = iou_matrix(_around([track[-1] for track in recent]), _around(faces))
        while iou.size and iou.max() >= SAME_PLACE_IOU:
            track, face = (int(i) for i in np.unravel_index(int(iou.argmax()), iou.shape))
            recent[track].append(faces[face])
            new.discard(face)
            iou[track], iou[:, face] = 0, 0
        tracks += [[faces[face]] for face in sorted(new)]
    return tracks


def choose(
    tracks: Sequence[Sequence[Face]], given: Given, sure: float, by_person: bool
) -> list[Face]:
    """The best sight of each class, or by person of every two seconds, for a cut can put another
    person into the same place; and every sight with a correction, in place of the model's
    prediction. What was seen once only counts where nothing was seen longer and it is ``sure``."""
    parts = [spell for track in tracks for spell in _spells(track)]
    if by_person:
        parts = [spell[i : i + PIECE] for spell in parts for i in range(0, len(spell), PIECE)]
    spoken = [face for part in parts for face in part if face in given]
    left = [part for part in parts if not any(face in given for face in part)]
    longer = [part for part in left if len(part) >= FEWEST_OBSERVATIONS]
    if not longer and not spoken:
        longer = [part for part in left if part[0].confidence >= sure]
    best = sorted((max(part, key=_shows) for part in longer), key=_shows, reverse=True)
    if not by_person:  # of each class, the first
        best = list({face.class_name: face for face in reversed(best)}.values())
    return [*spoken, *best[:MOST_FACES]]


def _spells(track: Iterable[Face]) -> list[list[Face]]:
    """A face that puts on a mask is one of either class, each for a while."""
    return [list(spell) for _, spell in groupby(track, key=lambda face: face.class_name)]


def _shows(face: Face) -> float:
    """How well a sight shows the face: certain and large."""
    side_px = float(min_side(as_boxes([face.xyxy_px]))[0])
    return face.confidence * min(side_px / LARGE_PX, 1.0)


def _around(faces: Sequence[Face]) -> NDArray[np.float64]:
    return grow_xyxy(as_boxes([face.xyxy_px for face in faces]), GROWN)


def one_a_person(seen: Observations, given: Given, alike: Alike) -> Observations:
    """Of faces that are ``alike`` and in different frames, the best; a face of which a person has
    spoken stays."""
    spoken = {(face.frame, face.xyxy_px) for face in given}

    def is_given(face: Face) -> bool:
        return (face.frame, face.xyxy_px) in spoken

    kept: Observations = []
    for face, jpeg in sorted(seen, key=lambda one: (not is_given(one[0]), -_shows(one[0]))):
        others = [one for one, _ in kept if one.frame != face.frame]
        if is_given(face) or not alike(face, others):
            kept.append((face, jpeg))
    return sorted(kept, key=lambda one: (one[0].frame or 0, one[0].xyxy_px))


def looks_alike(likeness: SimilarityNorm) -> Alike:
    """Is a face one of the others, by their looks? What cannot be compared is no other person's."""

    def alike(face: Face, others: Sequence[Face]) -> bool:
        known = [other for other in others if other.identity]
        if face.identity is None or not known:
            return False
        cosine = vectors_of([face]) @ vectors_of(known).T
        return bool(likeness.of(cosine, worn_by([face]), worn_by(known)).max() >= SAME_PERSON)

    return alike


def voted_alike(face: Face, others: Sequence[Face]) -> bool:
    """Is a face one of the others, by the votes on them?"""
    voted = {other.vote.name for other in others if other.vote}
    return face.vote is not None and face.vote.name in voted


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
    ``encoder`` and ``voter``) that is one face a class, by person one a person, as far as they
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


def faces_of_video(
    path: Path, scan: Scan, faces: Iterable[Face], encoder: FaceEncoder
) -> list[Face]:
    """``faces`` of ``scan``, described by ``encoder``, as far as their frames can be decoded."""
    return [face for face, _ in _seen(path, scan, faces, encoder)]


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
