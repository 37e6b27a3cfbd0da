"""Who a face looks like: known faces of each person, and how sure their likeness makes us. Pure.

A face is compared with every example of every person, whatever either wears (`SimilarityNorm`); a
person's score is a soft maximum over the three nearest examples: a masked face is often like one
masked example and unlike the others, and still one wrong example does not decide alone.
Scores become probabilities by a softmax in which "a stranger" is one more person, of a fixed score.
A score is in deviations of strangers' scores, whose density falls with half its square, while one
person's own are spread so widely that theirs is flat: so half the square is the evidence
(`evidence`). How much it counts, and where strangers stand, is fitted on the examples themselves:
each is named by the others, once with its person in the gallery and once, as a stranger, without.

Then the album's own faces become examples too (`Gallery.with_album`): the same person on more days,
in other light, in a mask; and those of unknown people: a stranger comes back as well. By such a
face none gets a name surer than that face has its own: else a stranger who is there often vouches
for himself. An image of the same moment has no say; and as more examples make strangers look more
like a known person, how sure a score makes us is fitted anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.album.person.bursts import SAME_FACE as SAME_MOMENT
from facesort.album.person.examples import (
    RESEMBLING,
    Examples,
    alike,
    capped,
    capped_rows,
    joined,
)
from facesort.models.people.similarity_norm import SimilarityNorm

NEAREST = 3  # examples of a person that decide; two to five measured alike
NO_EXAMPLE = -12.0  # score of a person without examples: no face looks like that
OUTLIER_BY = 1.5  # likeness that an example has more to another person than to its own
UNKNOWN_LESS = 1.0  # likeness to an unknown face that says no more than the unknown logit does
MOST_UNKNOWN = 2000  # of those faces at most, so that time stays in hand
CERTAIN = 1 - 1e-6  # the surest that a found face is
ROWS = 256  # faces scored at a time, so that memory stays flat; more are slower
UNKNOWN_SHARE = 0.3  # of the faces of an album, assumed beforehand

# chosen on real masked and bare faces of people kept apart from training, nine at a time
# (tests/benchmarks/real_people.py); `Calibration` starts from there, and holds on to it as the two
# spreads say: few examples tell little
TEMPERATURE, UNKNOWN_LOGIT = 1.0, 2.5  # of the evidence; a score, in deviations
TEMPERATURE_SPREAD, UNKNOWN_LOGIT_SPREAD = 0.25, 0.5  # of the logarithm; in deviations

Floats = NDArray[np.float64]
Scores = NDArray[np.floating[Any]]  # in whichever precision they come
Ints = NDArray[np.int64]
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Calibration:
    """Probability of a score: the temperature by which its `evidence` is divided, and the score of
    an unknown person (`unknown_logit`)."""

    temperature: float = TEMPERATURE
    unknown_logit: float = UNKNOWN_LOGIT

    def probability(self, scores: Scores, unknown: Floats | None = None) -> Scores:
        """(n, people) to (n, people); what is missing to 1 in a row is an unknown person's.
        ``unknown`` (n,): how much each face looks like an unknown one."""
        return np.asarray(np.exp(self.log_probability(scores, unknown)[:, :-1]))

    def log_probability(self, scores: Scores, unknown: Floats | None = None) -> Scores:
        """(n, people) to (n, people + 1), an unknown person's last."""
        logits = np.pad(scores, ((0, 0), (0, 1)), constant_values=self.unknown_logit)
        if unknown is not None:
            logits[:, -1] = np.maximum(unknown, self.unknown_logit)
        logits = evidence(logits) / self.temperature
        logits = logits - logits.max(axis=1, keepdims=True)
        return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))


def evidence(score: Scores) -> Scores:
    """How much a score speaks for a person: half its square, with its sign."""
    return np.asarray(score * np.abs(score) / 2)


def score_of(known: Floats) -> Floats:
    """The score of which ``known`` is the `evidence`."""
    return np.asarray(np.sign(known) * np.sqrt(2 * np.abs(known)))


@dataclass(frozen=True, eq=False)
class Gallery:
    """``people`` persons with their ``examples``; made by `build`. ``found`` are faces of the album
    taken for a person's, or, numbered ``people``, for an unknown's, and as sure as their weight;
    ``burst`` (found,) the bursts they are of."""

    examples: Examples
    people: int
    likeness: SimilarityNorm
    calibration: Calibration
    found: Examples | None = None
    burst: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def scores(self, vectors: Vectors, state: ArrayLike, burst: ArrayLike | None = None) -> Floats:
        """How much each face (n, d) in ``state`` (n,) looks like each person and, last, like an
        unknown face: (n, people + 1). Found faces have no say about faces of their own ``burst``
        (n,)."""
        known, worn = joined(self.examples, self.found), np.asarray(state, dtype=np.int64)
        own = np.full(len(vectors), -1) if burst is None else np.asarray(burst)
        scores = np.empty((len(vectors), self.people + 1))
        if not len(known):
            return np.full(scores.shape, NO_EXAMPLE)
        order = np.argsort(known.person, kind="stable")  # one person's side by side; unknown last
        known, bursts = known.take(order), np.append(np.full(len(self.examples), -1), self.burst)
        mine = known.take(known.person < self.people)
        most = self._most()[order[: len(mine)]]
        own_faces = _SameBurst(bursts[order])
        for i in range(0, len(vectors), ROWS):
            rows = slice(i, i + ROWS)
            likeness = self.likeness.of(vectors[rows] @ known.vectors.T, worn[rows], known.state)
            likeness[own_faces.of(own[rows])] = -np.inf
            by_person = np.minimum(likeness[:, : len(mine)], most)
            scores[rows, :-1] = nearest_examples(by_person, mine, self.people)
            nearest = likeness[:, len(mine) :].max(axis=1, initial=NO_EXAMPLE)
            scores[rows, -1] = nearest - UNKNOWN_LESS
        return scores

    def _most(self) -> Floats:
        """The most that each example, and each found face, says: (known,); a found one as much as
        makes another face as sure as it is."""
        most = np.full(len(self.examples), np.inf)
        if self.found is None:
            return most
        sure = np.minimum(self.found.weight, CERTAIN)
        more = TEMPERATURE * np.log(sure / (1 - sure))
        return np.append(most, score_of(UNKNOWN_LOGIT**2 / 2 + more))

    def with_album(self, found: Examples, burst: Ints, per_state: int = 40) -> Gallery:
        """The gallery that has ``found`` faces of the album as well, of ``burst`` (found,)."""
        unknown_rows = np.flatnonzero(found.person == self.people)
        mine = np.flatnonzero(found.person < self.people)
        mine = mine[capped_rows(found.take(mine), per_state)]
        rows = np.append(mine, unknown_rows[:: -(-len(unknown_rows) // MOST_UNKNOWN) or 1])
        anew = calibrate(self.examples, self.people, self.likeness, found.take(mine))
        return replace(self, calibration=anew, found=found.take(rows), burst=burst[rows])

    def probability(self, vectors: Vectors, state: ArrayLike) -> Scores:
        """That face i is person j: (n, people)."""
        return self.of_scores(self.scores(vectors, state))

    def of_scores(self, scores: Floats) -> Scores:
        """The probability that `scores` (n, people + 1) make: (n, people)."""
        return self.calibration.probability(scores[:, :-1], scores[:, -1])

    def outliers(self) -> list[tuple[int, int, float]]:
        """Examples that the others would name otherwise, surest first: the example's row, the
        person it looks like, and the probability. A swapped or foreign photo shows up here."""
        if not len(self.examples):
            return []
        scores = _by_the_others(self.examples, self.people, self.likeness, soft=False)
        probability, rows = self.calibration.probability(scores), np.arange(len(scores))
        likely, own = probability.argmax(axis=1), self.examples.person
        wrong = np.flatnonzero(scores[rows, likely] - scores[rows, own] >= OUTLIER_BY)
        found = [(int(i), int(likely[i]), float(probability[i, likely[i]])) for i in wrong]
        return sorted((one for one in found if one[2] > 0.5), key=lambda one: -one[2])

    def look_alikes(self) -> list[tuple[int, int]]:
        """Pairs of persons as alike as siblings, or more."""
        return alike(self.examples, self.likeness, RESEMBLING)


class _SameBurst:
    """Which columns are of the same burst as a row; -1 is no burst."""

    def __init__(self, bursts: Ints) -> None:
        self._order = np.argsort(bursts, kind="stable")
        self._sorted = bursts[self._order]

    def of(self, own: Ints) -> tuple[Ints, Ints]:
        """Rows and columns of such pairs."""
        asked = np.where(own < 0, -2, own)
        first = np.searchsorted(self._sorted, asked, "left")
        count = np.searchsorted(self._sorted, asked, "right") - first
        rows = np.repeat(np.arange(len(own)), count)
        nth = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
        return rows, self._order[first[rows] + nth]


def build(
    examples: Examples, people: int, likeness: SimilarityNorm, per_state: int = 40
) -> Gallery:
    """A gallery of ``people`` persons, calibrated; of each person at most ``per_state`` examples in
    each state are kept. Raises `ValueError` for an example of another person."""
    if len(examples) and examples.person.max() >= people:
        raise ValueError(f"person {examples.person.max()}; expected below {people}")
    kept = capped(examples, per_state)
    return Gallery(kept, people, likeness, calibrate(kept, people, likeness))


def calibrate(
    examples: Examples, people: int, likeness: SimilarityNorm, found: Examples | None = None
) -> Calibration:
    """The `Calibration` under which the examples are likeliest, each judged by the others alone,
    and by the faces ``found`` in an album."""
    from scipy.optimize import minimize

    if not len(examples):
        return Calibration()
    with_own = _by_the_others(examples, people, likeness, found)
    rows = np.arange(len(examples))
    without_own = with_own.copy()
    without_own[rows, examples.person] = NO_EXAMPLE
    alone = with_own[rows, examples.person] <= NO_EXAMPLE
    # twins, or two names for one person: they are unsure, and must not make all others unsure
    doubled = np.isin(examples.person, alike(examples, likeness))
    weight = np.where(alone | doubled, 0.0, 1.0)  # a single one says nothing of its person

    def at(place: Floats) -> Calibration:
        return Calibration(TEMPERATURE / float(np.exp(place[0])), UNKNOWN_LOGIT + float(place[1]))

    def nll(place: Floats) -> float:
        """Negative logarithm of the likelihood and of the prior."""
        tried = at(place)
        own = weight @ tried.log_probability(with_own)[rows, examples.person]
        strange = weight @ tried.log_probability(without_own)[:, -1]
        strange *= UNKNOWN_SHARE / (1 - UNKNOWN_SHARE)
        held = (place[0] / TEMPERATURE_SPREAD) ** 2 + (place[1] / UNKNOWN_LOGIT_SPREAD) ** 2
        return float(held / 2 - own - strange)

    best = minimize(nll, np.zeros(2), method="L-BFGS-B", bounds=[(-2, 2), (-3, 3)]).x
    return at(best)


def _by_the_others(
    examples: Examples,
    people: int,
    likeness: SimilarityNorm,
    found: Examples | None = None,
    soft: bool = True,
) -> Floats:
    """Scores (n, people) of each example by all the others, and by ``found``; not ``soft``, by
    plain means and with images of its own moment, which say that it is in the right folder."""
    known = joined(examples, found)
    of_pairs = likeness.of(examples.vectors @ known.vectors.T, examples.state, known.state)
    np.fill_diagonal(of_pairs, -np.inf)
    # an image of the same moment vouches for its like, but the album is of other days
    if soft:
        mine = examples.person[:, None] == known.person[None]
        of_pairs[mine & (of_pairs >= SAME_MOMENT)] = -np.inf
    return nearest_examples(of_pairs, known, people, soft)


def nearest_examples(
    likeness: NDArray[np.floating[Any]], known: Examples, people: int, soft: bool = True
) -> Floats:
    """(n, examples) to (n, people): a soft maximum (log-mean-exp) of the `NEAREST` examples of each
    person, by their weights, or their plain mean, which a wrong one moves less; -inf is none."""
    scores = np.full((len(likeness), people), NO_EXAMPLE)
    for one in np.unique(known.person):
        mine = np.flatnonzero(known.person == one)
        together = mine[-1] - mine[0] + 1 == len(mine)
        of_one = likeness[:, mine[0] : mine[-1] + 1] if together else likeness[:, mine]
        weight = np.broadcast_to(known.weight[mine], of_one.shape)
        if len(mine) > NEAREST:
            columns = _largest(of_one, NEAREST)
            of_one = np.take_along_axis(of_one, columns, axis=1)
            weight = known.weight[mine][columns]
        there = np.isfinite(of_one)
        most = np.where(there, of_one, NO_EXAMPLE).max(axis=1, keepdims=True)
        away = np.where(there, of_one, most) - most
        part = np.where(there, weight * (np.exp(away) if soft else away), 0.0).sum(axis=1)
        total = np.where(there, weight, 0.0).sum(axis=1)
        some = total > 0
        mean = part[some] / total[some]
        scores[some, one] = most[some, 0] + (np.log(mean) if soft else mean)
    return scores


def _largest(values: NDArray[np.floating[Any]], count: int) -> Ints:
    """(n, m) to (n, ``count``): the columns of the largest; for a few, faster than a partition."""
    left, rows = np.array(values), np.arange(len(values))
    columns = np.empty((len(values), count), dtype=np.int64)
    for nth in range(count):
        columns[:, nth] = left.argmax(axis=1)
        left[rows, columns[:, nth]] = -np.inf
    return columns
