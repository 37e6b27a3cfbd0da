"""Composed crops: every one is placed, its box lies on it, and nothing real is called synthetic."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facesort.boxes import as_boxes
from facesort.dataset.crops import copy_paste
from facesort.dataset.crops.copy_paste import CopyPaste, Made, Real, jittered
from facesort.dataset.crops.crop_set import Options, convert
from facesort.dataset.sprites import CANVAS_WH, Sprite
from facesort.dataset.yolo_dataset import read_config
from facesort.detections import FoundFaces
from facesort.errors import DatasetError
from facesort.labels import folders

SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}


def plain(path: Path, colour: tuple[int, int, int], size_wh: tuple[int, int] = (60, 50)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size_wh, colour).save(path)
    return path


def noisy(path: Path, seed: int) -> None:
    blocks = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(blocks).resize((50, 40), Image.Resampling.BICUBIC).save(path)


def classes(out: Path, split: str) -> Counter[int]:
    """Boxes by class; the images are opened, too."""
    labels = read_config(out / "data.yaml").read(split)
    assert all(item.size_wh == CANVAS_WH for item in labels)
    return Counter(c for item in labels for c in item.class_id.tolist())


@pytest.mark.parametrize("times", [1, 3])
def test_every_crop_is_placed(tmp_path: Path, times: int) -> None:
    src, out = tmp_path / "src", tmp_path / "out"
    for i in range(10):
        noisy(src / "face" / f"{i}.png", i)
        noisy(src / "masked" / f"{i}.png", 100 + i)
    wanted = Options(out, split=SHARES, composing=CopyPaste(times=times))
    done = convert(folders.read_classes(src), wanted)
    assert classes(out, "train") == {0: 6 * times, 1: 6 * times}
    assert classes(out, "val") == classes(out, "test") == {0: 2, 1: 2}, "once, whatever times is"
    assert "crops: 20 in = 20 out + 0 left out" in done.lines()
    names = [p.name for p in (out / "images").rglob("*.jpg")]
    assert names and all(name.startswith("composed_") for name in names), "real, not synthetic"
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_same_seed_same_images(tmp_path: Path) -> None:
    for i in range(4):
        noisy(tmp_path / "src" / "face" / f"{i}.png", i)
    images = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        wanted = Options(tmp_path / name, composing=CopyPaste(seed=seed))
        convert(folders.read_classes(tmp_path / "src"), wanted)
        found = sorted((tmp_path / name / "images").rglob("*.jpg"))
        images.append([p.read_bytes() for p in found])
    assert images[0] == images[1] != images[2]


def test_synthetic_crops_make_synthetic_images(tmp_path: Path) -> None:
    src, out = tmp_path / "src", tmp_path / "out"
    for i in range(5):
        noisy(src / "face" / f"{i}.png", i)
        noisy(src / "masked" / f"synthetic_{i}.png", 100 + i)
    convert(folders.read_classes(src), Options(out, composing=CopyPaste()))
    for item in read_config(out / "data.yaml").read("train"):
        is_drawn = item.path.name.startswith("synthetic_")
        assert set(item.class_id.tolist()) == {1 if is_drawn else 0}


def test_a_child_has_its_number_on_the_canvas(tmp_path: Path) -> None:
    for child in range(6):
        noisy(tmp_path / "src" / f"child_{child}" / "1.png", child)
    source = folders.read_identities(tmp_path / "src")
    names = tuple(sorted({name for _, name in source.crops}))
    convert(source, Options(tmp_path / "out", names=names, composing=CopyPaste()))
    assert classes(tmp_path / "out", "train") == dict.fromkeys(range(6), 1)


def test_jitter_keeps_the_box_on_the_face() -> None:
    rgb = np.full((40, 60, 3), 60, np.uint8)
    rgb[5:20, 10:25] = 220
    sprite = Sprite(rgb, as_boxes([[10, 5, 25, 20]]), np.array([3]))
    places = set()
    for seed in range(8):
        out = jittered(sprite, np.random.default_rng(seed))
        x1, y1, x2, y2 = out.xyxy_px[0].astype(int)
        inside = np.zeros((40, 60), bool)
        inside[y1:y2, x1:x2] = True
        assert out.rgb[inside].min() > out.rgb[~inside].max() and out.class_id.tolist() == [3]
        places.add(int(x1))
    assert places == {10, 35}, "as it is, and mirrored"
    assert (sprite.rgb[0] == 60).all(), "the sprite itself stays"


def test_made_backgrounds_hold_no_crop(tmp_path: Path) -> None:
    """A sharp pattern in the crops is gone: they are averaged to a few shuffled cells."""
    board = np.indices((64, 64)).sum(axis=0) // 4 % 2 * 255
    Image.fromarray(np.repeat(board[..., None], 3, 2).astype(np.uint8)).save(tmp_path / "a.png")
    made = Made([tmp_path / "a.png"], seed=1)
    assert len(made) and len(Made([], 1)) == 0
    for i in range(6):
        assert made[i].shape == (CANVAS_WH[1], CANVAS_WH[0], 3)
        assert (made[i] == made[i]).all()
        assert 90 < np.median(made[i]) < 165 and np.ptp(made[i][::8, ::8].mean(axis=2)) < 150


def test_real_backgrounds_are_cut_not_stretched(tmp_path: Path) -> None:
    rgb = np.zeros((300, 900, 3), np.uint8)
    rgb[:, ::2] = 40
    Image.fromarray(rgb).save(tmp_path / "wide.png")
    canvas = Real([tmp_path / "wide.png"], seed=0)[0]
    assert canvas.shape == (CANVAS_WH[1], CANVAS_WH[0], 3) and canvas.max() < 70


def test_face_free_backgrounds(tmp_path: Path) -> None:
    plain(tmp_path / "empty.png", (0, 0, 0))
    plain(tmp_path / "face.png", (255, 255, 255))
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")

    def find(rgb: np.ndarray, _imgsz: int) -> FoundFaces:
        n = int(rgb.mean() > 100)
        return FoundFaces(np.zeros((n, 4)), np.full(n, 0.9), np.zeros((n, 5, 2)))

    kept, lines = copy_paste.face_free(tmp_path, find)
    assert [path.name for path in kept] == ["empty.png"]
    assert lines == ["backgrounds left out, unreadable: 1", "backgrounds left out, with a face: 1"]
    assert len(copy_paste.face_free(tmp_path, None)[0]) == 2
    (tmp_path / "empty.png").unlink()
    with pytest.raises(DatasetError, match="no background left of 2"):
        copy_paste.face_free(tmp_path, find)


def test_splits_share_no_background() -> None:
    paths = [Path(f"{i}.jpg") for i in range(12)]
    splits = ("train", "val", "test")
    dealt = {split: set(copy_paste.dealt(paths, split, splits)) for split in splits}
    assert set().union(*dealt.values()) == set(paths)
    assert sum(len(part) for part in dealt.values()) == 12
    assert copy_paste.dealt(paths[:4], "val", splits) == paths[:4], "too few to share out"
    assert copy_paste.dealt(paths, "val", ["val"]) == paths
