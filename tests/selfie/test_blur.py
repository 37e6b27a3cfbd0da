"""The blur measure equals scikit-image's, which only the tests need."""

import numpy as np
import pytest
from numpy.typing import NDArray

from facesort.dataset.sample_images import PORTRAITS
from facesort.photos import open_photo
from facesort.selfie.measure import _blur


def noise(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (112, 112), dtype=np.uint8)


def stripes() -> NDArray[np.uint8]:
    """Edges along one axis only."""
    return np.tile(np.repeat(np.array([0, 255], np.uint8), 8), (112, 7))


def portrait(index: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(open_photo(PORTRAITS[index].path).rgb[60:300, 150:400, 1])


@pytest.mark.parametrize(
    "grey", [noise(0), noise(1), stripes(), stripes().T, portrait(0), portrait(1)]
)
def test_blur_equals_scikit_image(grey: NDArray[np.uint8]) -> None:
    measure = pytest.importorskip("skimage.measure")
    assert _blur(grey) == pytest.approx(measure.blur_effect(grey, h_size=5), abs=1e-9)


def test_a_blurred_face_is_more_blurred_than_a_sharp_one() -> None:
    import cv2

    sharp = portrait(0)
    assert _blur(np.asarray(cv2.GaussianBlur(sharp, (0, 0), 4), np.uint8)) > _blur(sharp) + 0.1


def test_an_even_grey_is_all_blur() -> None:
    assert _blur(np.full((112, 112), 128, np.uint8)) == 1.0
