"""The folder of every face of an album, by the examples of each person. Pure.

Images of one burst vote together, and the album's surest faces are examples for the rest.

Which probability is enough depends on the whole album (`assignment.sure_from`), so this comes after
all photos were looked at and before the plan. Vectors wait in the journal, as text.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from facesort.album.person import bursts
from facesort.album.person.assignment import UNKNOWN, Decision, name_faces, stricter, sure_from
from facesort.album.person.context import Surroundings, with_context
from facesort.album.person.ensemble import weigh
from facesort.album.person.examples import Examples
from facesort.album.person.gallery import UNKNOWN_SHARE, Gallery
from facesort.album.person.quality import Quality
from facesort.album.records import STRANGERS, UNSURE, Prediction

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SURE_ENOUGH = 0.6  # to be an example for the rest, of that weight
UNKNOWN_FROM = 0.5  # that a face is an unknown's, to be an example of unknown people
LOOKS = 3  # with the album's faces as examples; more change nothing, measured
SETTLED = 0.01  # share of those faces that another look would add or drop: not worth a look
SAME_AS_SAID = 0.99  # that what a person said of a face holds for its burst; none wrong measured


@dataclass(frozen=True, eq=False)
class AlbumFaces:
    """All faces: unit ``vectors`` (n, d), ``state`` (n,) class index of what is worn, ``photo``
    (n,) numbers photos in the order they were taken, a quality each, and ``folder`` (n,) numbers
    the folders of the photos (all one where it is not given)."""

    vectors: NDArray[np.float32]
    state: NDArray[np.int64]
    photo: NDArray[np.int64]
    quality: tuple[Quality, ...]
    folder: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __post_init__(self) -> None:
        if not len(self.folder):
            object.__setattr__(self, "folder", np.zeros(len(self.vectors), dtype=np.int64))


def classify_album(
    gallery: Gallery,
    names: Sequence[str],
    faces: AlbumFaces,
    precision: float,
    allow_twins: bool = False,
    given: Mapping[int, int] | None = None,
    voted: NDArray[np.float64] | None = None,
    context: bool = True,
) -> list[Prediction]:
    """A folder for each face: a person of ``names``, `UNSURE` or `STRANGERS`; of the faces in
    people's folders, ``precision`` can be expected to be right; those of look-alikes must be
    surer. ``given`` says of some rows of ``faces`` who they are beyond doubt, an index into
    ``names`` or `UNKNOWN`; ``voted`` (n, people) is what another model says (`person.ensemble`).
    Without ``context``, who is in the photos around says nothing (`person.context`).

    A face that is too small or blurred gets no person's folder, whatever it looks like: in the
    background of a photo it would draw that photo to a person who is not its subject.
    """
    if not len(faces.vectors):
        return []
    known = given or {}
    probability = _probability(gallery, faces, known, context)
    if voted is not None:
        probability = weigh(probability, voted)
    poor = [quality.reject_reason() for quality in faces.quality]
    for row, person in known.items():
        poor[row], probability[row] = "", 0.0
        if person != UNKNOWN:
            probability[row, person] = 1.0
    good = np.array([not reason for reason in poor])
    open_to_doubt = good & ~np.isin(np.arange(len(good)), list(known))
    best = probability.max(axis=1, initial=0.0)
    named = name_faces(
        np.where(good[:, None], probability, 0.0),  # a blurred face takes no name away
        faces.photo,
        stricter(sure_from(best[open_to_doubt], precision), len(names), gallery.look_alikes()),
        allow_twins=allow_twins,
    )
    judged = []
    for i, one in enumerate(named):
        if poor[i]:
            likeliest = names[int(probability[i].argmax())] if len(names) else ""
            judged.append(Prediction(UNSURE, likeliest, float(best[i]), poor[i]))
            continue
        likeliest = names[one.person] if one.person != UNKNOWN else ""
        folder = {Decision.person: likeliest, Decision.unsure: UNSURE}.get(one.verdict, STRANGERS)
        judged.append(Prediction(folder, likeliest, one.probability))
    return judged


def _probability(
    gallery: Gallery, faces: AlbumFaces, given: Mapping[int, int], context: bool
) -> Floats:
    """That face i is person j, (n, people): by the examples, then again with the faces of which
    that made sure enough, unknown ones too, and by who else is in the album around it."""
    good = np.array([not quality.reject_reason() for quality in faces.quality])
    burst = bursts.groups(faces.vectors, faces.state, faces.photo, gallery.likeness)
    around = Surroundings(faces.photo, faces.folder, burst)

    def look(known: Gallery) -> Floats:
        scores = known.scores(faces.vectors, faces.state, burst)
        together = bursts.together(scores, burst, good)
        return np.asarray(known.of_scores(together), dtype=np.float64)

    probability = look(gallery)
    spoken_of = np.isin(burst, burst[list(given)])
    taken: Ints = np.empty((0, 2), dtype=np.int64)
    for _ in range(LOOKS):
        whole = np.hstack([probability, 1 - probability.sum(axis=1, keepdims=True)])
        likeliest, best = whole.argmax(axis=1), whole.max(axis=1)
        enough = np.where(likeliest < gallery.people, SURE_ENOUGH, UNKNOWN_FROM)
        sure = _one_a_burst(np.flatnonzero(good & (best >= enough) & ~spoken_of), best, burst)
        before, taken = taken, np.unique(np.column_stack([sure, likeliest[sure]]), axis=0)
        both = len(np.unique(np.concatenate([before, taken]), axis=0))
        if 2 * both - len(before) - len(taken) <= SETTLED * len(before):
            break
        weight = np.minimum(best[sure], 1.0)
        found = Examples(faces.vectors[sure], likeliest[sure], faces.state[sure], weight)
        probability = look(gallery.with_album(found, burst[sure]))
    probability = with_context(probability, around, good, UNKNOWN_SHARE, context)
    said: dict[int, set[int]] = {}
    for row, person in given.items():
        said.setdefault(int(burst[row]), set()).add(person)
    for one, persons in said.items():
        if len(persons) == 1 and UNKNOWN not in persons:  # two people: it was no burst
            same = burst == one
            probability[same] *= 1 - SAME_AS_SAID
            probability[same, persons.pop()] += SAME_AS_SAID
    return probability


def _one_a_burst(rows: Ints, best: Floats, burst: Ints) -> Ints:
    """Of ``rows``, the one of each burst of which we are surest."""
    by_certainty = rows[np.argsort(-best[rows], kind="stable")]
    _, first = np.unique(burst[by_certainty], return_index=True)
    return by_certainty[first]


def vector_to_text(vector: NDArray[np.float32]) -> str:
    """Half precision, base64: 512 characters for 192 numbers; likeness changes by about 1e-4."""
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
