"""The fast way to decode JPEGs gives Pillow's pixels, bit by bit, or leaves the file to Pillow."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from facesort.photos import decode


def jpeg_bytes(mode: str, size_wh: tuple[int, int], **options: object) -> bytes:
    rng = np.random.default_rng(1)
    small = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    out = BytesIO()
    small.resize(size_wh, Image.Resampling.BICUBIC).convert(mode).save(out, "JPEG", **options)
    return out.getvalue()


def by_pillow(data: bytes, divisor: int) -> np.ndarray:
    with Image.open(BytesIO(data)) as image:
        w, h = image.size
        image.draft(None, (w // divisor, 1) if w >= h else (1, h // divisor))
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("divisor", [1, 2, 4, 8])
@pytest.mark.parametrize("size_wh", [(160, 120), (161, 123), (97, 131), (8, 8), (1, 1), (300, 2)])
@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("RGB", {}),
        ("RGB", {"subsampling": 0, "quality": 97}),
        ("RGB", {"subsampling": 1, "progressive": True}),
        ("L", {}),
    ],
)
def test_pixels_are_those_of_pillow(
    mode: str, options: dict[str, object], size_wh: tuple[int, int], divisor: int
) -> None:
    data = jpeg_bytes(mode, size_wh, **options)
    rgb = decode.decode_jpeg(data, size_wh, divisor)
    if min(size_wh) < divisor:
        assert rgb is None, "left to Pillow"
    else:
        assert rgb is not None and np.array_equal(rgb, by_pillow(data, divisor))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:200] + b"\xff\x00\x12" * 50 + data[350:],
        lambda data: data[:-2],
    ],
    ids=["empty", "cut off", "overwritten", "no end"],
)
def test_what_is_odd_is_left_to_pillow(damage) -> None:
    assert decode.decode_jpeg(damage(jpeg_bytes("RGB", (160, 120))), (160, 120), 1) is None


def test_another_size_than_its_header_says_is_left_to_pillow() -> None:
    assert decode.decode_jpeg(jpeg_bytes("RGB", (160, 120)), (161, 120), 1) is None
