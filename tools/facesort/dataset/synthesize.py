"""Synthetic masks and sunglasses on real faces: classes that too few photos show.

For training and for the sample album, never for testing. Both functions follow the pose of the
head, return a new picture, and draw the same for the same ``numpy.random.Generator`` state.
"""

from __future__ import annotations

from facesort.dataset.synth_glasses import draw_sunglasses
from facesort.dataset.synth_mask import draw_mask

__all__ = ["draw_mask", "draw_sunglasses"]
