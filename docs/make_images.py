"""Draws docs/images/before_after.webp: the sample album, and the folders it is sorted into.

    python docs/make_images.py
    python docs/make_images.py --selfie-page .    # selfie_page.webp, of the page in each state

The page wants Chromium, Playwright and a folder with node_modules/onnxruntime-web.
Run it again after the models changed. The faces are free of copyright: see
tools/facesort/dataset/sample_images/README.md.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests"), str(ROOT / "tests" / "selfie")]

from facesort.classes import CLASS_NAMES  # noqa: E402
from facesort.dataset.sample_data import SAMPLES, make_sample_album  # noqa: E402
from facesort.photos import open_photo  # noqa: E402

SIZE_WH = (1200, 540)
TILE_WH, GAP = (116, 96), 8
CROP_PX = 96
INK, SOFT, PAPER, FOLDER = "#1f2328", "#59636e", "#ffffff", "#f1c453"


# what the camera sees, how the photo is changed for it, and the state to wait for
PORTRAIT, MASK = "2023/Space museum/portrait.png", "2024/Ausflug am See/IMG_0001.jpg"
SUNGLASSES = "2024/Ausflug am See/IMG_0002.jpg"
STATES = (
    (PORTRAIT, "as it is", "ready"),
    ("", "as it is", "advice"),
    (MASK, "as it is", "advice"),
    (SUNGLASSES, "as it is", "advice"),
    (PORTRAIT, "tilted", "advice"),
    (PORTRAIT, "dark", "advice"),
    (PORTRAIT, "as it is", "usable"),
    (PORTRAIT, "as it is", "taken"),
)
CAMERA_WH, SHOT_WH, SHOT_PX = (640, 480), (500, 560), 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--selfie-page", type=Path, metavar="DIR")
    args = parser.parse_args()
    if args.selfie_page:
        selfie_page(args.selfie_page)
    else:
        before_after()


def save(sheet: Image.Image, name: str) -> None:
    out = ROOT / "docs" / "images" / name
    out.parent.mkdir(exist_ok=True)
    sheet.save(out, quality=88, method=6)
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")


def before_after() -> None:
    with tempfile.TemporaryDirectory() as name:
        album, done = Path(name, "sample_album"), Path(name, "sorted")
        make_sample_album(album)
        command = [sys.executable, ROOT / "tools/sort_photos.py", "--src", album, "--dst", done]
        subprocess.run([*command, "--no-cache"], check=True, capture_output=True)
        sheet = Image.new("RGB", SIZE_WH, PAPER)
        draw = ImageDraw.Draw(sheet)
        album_panel(sheet, draw, album)
        draw.polygon([(548, 255), (548, 295), (590, 275)], fill=SOFT)
        folder_panel(sheet, draw, done / "faces")
    save(sheet, "before_after.webp")


def selfie_page(runtime: Path) -> None:
    from browser import served

    from facesort.media.selfie_web import find_runtime, write_web_folder
    from facesort.selfie.limits import read_limits

    limits = read_limits(ROOT / "data_configs" / "selfie.yaml")
    weights = ROOT / "weights"
    with tempfile.TemporaryDirectory() as name:
        album, site = Path(name, "sample_album"), Path(name, "site")
        make_sample_album(album)
        models = weights / "occlusion.onnx", weights / "face_points.onnx"
        write_web_folder(site, find_runtime(runtime, ()), *models, limits)
        with served(site) as address:
            shots = [shot(address, camera(album, *state[:2]), state[2]) for state in STATES]
    height = round(SHOT_PX * SHOT_WH[1] / SHOT_WH[0])
    sheet = Image.new("RGB", (4 * SHOT_PX, 2 * height), PAPER)
    for i, image in enumerate(shots):
        sheet.paste(image.resize((SHOT_PX, height)), (i % 4 * SHOT_PX, i // 4 * height))
    save(sheet, "selfie_page.webp")


def camera(album: Path, photo: str, how: str) -> Path:
    """A film of equal frames for Chromium's camera."""
    frame = Image.new("RGB", CAMERA_WH, "#b8bdc4")
    if photo:
        image = Image.fromarray(open_photo(album / photo).rgb)
        image = ImageOps.contain(image, (440, 440))
        if how == "tilted":
            image = image.rotate(32, fillcolor="#b8bdc4")
        corner = ((CAMERA_WH[0] - image.width) // 2, (CAMERA_WH[1] - image.height) // 2)
        frame.paste(image, corner)
    if how == "dark":
        frame = frame.point(lambda value: value // 7)
    jpeg = io.BytesIO()
    frame.save(jpeg, "JPEG", quality=90)
    film = album.parent / "camera.mjpeg"
    film.write_bytes(jpeg.getvalue() * 20)
    return film


def shot(address: str, film: Path, state: str) -> Image.Image:
    from browser import open_page

    with open_page(address, film) as page:
        page.set_viewport_size({"width": SHOT_WH[0], "height": SHOT_WH[1]})
        page.wait_for_selector("body[data-state=ready]")
        if state != "ready":
            page.click("#start")
            page.wait_for_selector(f"body[data-state={state}]")
        return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def album_panel(sheet: Image.Image, draw: ImageDraw.ImageDraw, album: Path) -> None:
    draw.text((24, 20), "sample_album/", INK, font(24))
    draw.text((24, 52), f"{len(SAMPLES)} photos in nested folders", SOFT, font(17))
    for index, sample in enumerate(SAMPLES):
        row, column = divmod(index, 4)
        corner = (24 + column * (TILE_WH[0] + GAP), 90 + row * (TILE_WH[1] + 50))
        photo = Image.fromarray(open_photo(album / sample.name).rgb)
        sheet.paste(ImageOps.fit(photo, TILE_WH, centering=(0.5, 0.25)), corner)
        name = unicodedata.normalize("NFKD", Path(sample.name).name).encode("ascii", "ignore")
        draw.text((corner[0], corner[1] + TILE_WH[1] + 4), name.decode(), SOFT, font(13))


def folder_panel(sheet: Image.Image, draw: ImageDraw.ImageDraw, faces: Path) -> None:
    draw.text((630, 20), "sorted/faces/", INK, font(24))
    draw.text((630, 52), "the least certain first; sorted/photos/ has the photos", SOFT, font(17))
    for row, name in enumerate(CLASS_NAMES):
        top = 86 + row * (CROP_PX + 16)
        draw.rounded_rectangle((630, top + 8, 660, top + 30), 4, fill=FOLDER)
        draw.rounded_rectangle((630, top + 4, 644, top + 14), 3, fill=FOLDER)
        draw.text((668, top + 6), name, INK, font(18))
        crops = sorted((faces / name).iterdir())
        draw.text((668, top + 32), f"{len(crops)} faces", SOFT, font(15))
        shown = [crops[i * (len(crops) - 1) // 2] for i in range(3)] if len(crops) > 2 else crops
        for column, crop in enumerate(shown):
            face = ImageOps.fit(Image.open(crop).convert("RGB"), (CROP_PX, CROP_PX))
            sheet.paste(face, (850 + column * (CROP_PX + GAP), top))


if __name__ == "__main__":
    main()
