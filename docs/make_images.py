"""Draws docs/images/before_after.webp: the sample album, and the folders it is sorted into.

    python docs/make_images.py

Run it again after the models changed. The faces are free of copyright: see
tools/facesort/dataset/sample_images/README.md.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from facesort.classes import CLASS_NAMES  # noqa: E402
from facesort.dataset.sample_data import SAMPLES, make_sample_album  # noqa: E402
from facesort.photos import open_photo  # noqa: E402

SIZE_WH = (1200, 540)
TILE_WH, GAP = (116, 96), 8
CROP_PX = 96
INK, SOFT, PAPER, FOLDER = "#1f2328", "#59636e", "#ffffff", "#f1c453"


def main() -> None:
    out = ROOT / "docs" / "images" / "before_after.webp"
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
    out.parent.mkdir(exist_ok=True)
    sheet.save(out, quality=88, method=6)
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")


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
