"""Training on the device: boxes stay on their faces, and a checkpoint comes out that YOLO loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from facesort.models.training.resident import loop  # noqa: E402
from facesort.models.training.resident.geometry import GREY, Geometry, draw  # noqa: E402
from facesort.models.training.resident.photometry import cover_edges, degrade  # noqa: E402
from facesort.models.training.resident.pool import (  # noqa: E402
    ImagePool,
    LabelledImage,
    load_images,
)

CPU = torch.device("cpu")


def disc(size_wh: tuple[int, int], box: tuple[int, int, int, int], class_id: int) -> LabelledImage:
    """A white ellipse that fills ``box`` on black: the face of these tests."""
    width, height = size_wh
    x1, y1, x2, y2 = box
    y, x = np.mgrid[:height, :width] + 0.5
    inside = ((2 * x - x1 - x2) / (x2 - x1)) ** 2 + ((2 * y - y1 - y2) / (y2 - y1)) ** 2 <= 1
    rgb = np.repeat((255 * inside).astype(np.uint8)[..., None], 3, axis=2)
    return LabelledImage(rgb, np.array([box], float), np.array([class_id]))


@pytest.fixture
def pool() -> ImagePool:
    images = [
        disc((200, 120), (60, 20, 110, 90), 0),
        disc((300, 400), (100, 150, 190, 270), 1),
        disc((640, 360), (300, 100, 420, 260), 3),
    ]
    return ImagePool(images, CPU)


@pytest.mark.parametrize("how", [Geometry(mosaic=0.0), Geometry(mosaic=1.0), Geometry(turn_far=1)])
def test_boxes_stay_on_their_faces(pool: ImagePool, how: Geometry) -> None:
    torch.manual_seed(0)
    batch = draw(pool, torch.randint(0, len(pool), (4 * 24,)), 160, how)
    assert len(batch.row) >= 12
    white = (batch.images[:, 0] - 255).abs() < 70
    for row, box in zip(batch.row.tolist(), batch.xyxy_px.round().int().tolist(), strict=True):
        x1, y1, x2, y2 = (min(max(v, 0), 160) for v in box)
        if min(x2 - x1, y2 - y1) < 16:
            continue
        share = white[row, y1:y2, x1:x2].float().mean().item()
        assert 0.5 < share  # a whole ellipse fills pi/4 of its box; a cut one less or more
        # one row of pixels beyond the box, where the image goes on, is no longer white
        assert white[row, :, max(x1 - 4, 0) : max(x1 - 3, 0)].float().sum() <= 160


def test_classes_are_carried_and_an_image_without_faces_has_none() -> None:
    bare = LabelledImage(np.zeros((50, 60, 3), np.uint8), np.zeros((0, 4)), np.zeros(0, np.int64))
    torch.manual_seed(0)
    batch = draw(ImagePool([bare], CPU), torch.zeros(8, dtype=torch.long), 64, Geometry())
    assert len(batch.row) == 0 and batch.images.shape == (2, 3, 64, 64)
    assert len(cover_edges(batch, share=1.0).row) == 0
    one = ImagePool([disc((200, 200), (50, 50, 150, 150), 2)], CPU)
    batch = draw(one, torch.zeros(40, dtype=torch.long), 128, Geometry(mosaic=0.0))
    assert set(batch.class_id.tolist()) == {2}


def test_degraded_images_keep_their_shape_and_range(pool: ImagePool) -> None:
    torch.manual_seed(0)
    before = draw(pool, torch.randint(0, len(pool), (64,)), 64, Geometry()).images
    after = degrade(before.clone())
    assert after.shape == before.shape and 0 <= after.min() and after.max() <= 255
    assert not torch.equal(after, before)
    assert GREY == 114


def test_images_are_weighed_by_their_rarest_class_and_their_name(tmp_path: Path) -> None:
    import cv2

    labels = []
    for name, classes in (("crop_1.png", [0]), ("late_1.png", [0, 3]), ("big.png", [2])):
        side = 1280 if name == "big.png" else 40
        cv2.imwrite(str(tmp_path / name), np.zeros((side, side // 2, 3), np.uint8))
        boxes = np.array([[0.0, 0.0, 20.0, 20.0]] * len(classes))
        labels.append((tmp_path / name, boxes, np.array(classes)))
    images = load_images(labels, {"crop_": 0.5}, ["late_"])
    assert [image.weight for image in images] == [0.5, 3.0, 1.8]
    assert [image.group for image in images] == [0, 1, 0]
    assert images[2].rgb.shape == (640, 320, 3) and images[2].xyxy_px.max() == 10.0


@pytest.mark.slow
def test_it_learns_and_writes_what_yolo_loads(pool: ImagePool, tmp_path: Path) -> None:
    from facesort.models.ultralytics_loader import load_yolo

    said: list[str] = []
    model = loop.start_network("yolov8n", None, CPU)
    before = model.model[0].conv.weight.detach().clone()
    plan = loop.Schedule(seconds=4, stage_s=1e-9, batch=2, warmup_steps=1)

    def save(average: object, name: str) -> None:
        loop.save_checkpoint(average, tmp_path / f"{name}.pt", {"model": "yolov8n"})

    loop.train(model, pool, plan, save, said.append)
    assert not torch.equal(before, model.model[0].conv.weight)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["last.pt", "stage.pt"]
    assert load_yolo(tmp_path / "last.pt", task="detect").names[3] == "masked_sunglasses"
    assert said[-1].endswith("images")
