"""An album blown up to the size of a real one: the same faces again, each a little otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from facesort.album.person.identification import vector_from_text, vector_to_text
from facesort.album.records import STRANGERS, Face, Scan
from facesort.album.user_labels import UserLabel, UserLabels
from user_simulation.simulated_album import NOBODY, Album

NOISE = 0.02  # a number, of 128: a cosine of about .97 to the face it was


def grown(album: Album, photos: int, seed: int = 0) -> tuple[Scan, ...]:
    """``photos`` photos; photo i shows those of photo i modulo the album's."""
    rng = np.random.default_rng(seed)

    def again(face: Face) -> Face:
        assert face.identity is not None
        vector = vector_from_text(face.identity.vector)
        vector = vector + rng.normal(0, NOISE, vector.shape).astype(np.float32)
        text = vector_to_text(vector / np.linalg.norm(vector))
        return replace(face, identity=replace(face.identity, vector=text))

    scans = []
    for i in range(photos):
        scan, name = album.scans[i % len(album.scans)], f"IMG_{i:05d}.jpg"
        scans.append(
            replace(scan, photo=name, content=name, faces=tuple(again(f) for f in scan.faces))
        )
    return tuple(scans)


def labels_of(album: Album, scans: Sequence[Scan], count: int) -> UserLabels:
    """True words on the first ``count`` faces of ``scans``, which `grown` made."""
    places = {place: row for row, place in enumerate(album.places)}
    labels = UserLabels()
    for i, scan in enumerate(scans):
        for number, face in enumerate(scan.faces):
            if len(labels) >= count:
                return labels
            child = album.child[places[i % len(album.scans), number]]
            folder = album.names[child] if child != NOBODY else STRANGERS
            labels.add(UserLabel(scan.content, face.xyxy_px, folder))
    return labels
