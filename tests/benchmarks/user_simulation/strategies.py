"""Ways to sort an album by person, as judges that `hand.correct` can be given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from facesort.album.person.classify import classify_scans, vectors_of
from facesort.album.records import UNSURE, Prediction
from facesort.album.user_labels import UserLabels
from user_simulation.annotator import Judge
from user_simulation.simulated_album import Album

SEED_CONF = 0.25  # what `yolo predict` shows from
WEIGHT_DECAY = 1e-3


def by_hand(album: Album) -> Judge:
    """Nothing is sorted: one heap."""
    return lambda _labels: [Prediction(UNSURE, "", 0.0)] * len(album.child)


def gallery(album: Album) -> Judge:
    """Ours: what `sort_photos.py` and `learn_corrections.py` call, labels and all."""

    def judge(labels: UserLabels) -> list[Prediction]:
        words = classify_scans(album.learned, album.names, labels, album.scans)
        return [word for scan in album.scans for word in words[scan.photo]]

    return judge


def seeds_way(album: Album) -> Judge:
    """A closed-set classifier taught once with the examples: it knows the children and no one else,
    so a stranger is always some child's. It stands for a YOLO of one class a child, and flatters
    it: it starts from our embedding, on faces that our detector found and our points aligned.
    """
    known = vectors_of(album.learned.examples)
    person = np.array([album.names.index(one.person) for one in album.learned.examples])
    probability = _softmax_regression(known, person, len(album.names))
    faces = [face for scan in album.scans for face in scan.faces]
    rows = probability(vectors_of(faces))
    best = rows.argmax(axis=1)
    words = [
        Prediction(album.names[k] if p[k] >= SEED_CONF else UNSURE, album.names[k], float(p[k]))
        for p, k in zip(rows, best.tolist(), strict=True)
    ]
    return lambda _labels: words


def _softmax_regression(
    vectors: NDArray[np.float32], person: NDArray[np.int64], people: int
) -> Callable[[NDArray[np.float32]], NDArray[np.float64]]:
    """A linear layer on the vectors, fitted by L-BFGS."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax, softmax

    x, hot = vectors.astype(np.float64), np.eye(people)[person]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w = flat.reshape(-1, people)
        logits = x @ w
        value = -(hot * log_softmax(logits, axis=1)).sum() / len(x)
        gradient = x.T @ (softmax(logits, axis=1) - hot) / len(x)
        return value + WEIGHT_DECAY * (w**2).sum() / 2, (gradient + WEIGHT_DECAY * w).ravel()

    w = minimize(loss, np.zeros(x.shape[1] * people), jac=True, method="L-BFGS-B").x
    return lambda rows: np.asarray(softmax(rows @ w.reshape(-1, people), axis=1))
