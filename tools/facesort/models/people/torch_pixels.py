"""An encoder's normalisation, and what it says of many faces, on the device that trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.models.encoders import Normalisation
from facesort.models.people.embed import unit
from facesort.models.people.views import Tensor, Views

BATCH = 256


def pixels_for(how: Normalisation, device: str) -> Callable[[Tensor], Tensor]:
    """What turns RGB faces (n, 3, h, w) of 0 to 255 into what a network takes; as
    `Normalisation.apply`, on tensors."""
    import torch

    mean, scale = (
        torch.tensor(np.broadcast_to(value, 3).astype(np.float32), device=device).reshape(3, 1, 1)
        for value in (how.mean, how.scale)
    )

    def pixels(faces: Tensor) -> Tensor:
        return ((faces.flip(1) if how.order == "BGR" else faces) - mean) / scale

    return pixels


def embed_views(
    network: Any, pixels: Callable[[Tensor], Tensor], views: Views
) -> NDArray[np.float32]:
    """Unit vectors (n, d) of all crops as they are, each the mean of a face and its mirror
    image."""
    import torch

    found = []
    with torch.no_grad():
        for rows in torch.arange(len(views.crops), device=views.crops.device).split(BATCH):
            both = [
                unit(network(pixels(views.plain(rows, mirrored))).float().cpu().numpy())
                for mirrored in (False, True)
            ]
            found.append(unit(both[0] + both[1]))
    return np.concatenate(found)
