"""Faces of known people in all four states, to measure how alike strangers are to an encoder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facesort.classes import EYES
from facesort.errors import DatasetError
from facesort.models.people.gather import UNKNOWN, GatheredFaces

Pixels = NDArray[np.uint8]
Ints = NDArray[np.int64]


def of_states(
    data: GatheredFaces, chosen: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[list[Pixels], Ints, Ints]:
    """Crops (160, 160, 3), person (n,) and state (n,) of the known people of datasets with real
    masks among ``chosen`` (n,): each face as it is, and, without sunglasses, once more with
    another person's. Raises `DatasetError` where there is no person, or no glasses to put on."""
    masked_people = _that_wear_masks(data, chosen)
    rows = np.flatnonzero(chosen & np.isin(data.person, masked_people))
    glasses = np.flatnonzero(data.worn_kind == EYES)
    if not len(rows) or not len(glasses):
        raise DatasetError(
            f"{len(rows)} faces of people with real masks, {len(glasses)} sunglasses; expected some"
        )
    faces = [data.crops[row] for row in rows]
    person, state = data.person[rows].tolist(), data.state[rows].tolist()
    for row in rows[(data.state[rows] & EYES) == 0]:
        which = int(rng.choice(glasses))
        faces.append(put_on(data.crops[row], data, which))
        person.append(data.person[row])
        state.append(data.state[row] | EYES)
    return faces, np.array(person, dtype=np.int64), np.array(state, dtype=np.int64)


def _that_wear_masks(data: GatheredFaces, chosen: NDArray[np.bool_]) -> Ints:
    """People of whom a masked photo is known. Others (of LFW) are from another part of the world,
    and less like them than two children of one group are like each other."""
    masked = chosen & (data.state != 0) & (data.person != UNKNOWN)
    return np.unique(data.person[masked])


def put_on(crop: Pixels, data: GatheredFaces, which: int) -> Pixels:
    """``crop`` with what is cut out as ``which`` of ``data``, in the light of this face."""
    import cv2

    edge = cv2.resize(data.worn[which], crop.shape[1::-1], interpolation=cv2.INTER_LINEAR) / 255
    worn = data.crops[data.wearer[which]]
    ratio = np.clip(crop.mean() / max(float(worn.mean()), 1.0), 0.5, 2)
    mixed = crop * (1 - edge[..., None]) + np.clip(worn * ratio, 0, 255) * edge[..., None]
    return np.asarray(mixed, dtype=np.uint8)
