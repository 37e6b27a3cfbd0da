"""What is cut out of a face is where the mask or the glasses are, or nothing is."""

import numpy as np
import pytest

from facesort.classes import EYES, MOUTH
from facesort.models.people.cutouts import CROP_PX, CROP_TEMPLATE_PX, cut_out

SKIN, CLOTH, GLASS = (205, 160, 140), (60, 110, 190), (25, 25, 30)


def face(mask: bool = False, glasses: bool = False) -> np.ndarray:
    """Skin with noise, a blue trapezium over the mouth, two dark discs on the eyes."""
    rng = np.random.default_rng(0)
    image = np.full((CROP_PX, CROP_PX, 3), SKIN, dtype=float)
    y, x = np.mgrid[:CROP_PX, :CROP_PX]
    if mask:
        image[(y > 85) & (y < 150) & (abs(x - CROP_PX / 2) < 55 - (y - 85) * 0.3)] = CLOTH
    if glasses:
        for ex, ey in CROP_TEMPLATE_PX[:2]:
            image[((x - ex) / 19) ** 2 + ((y - ey) / 12) ** 2 < 1] = GLASS
    return np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)


def test_a_mask_is_cut_out_along_its_edge() -> None:
    edge = cut_out(face(mask=True), CROP_TEMPLATE_PX, MOUTH)
    assert edge is not None and edge.shape == (CROP_PX, CROP_PX) and edge.dtype == np.uint8
    is_cloth = face(mask=True)[..., 2] > face(mask=True)[..., 0] + 40
    assert (edge > 127)[is_cloth].mean() > 0.95
    assert (edge > 127)[~is_cloth].mean() < 0.08


def test_glasses_are_cut_out_of_both_eyes() -> None:
    edge = cut_out(face(glasses=True), CROP_TEMPLATE_PX, EYES)
    assert edge is not None
    is_glass = face(glasses=True).sum(axis=2) < 150
    assert (edge > 127)[is_glass].mean() > 0.9
    assert (edge > 127)[~is_glass].mean() < 0.05


@pytest.mark.parametrize("kind", [MOUTH, EYES])
@pytest.mark.parametrize(
    "crop",
    [
        np.zeros((CROP_PX, CROP_PX, 3), np.uint8),
        np.random.default_rng(1).integers(0, 256, (CROP_PX, CROP_PX, 3), dtype=np.uint8),
    ],
    ids=["black", "noise"],
)
def test_where_there_is_no_edge_nothing_is_cut_out(kind: int, crop: np.ndarray) -> None:
    assert cut_out(crop, CROP_TEMPLATE_PX, kind) is None
