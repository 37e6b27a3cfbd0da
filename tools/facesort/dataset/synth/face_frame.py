"""The frame in which parts of a face are described: 112x112 pixels, eyes and mouth at fixed places.

The five places are those of ArcFace's alignment (Deng et al. 2019, https://arxiv.org/abs/1801.07698;
``arcface_dst`` in github.com/deepinsight/insightface).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# left eye, right eye, nose, left and right mouth corner (left in the image), x y
FRAME_POINTS: Floats = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)


def frame_to_image(points_px: Floats) -> Floats:
    """The (2, 3) similarity that takes the frame's points nearest to ``points_px`` (5, 2)."""
    from_z, to_z = _complex(FRAME_POINTS), _complex(points_px)
    a, b = from_z - from_z.mean(), to_z - to_z.mean()
    turn = np.vdot(a, b) / np.vdot(a, a).real  # least squares: one complex number
    shift = to_z.mean() - turn * from_z.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _complex(points: Floats) -> NDArray[np.complex128]:
    return np.asarray(points[:, 0] + 1j * points[:, 1], dtype=np.complex128)
