"""The folder of every face of an album, by the examples of each child. Pure.

Which probability is enough depends on the whole album (`identify.sure_from`), so this comes after
all photos were looked at and before the plan. Vectors wait in the journal, as text.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.album.gallery import Gallery
from facesort.album.identify import NOBODY, Verdict, name_faces, sure_from
from facesort.album.quality import Quality
from facesort.album.records import STRANGERS, UNSURE, Judged
from facesort.album.vote import weigh


@dataclass(frozen=True, eq=False)
class AlbumFaces:
    """All faces: unit ``vectors`` (n, d), ``state`` (n,) class index of what is worn, ``photo``
    (n,) a number for each photo, and a quality each."""

    vectors: NDArray[np.float32]
    state: NDArray[np.int64]
    photo: NDArray[np.int64]
    quality: tuple[Quality, ...]


def judge_album(
    gallery: Gallery,
    names: Sequence[str],
    faces: AlbumFaces,
    precision: float,
    allow_twins: bool = False,
    told: Mapping[int, int] | None = None,
    voted: NDArray[np.float64] | None = None,
) -> list[Judged]:
    """A folder for each face: a child of ``names``, `UNSURE` or `STRANGERS`; of the faces in
    children's folders, ``precision`` can be expected to be right. ``told`` says of some rows of
    ``faces`` who they are beyond doubt, an index into ``names`` or `NOBODY`; ``voted`` (n, people)
    is what another model says (`album.vote`).

    A face that is too small or blurred gets no child's folder, whatever it looks like: in the
    background of a photo it would draw that photo to a child who is not its subject.
    """
    if not len(faces.vectors):
        return []
    probability = gallery.probability(faces.vectors, faces.state)
    if voted is not None:
        probability = weigh(probability, voted)
    poor = [quality.too_poor() for quality in faces.quality]
    for row, person in (told or {}).items():
        poor[row], probability[row] = "", 0.0
        if person != NOBODY:
            probability[row, person] = 1.0
    good = np.array([not reason for reason in poor])
    open_to_doubt = good & ~np.isin(np.arange(len(good)), list(told or ()))
    best = probability.max(axis=1, initial=0.0)
    named = name_faces(
        np.where(good[:, None], probability, 0.0),  # a blurred face takes nobody's name away
        faces.photo,
        sure_from(best[open_to_doubt], precision),
        allow_twins=allow_twins,
    )
    judged = []
    for i, one in enumerate(named):
        if poor[i]:
            likeliest = names[int(probability[i].argmax())] if len(names) else ""
            judged.append(Judged(UNSURE, likeliest, float(best[i]), poor[i]))
            continue
        likeliest = names[one.person] if one.person != NOBODY else ""
        folder = {Verdict.person: likeliest, Verdict.unsure: UNSURE}.get(one.verdict, STRANGERS)
        judged.append(Judged(folder, likeliest, one.probability))
    return judged


def vector_to_text(vector: NDArray[np.float32]) -> str:
    """Half precision, base64: 344 characters for 128 numbers; likeness changes by about 1e-4."""
    return base64.b64encode(np.asarray(vector).astype("<f2").tobytes()).decode("ascii")


def vector_from_text(text: str) -> NDArray[np.float32]:
    """Raises `ValueError` for what `vector_to_text` did not write."""
    try:
        data = base64.b64decode(text, validate=True)
        vector = np.frombuffer(data, dtype="<f2").astype(np.float32)
    except (binascii.Error, ValueError):
        raise ValueError(f"{text[:20]!r}: not a face's vector") from None
    length = float(np.linalg.norm(vector))
    if not abs(length - 1) < 0.01:
        raise ValueError(f"a face's vector of length {length:g}; expected 1")
    return np.asarray(vector / length, dtype=np.float32)
