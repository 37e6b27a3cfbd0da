"""Five points: found in the image's own pixels, learnt from examples, refused for other files."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image
from small_network import write_network

from facesort.detections import FoundFaces
from facesort.errors import DatasetError, ModelError
from facesort.models.people import points, train_points
from facesort.models.people.align import TEMPLATE_PX, similarity
from facesort.models.people.points import INPUT_PX, TARGET_PX, PointFinder, load_point_finder
from facesort.models.people.trainable import as_module, write_back


def drawn_face(middle_px: tuple[float, float], size: float, turn_deg: float = 0.0):
    """An image with a disc at each point, the points, and the box a detector would give."""
    angle = np.deg2rad(turn_deg)
    turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    five = (TEMPLATE_PX - TEMPLATE_PX.mean(axis=0)) @ turn.T + middle_px
    y, x = np.mgrid[:300, :400]
    rgb = np.full((300, 400, 3), 60, np.uint8)
    for number, (px, py) in enumerate(five):
        rgb[(x - px) ** 2 + (y - py) ** 2 < (4 * size) ** 2] = 255 if number < 3 else (255, 60, 60)
    half = size * np.array([40, 54])
    middle = np.array(middle_px) - [0, 7 * size]
    return rgb, five, np.concatenate([middle - half, middle + half])


def test_no_boxes_no_points() -> None:
    finder = PointFinder(lambda pixels: np.zeros((len(pixels), 10), np.float32))
    assert finder.find(np.zeros((9, 9, 3), np.uint8), np.empty((0, 4))).shape == (0, 5, 2)


@pytest.mark.parametrize("size", [0.3, 1.0, 1.6])
def test_a_network_that_sees_nothing_gives_the_target_in_the_box(size: float) -> None:
    rgb, five, box = drawn_face((200, 150), size)
    finder = PointFinder(lambda pixels: np.zeros((len(pixels), 10), np.float32))
    assert np.abs(finder.find(rgb, box)[0] - five).max() < 3 * size


def test_a_box_without_area_is_refused() -> None:
    finder = PointFinder(lambda pixels: np.zeros((len(pixels), 10), np.float32))
    with pytest.raises(ValueError, match="no area"):
        finder.find(np.zeros((9, 9, 3), np.uint8), [[4, 4, 4, 9]])


@pytest.mark.parametrize("turn", [-20.0, 0.0, 35.0])
def test_the_square_shows_the_face_where_its_points_say(turn: float) -> None:
    rgb, five, _ = drawn_face((200, 150), 1.3, turn)
    view = similarity(five, TARGET_PX)
    square = points.see(rgb, view)
    assert square.shape == (INPUT_PX, INPUT_PX, 3)
    bright = np.argwhere(square[..., 1] > 150)[:, ::-1]  # the eyes and the nose
    assert np.abs(bright.mean(axis=0) - TARGET_PX[:3].mean(axis=0)).max() < 0.5
    assert np.allclose(points.back(five @ view[:, :2].T + view[:, 2], view), five)


def test_an_untrained_network_can_learn() -> None:
    """Eight squares by heart, in sixty steps: how it starts lets gradients through."""
    import torch

    rng = np.random.default_rng(0)
    rgb, five, box = drawn_face((200, 150), 1.0)
    seen = [train_points.look_at(rgb, box, five, rng) for _ in range(8)]
    squares = torch.from_numpy(points.as_input(np.stack([square for square, _ in seen])))
    away = torch.from_numpy(np.stack([one for _, one in seen]).astype(np.float32))
    network = as_module(train_points.new_graph())
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    losses = []
    for _ in range(60):
        loss = (network(squares).reshape(-1, 5, 2) - away).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 4


def test_what_is_trained_is_found_in_a_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    drawn = [
        drawn_face(rng.uniform(120, 180, 2), rng.uniform(0.8, 1.2), rng.normal(0, 10))
        for _ in range(40)
    ]
    images, five, boxes = (np.stack(some) for some in zip(*drawn, strict=True))
    graph, lines = train_points.new_graph(), []
    known = train_points.KnownPoints(list(images), boxes, five)
    network = train_points.train_points(known, 1 / 60, graph, say=lines.append)
    write_back(graph, network, tmp_path / "points.onnx", {})
    finder = load_point_finder(tmp_path / "points.onnx")
    assert finder.find(images[0], boxes[:2]).shape == (2, 5, 2)
    assert np.isfinite(train_points.mean_error(finder, known.split(every=10)[1]))
    assert all(value.detach().abs().sum() > 0 for value in network.weights.values())  # biases too
    assert "steps of" in lines[-1]


def test_mirroring_swaps_sides() -> None:
    rgb, five, box = drawn_face((200, 150), 1.0)
    for seed in range(20):
        square, away = train_points.look_at(rgb, box, five, np.random.default_rng(seed))
        assert square.shape == (INPUT_PX, INPUT_PX, 3)
        eyes = (TARGET_PX + away)[:2]
        assert eyes[0, 0] < eyes[1, 0]


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model"):
        load_point_finder(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(ModelError, match="cannot load it"):
        load_point_finder(tmp_path / "text.onnx")
    with pytest.raises(ModelError, match="expected"):
        load_point_finder(write_network(tmp_path / "embedding.onnx"))


def in_the_middle(rgb: np.ndarray, imgsz: int) -> FoundFaces:
    five, box = drawn_face((200, 150), 1.0)[1:]
    return FoundFaces(box[None], np.ones(1), five[None])


def test_each_portrait_is_learnt_bare_and_covered(tmp_path: Path) -> None:
    for name in ("Ana/1.png", "Ben/1.png"):
        (tmp_path / name).parent.mkdir()
        Image.fromarray(drawn_face((200, 150), 1.0)[0]).save(tmp_path / name)
    (tmp_path / "Ben" / "torn.jpg").write_bytes(b"no image")
    known = train_points.gather(tmp_path, in_the_middle, lambda rgb, points, rng: rgb // 2)
    assert [image[0, 0, 0] for image in known.images] == [60, 30, 60, 30]
    assert [path.name for path in known.refused] == ["torn.jpg"]
    learnt, apart = known.split(every=2)
    assert len(learnt.images) == len(apart.images) == len(apart.boxes_px) == 2
    assert train_points.mean_error(PointFinder(lambda x: np.zeros((len(x), 10))), apart) < 0.1


def test_portraits_without_a_face_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no face in 0 photos"):
        train_points.gather(tmp_path, in_the_middle, lambda rgb, points, rng: rgb)


def test_the_shipped_finder_sees_the_face_of_a_photo() -> None:
    """scikit-image's astronaut: points by eye, the box as the detector gives it."""
    finder = load_point_finder(Path(__file__).parents[2] / "weights" / "face_points.onnx")
    found = finder.find(skimage.data.astronaut(), (175, 65, 270, 195))[0]
    by_eye = [[202, 101], [247, 104], [224, 126], [203, 139], [243, 140]]
    assert np.abs(found - by_eye).max() < 6
