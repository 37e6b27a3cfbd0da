"""The image opener: every kind of photo comes back upright in RGB, every bad one as one line."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import tempfile
import warnings
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from facesort.errors import PhotoError
from facesort.photos import (
    MAX_DECODED_PIXELS,
    PHOTO_SUFFIXES,
    VIDEO_SUFFIXES,
    content_hash,
    decode,
    open_photo,
    read_photo_bytes,
)

pillow_heif.register_heif_opener()

TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,  # stored turned the other way than it is shown
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
LOSSY = {"JPEG": 12, "WEBP": 25, "HEIF": 25, "AVIF": 25}  # largest mean error, of 255


def scene(w: int = 96, h: int = 64) -> Image.Image:
    """An image without any symmetry: red to the right, green downwards, a blue corner."""
    x, y = np.meshgrid(np.linspace(0, 255, w), np.linspace(0, 255, h))
    blue = np.where((x < 128) & (y < 85), 200, 20)
    return Image.fromarray(np.stack([x, y, blue], axis=-1).astype(np.uint8))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def stored(image: Image.Image, kind: str, orientation: int, **options: object) -> bytes:
    """``image`` as a camera held another way stores it."""
    decode = Image.Exif()
    decode[0x0112] = orientation
    turn = TURN.get(orientation)
    image = image if turn is None else image.transpose(turn)
    return encoded(image, kind, exif=decode.tobytes(), **options)


def mean_error(rgb: np.ndarray, expected: Image.Image) -> float:
    return float(np.abs(rgb.astype(int) - np.asarray(expected.convert("RGB"), dtype=int)).mean())


def png_claiming(w: int, h: int) -> bytes:
    """A few bytes that say they are a huge image."""
    data = bytearray(encoded(scene(), "PNG"))
    data[16:24] = struct.pack(">II", w, h)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


def jpeg_claiming(w: int, h: int) -> bytes:
    data = bytearray(encoded(scene(), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", h, w)
    return bytes(data)


# ---------------------------------------------------------------- what opens


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_every_orientation_comes_back_upright(kind: str, orientation: int) -> None:
    image = scene()
    photo = open_photo(stored(image, kind, orientation))
    assert photo.size_wh == image.size
    assert photo.scale == 1
    assert photo.rgb.shape == (64, 96, 3)
    assert mean_error(photo.rgb, image) <= LOSSY.get(kind, 0)


def test_in_heic_only_the_container_says_how_to_turn() -> None:
    """ISO/IEC 23008-12: EXIF is for information there; cameras write both."""
    decode = Image.Exif()
    decode[0x0112] = 6
    unturned = encoded(scene(), "HEIF", exif=decode)  # an Exif object is copied, not understood
    assert b"Exif" in unturned and open_photo(unturned).size_wh == (96, 64)


@given(
    orientation=st.integers(1, 8),
    size_wh=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    seed=st.integers(0, 2**32 - 1),
)
def test_orientation_round_trip_is_exact(
    orientation: int, size_wh: tuple[int, int], seed: int
) -> None:
    w, h = size_wh
    pixels = np.random.default_rng(seed).integers(0, 256, (h, w, 3), dtype=np.uint8)
    photo = open_photo(stored(Image.fromarray(pixels), "PNG", orientation))
    assert photo.size_wh == size_wh
    np.testing.assert_array_equal(photo.rgb, pixels)


GREY = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (32, 1))
ON_WHITE = [(255, 255, 255), (255, 0, 0)]  # transparent, then opaque red


def deep(kind: str, channels: int) -> bytes:
    """A 16-bit image whose upper eight bits are `GREY`."""
    import cv2

    values = GREY.astype(np.uint16) * 257
    values = values if channels == 1 else np.dstack([values] * channels)
    ok, data = cv2.imencode(kind, values)
    assert ok
    return data.tobytes()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("grey", encoded(Image.fromarray(GREY), "PNG")),
        ("grey JPEG", encoded(Image.fromarray(GREY), "JPEG", quality=100)),
        ("grey with alpha", encoded(Image.fromarray(GREY).convert("LA"), "PNG")),
        ("16-bit grey PNG", deep(".png", 1)),
        ("16-bit RGB PNG", deep(".png", 3)),
        ("16-bit grey TIFF", deep(".tiff", 1)),
        ("16-bit RGB TIFF", deep(".tiff", 3)),
        ("float 0..1 TIFF", encoded(Image.fromarray(GREY / np.float32(255)), "TIFF")),
        ("float 0..255 TIFF", encoded(Image.fromarray(GREY.astype(np.float32)), "TIFF")),
        ("32-bit TIFF", encoded(Image.fromarray(GREY.astype(np.int32) << 8), "TIFF")),
        ("CMYK TIFF", encoded(Image.fromarray(GREY).convert("RGB").convert("CMYK"), "TIFF")),
        ("CMYK JPEG", encoded(Image.fromarray(GREY).convert("CMYK"), "JPEG", quality=100)),
    ],
)
def test_grey_ramp_in_every_depth(name: str, data: bytes) -> None:
    rgb = open_photo(data).rgb
    assert rgb.dtype == np.uint8
    assert np.abs(rgb.astype(int) - GREY[..., None]).max() <= 2, name


def test_adobe_cmyk_jpeg_is_not_a_negative() -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    data = encoded(red, "JPEG", quality=100)
    assert b"Adobe" in data
    assert open_photo(data).rgb[8, 8].tolist() == pytest.approx([255, 0, 0], abs=6)


def palette_with_alpha() -> Image.Image:
    image = Image.new("P", (2, 1))
    image.putpalette([0, 255, 0, 255, 0, 0])
    image.putdata([0, 1])
    image.info["transparency"] = bytes([0, 255])
    return image


def two_frames() -> list[Image.Image]:
    return [Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")]


@pytest.mark.parametrize(
    ("name", "data", "row"),
    [
        ("1x1", encoded(Image.new("RGB", (1, 1), (7, 8, 9)), "PNG"), [(7, 8, 9)]),
        ("palette, alpha", encoded(palette_with_alpha(), "PNG"), ON_WHITE),
        ("RGBA", encoded(palette_with_alpha().convert("RGBA"), "PNG"), ON_WHITE),
        ("WebP", encoded(palette_with_alpha().convert("RGBA"), "WEBP", lossless=True), ON_WHITE),
        ("black and white", encoded(Image.new("1", (1, 1), 1), "PNG"), [(255, 255, 255)]),
        ("BMP", encoded(Image.new("RGB", (1, 1), (7, 8, 9)), "BMP"), [(7, 8, 9)]),
        ("GIF", encoded(Image.new("RGB", (1, 1), "blue"), "GIF"), [(0, 0, 255)]),
    ],
)  # fmt: skip
def test_first_row(name: str, data: bytes, row: list[tuple[int, int, int]]) -> None:
    assert [tuple(pixel) for pixel in open_photo(data).rgb[0].tolist()] == row, name


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "GIF"])
def test_of_moving_images_the_first_frame(kind: str) -> None:
    first, *rest = two_frames()
    data = encoded(first, kind, save_all=True, append_images=rest, duration=100)
    assert open_photo(data).rgb[4, 4].tolist() == pytest.approx([255, 0, 0], abs=4)


def test_content_counts_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "really a png.jpg"
    path.write_bytes(encoded(scene(), "PNG"))
    np.testing.assert_array_equal(open_photo(path).rgb, np.asarray(scene()))


def test_pixels_can_be_written_to() -> None:
    open_photo(encoded(scene(), "PNG")).rgb[0, 0] = 0


# ---------------------------------------------------------------- reduced size


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize(
    ("min_long_side_px", "divisor"),
    [
        *[(None, 1), (0, 1), (1000, 1), (800, 1), (401, 1)],
        *[(400, 2), (399, 2), (200, 4), (150, 4), (100, 8), (10, 8), (1, 8)],
    ],
)
def test_reduced_never_below_what_was_asked(
    kind: str, orientation: int, min_long_side_px: int | None, divisor: int
) -> None:
    image = scene(800, 300)
    photo = open_photo(stored(image, kind, orientation), min_long_side_px)
    h, w = photo.rgb.shape[:2]
    assert (w, h) == (-(-800 // divisor), -(-300 // divisor))
    assert photo.size_wh == (800, 300)
    assert photo.scale == w / 800
    assert mean_error(photo.rgb, image.resize((w, h), Image.Resampling.BOX)) < 12


@given(
    size_wh=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    min_long_side_px=st.integers(1, 400),
)
def test_longer_side_is_kept(size_wh: tuple[int, int], min_long_side_px: int) -> None:
    data = encoded(Image.new("RGB", size_wh, "green"), "JPEG")
    photo = open_photo(data, min_long_side_px)
    assert max(photo.rgb.shape[:2]) >= min(max(size_wh), min_long_side_px)
    assert photo.size_wh == size_wh


def test_panorama_of_92_megapixels_opens_without_a_warning() -> None:
    data = encoded(Image.new("L", (20_000, 4_600), 90), "JPEG")
    with warnings.catch_warnings(record=True) as caught:
        photo = open_photo(data, min_long_side_px=1280)
    assert not caught
    assert photo.size_wh == (20_000, 4_600)
    assert photo.rgb.shape == (575, 2500, 3)


def test_jpeg_above_the_decoding_limit_comes_at_half_size() -> None:
    w, h = 12_000, 8_400
    assert w * h > MAX_DECODED_PIXELS
    photo = open_photo(encoded(Image.new("L", (w, h), 90), "JPEG"))
    assert photo.scale == 0.5


# ---------------------------------------------------------------- what does not open

JPEG = encoded(scene(300, 200), "JPEG")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"\0" * 5000, "nothing but zeros"),
        (b"Dear diary, today we went to the lake.\n", "is text"),
        ("Liebes Tagebuch, schön war’s am See".encode(), "is text"),
        (b"%PDF-1.7 ...", "PDF"),
        (bytes(range(256)), "of no known kind"),
        (b"\0\0\0\x20ftypisom\0\0\0\0isomiso2avc1mp41", "of no known kind"),
        (JPEG[:2000], "ends too early (JPEG"),
        (JPEG[: len(JPEG) // 2], "ends too early (JPEG"),
        (JPEG[: len(JPEG) * 9 // 10], "ends too early (JPEG"),
        (JPEG[: len(JPEG) // 2] + bytes(len(JPEG) // 2), "ends too early (JPEG"),
        (JPEG[:3], "is damaged (JPEG"),
        (encoded(scene(), "PNG")[:200], "ends too early (PNG"),
        (encoded(scene(), "WEBP")[:200], "is damaged (WebP"),
        (encoded(scene(), "TIFF")[:-9000], "ends too early (TIFF"),
        (encoded(scene(), "BMP")[:-200], "ends too early (BMP"),
        (encoded(scene(), "HEIF")[:-50], "ends too early (HEIC"),
        (encoded(scene(), "AVIF")[:-50], "(AVIF"),
        (b"BMW is a car", "(BMP"),
        (png_claiming(60_000, 50_000), "60000 x 50000 pixels (3000 million); expected at most 100"),
        (jpeg_claiming(60_000, 50_000), "expected at most 250 million in a JPEG"),
    ],
)
def test_bad_bytes_give_one_clear_line(data: bytes, reason: str) -> None:
    with pytest.raises(PhotoError) as caught:
        open_photo(data, 640)
    message = str(caught.value)
    assert reason in message
    assert message.count("; ") == 2 and "expected" in message and message.isprintable()


def test_whole_jpeg_with_padding_opens() -> None:
    """Some cameras fill up the last block of the card with zeros."""
    np.testing.assert_array_equal(open_photo(JPEG + bytes(4096)).rgb, open_photo(JPEG).rgb)


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"Exif\0\0",
        b"Exif\0\0II*\0\xff\xff\xff\x7f",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40,
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x2a\0\0\0",  # orientation 42
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x01\0\0\0\x06\0\0\0",  # of type text
        os.urandom(300),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_leaves_the_photo_as_it_is(kind: str, exif: bytes) -> None:
    photo = open_photo(encoded(scene(), kind, exif=exif) if exif else encoded(scene(), kind))
    assert mean_error(photo.rgb, scene()) <= LOSSY.get(kind, 0)


@given(st.binary(max_size=80))
def test_any_bytes_have_an_orientation(tail: bytes) -> None:
    for start in (b"", b"Exif\0\0II*\0", b"MM\0*\0\0\0\x08"):
        assert decode.orientation(start + tail) in range(1, 9)


@given(st.binary(max_size=200), st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "BMP", "HEIF"]))
def test_overwritten_bytes_open_or_raise_photo_error(noise: bytes, kind: str) -> None:
    data = bytearray(encoded(scene(32, 24), kind))
    for k, value in enumerate(noise):
        data[(k * 7919 + 16) % len(data)] = value
    try:
        photo = open_photo(bytes(data), 16)
    except PhotoError:
        return
    assert photo.rgb.ndim == 3 and photo.rgb.dtype == np.uint8


# ---------------------------------------------------------------- files


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything; so become somebody who may not."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_no_permission_to_read() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = Path(folder, "locked.jpg")
        path.write_bytes(JPEG)
        path.chmod(0)
        with as_nobody(), pytest.raises(PhotoError, match="no permission"):
            read_photo_bytes(path)


def test_files_that_are_no_photos(tmp_path: Path) -> None:
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "empty.jpg").touch()
    for name, reason in [("folder", "is a folder"), ("empty", "0 bytes"), ("gone", "no longer")]:
        with pytest.raises(PhotoError, match=reason):
            open_photo(tmp_path / f"{name}.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(PhotoError, match="not a file"):
        read_photo_bytes(tmp_path / "pipe.jpg")


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.tif"
    with path.open("wb") as file:
        file.truncate(2_000_000_000)  # sparse: takes no space
    with pytest.raises(PhotoError, match=r"2\.0 GB; expected at most 1 GB"):
        read_photo_bytes(path)


def test_content_hash() -> None:
    assert content_hash(b"") == "cae66941d9efbd404e4d88758ea67670"
    assert content_hash(JPEG) != content_hash(JPEG[:-1])


def test_suffixes_are_disjoint_and_lower_case() -> None:
    assert not PHOTO_SUFFIXES & VIDEO_SUFFIXES
    assert all(s.startswith(".") and s == s.lower() for s in PHOTO_SUFFIXES | VIDEO_SUFFIXES)


def test_threads_see_the_same_pixels() -> None:
    kinds = ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"]
    sources = [stored(scene(320, 200), kind, k + 1) for k, kind in enumerate(kinds)]
    alone = [open_photo(data, 100).rgb for data in sources]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda data: open_photo(data, 100).rgb, sources * 10))
    for k, rgb in enumerate(together):
        np.testing.assert_array_equal(rgb, alone[k % len(alone)])


def test_importing_the_opener_is_light() -> None:
    """Listing an album needs neither Pillow nor OpenCV."""
    code = "import facesort.photos, sys; print([m for m in sys.modules if m in ('PIL', 'cv2')])"
    tools = Path(__file__).parents[2] / "tools"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tools, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
