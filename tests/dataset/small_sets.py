"""Small data sets for tests: generated images with labels that are wrong in a known way."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from facesort.classes import CLASS_NAMES

SPLITS = ("train", "val", "test")


def image(seed: int, size_wh: tuple[int, int] = (160, 120)) -> Image.Image:
    """Coarse coloured blocks: every seed another perceptual hash."""
    blocks = np.random.default_rng(seed).integers(40, 255, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize(size_wh, Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, orientation: int = 1) -> bytes:
    """The bytes of a JPEG whose EXIF tells ``orientation``."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = io.BytesIO()
    image.save(data, "JPEG", quality=95, exif=exif)
    return data.getvalue()


def write_set(
    root: Path,
    images: Mapping[str, bytes],
    labels: Mapping[str, str | bytes],
    names: tuple[str, ...] = CLASS_NAMES,
) -> Path:
    """Files by ``split/name.suffix`` under images/ and labels/; returns the YAML."""
    for kind, files in (("images", images), ("labels", labels)):
        for name, content in files.items():
            file = root / kind / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
    lines = [f"{split}: images/{split}" for split in SPLITS if (root / "images" / split).is_dir()]
    yaml = root / "set.yaml"
    yaml.write_text("\n".join([*lines, f"names: {list(names)}"]), encoding="utf-8")
    return yaml


GOOD = "0 .5 .5 .4 .4\n"


def clean_set(root: Path) -> Path:
    """Two images a split, the four classes in each, nothing to complain about."""
    names = [f"{split}/{k}" for split in SPLITS for k in "ab"]
    images = {f"{name}.jpg": jpeg(image(i, (640, 480))) for i, name in enumerate(names)}
    rows = "0 .2 .2 .2 .2\n1 .7 .2 .2 .2\n", "2 .2 .7 .2 .2\n3 .7 .7 .2 .2\n"
    return write_set(root, images, {f"{n}.txt": rows[i % 2] for i, n in enumerate(names)})


def messy_set(root: Path) -> Path:
    """One image for everything that can be wrong, and good ones between."""
    shared, near = image(100), image(101)
    images = {f"{split}/good.jpg": jpeg(image(i)) for i, split in enumerate(SPLITS)}
    images |= {
        "train/unlabelled.jpg": jpeg(image(10)),
        "train/background.jpg": jpeg(image(11)),
        "train/lines.jpg": jpeg(image(12)),
        "train/nothing_left.jpg": jpeg(image(13)),
        "train/binary.jpg": jpeg(image(14)),
        "train/two_classes.jpg": jpeg(image(15)),
        "train/twice.jpg": jpeg(image(16)),
        "train/0_1_0_x.jpg": jpeg(image(17)),
        "train/1_0_1_x.jpg": jpeg(image(18)),
        "train/1_0_0_x.jpg": jpeg(image(19)),
        "train/1_1_1_x.jpg": jpeg(image(20)),
        "train/torn.jpg": jpeg(image(21))[:400],
        "train/text.jpg": b"no image",
        "train/shared.jpg": jpeg(shared),
        "val/shared.jpg": jpeg(shared),
        "test/shared again.jpg": jpeg(shared),
        "train/near.jpg": jpeg(near),
        "test/near.jpg": jpeg(near.resize((200, 150))),
        "train/turned.jpg": jpeg(image(22), orientation=6),
        "train/synthetic_1.jpg": jpeg(image(23)),
        "val/synthetic_2.jpg": jpeg(image(24)),
        "train/<b>ß名.png": jpeg(image(25)),
    }
    labels: dict[str, str | bytes] = {
        name.rsplit(".", 1)[0] + ".txt": GOOD for name in images if "unlabelled" not in name
    }
    labels |= {
        "train/background.txt": "",
        "train/lines.txt": "0 .5 .5 .4 .4\n\nzero .5 .5 .1 .1\n0 .5 .5 .1\n9 .5 .5 .1 .1\n"
        "0 .5 .5 0 .1\n1 .95 .5 .2 .2\n1 1.5 .5 .2 .2\nnan .5 .5 .1 .1\n",
        "train/nothing_left.txt": "x\n",
        "train/binary.txt": b"\xff\xfe\x00",
        "train/two_classes.txt": "0 .5 .5 .4 .4\n1 .5 .5 .41 .4\n",
        "train/twice.txt": "0 .5 .5 .4 .4\n0 .5 .5 .4 .4\n",
        "train/1_1_1_x.txt": "3 .5 .5 .4 .4\n",
        "train/turned.txt": "0 .9 .5 .4 .4\n",
        "train/orphan.txt": GOOD,
    }
    return write_set(root, images, labels)
