"""Fewer numbers a face that tell people apart as well: linear discriminant analysis with shrinkage.

Directions in which photos of one person differ (a mask, the light) count less, and of the others
those are kept in which people differ most (Fisher 1936; within-class covariance, Hatch 2006).
With little shrinkage it fits the few hundred people it is learnt from, and does harm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facesort.errors import DatasetError

SHRINKAGE = 10.0  # of the mean variance, added to each; chosen on validation people

Vectors = NDArray[np.float32]


def fit_projection(vectors: Vectors, person: NDArray[np.int64], dimensions: int) -> Vectors:
    """(d, dimensions) from unit vectors (n, d) of people (n,) who are known apart.

    Raises `DatasetError` for fewer than two people, no person with two photos, or more dimensions
    than d.
    """
    n, d = vectors.shape
    people = np.unique(person)
    rows = vectors.astype(np.float64)
    means = np.array([rows[person == one].mean(axis=0) for one in people]).reshape(-1, d)
    within, photos = np.zeros((d, d)), 0
    for one, mean in zip(people, means, strict=True):
        away = rows[person == one] - mean
        if len(away) > 1:
            within += away.T @ away * len(away) / (len(away) - 1)
            photos += len(away)
    if len(people) < 2 or not photos or not 0 < dimensions <= d:
        raise DatasetError(
            f"{n} photos of {len(people)} people, {dimensions} of {d} dimensions; expected two "
            "people or more, two photos of one, and no more dimensions than there are"
        )
    within /= photos
    within += SHRINKAGE * np.trace(within) / d * np.eye(d)
    variance, axes = np.linalg.eigh(within)
    white = axes / np.sqrt(variance)
    _, best = np.linalg.eigh(white.T @ np.cov(means.T) @ white)
    projection = white @ best[:, ::-1][:, :dimensions]
    return np.asarray(projection / np.abs(projection).max(), dtype=np.float32)
