"""From all sights of faces in a video to the few that show what is in it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from facesort.album.person.classify import vectors_of, worn_by
from facesort.album.records import Face
from facesort.boxes import as_boxes, grow_xyxy, iou_matrix, min_side
from facesort.models.people.similarity_norm import SimilarityNorm

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
