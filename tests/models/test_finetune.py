"""From gathered faces to an encoder that sees through a mask: views, teaching, training."""

from pathlib import Path

import numpy as np
import pytest
from small_network import write_network

from facesort.classes import EYES, MOUTH
from facesort.dataset.people_split import part_number
from facesort.detections import FoundFaces
from facesort.errors import DatasetError
from facesort.models.encoders import Normalisation
from facesort.models.people import gather
from facesort.models.people.align import TEMPLATE_PX, align_to
from facesort.models.people.cutouts import CROP_PX, CROP_TEMPLATE_PX
from facesort.models.people.embed import load_embedder
from facesort.models.people.finetune import Recipe, finetune
from facesort.models.people.gather import UNKNOWN, GatheredFaces, Gatherer
from facesort.models.people.torch_pixels import embed_views, pixels_for
from facesort.models.people.trainable import as_module, load_graph, write_back
from facesort.models.people.training_people import EACH, batches, teach
from facesort.models.people.views import to_views

NOTHING = FoundFaces(np.empty((0, 4)), np.empty(0), np.empty((0, 5, 2)))
SIDE = 112


def people(count: int = 6, photos: int = 4) -> GatheredFaces:
    """Each person is a pattern of blocks, the same on both sides; of half of them every other photo
    has its lower half painted over, which can be worn by others."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(30, 226, (count, 8, 8, 3))
    coarse[:, :, 4:] = coarse[:, :, 3::-1]
    one = coarse.repeat(20, axis=1).repeat(20, axis=2)
    noise = rng.normal(0, 6, (count, photos, *one.shape[1:]))
    crops = np.clip(one[:, None] + noise, 0, 255).astype(np.uint8)
    state = np.zeros((count, photos), dtype=np.int64)
    state[: count // 2, ::2] = MOUTH
    crops[state == MOUTH, 90:] = (200, 210, 220)
    n = count * photos
    wearer = np.flatnonzero(state.ravel() == MOUTH)
    worn = np.zeros((len(wearer), 80, 80), np.uint8)
    worn[:, 45:] = 255
    points = np.tile(CROP_TEMPLATE_PX, (n, 1, 1))
    return GatheredFaces(
        crops=crops.reshape(n, CROP_PX, CROP_PX, 3),
        points_px=points,
        other_points_px=points + 1,
        person=np.repeat(np.arange(count), photos),
        state=state.ravel(),
        part=np.zeros(n, dtype=np.int64),
        worn=worn,
        wearer=wearer,
        worn_kind=np.full(len(wearer), MOUTH),
    )


EVERYBODY = np.ones(24, dtype=bool)


def test_plain_views_are_what_an_encoder_sees() -> None:
    import torch

    data = people()
    views = to_views(data, EVERYBODY, TEMPLATE_PX, SIDE, "cpu")
    seen = views.plain(torch.arange(3)).permute(0, 2, 3, 1).numpy()
    for face, crop, points in zip(seen, data.crops, data.points_px, strict=False):
        assert abs(face - align_to(crop, points, TEMPLATE_PX, SIDE)).mean() < 1
    mirrored = views.plain(torch.arange(3), mirrored=True).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(mirrored, seen[:, :, ::-1])


def test_masks_are_put_on_where_they_are_asked_for() -> None:
    import torch

    torch.manual_seed(0)
    data = people()
    views = to_views(data, EVERYBODY, TEMPLATE_PX, SIDE, "cpu")
    assert len(views.rows[EYES]) == 0  # nobody wears any: none can be put on
    bare = torch.from_numpy(np.flatnonzero(data.state == 0))
    on = torch.arange(len(bare)) % 2 == 0
    before = views._crops(bare)
    after = views._put_on(before, bare, MOUTH, on)
    changed = (before - after).abs().mean((1, 3))
    assert (changed[on, 110:].mean(1) > 5).all() and not changed[on, :60].any()
    assert not changed[~on].any()
    seen = views.varied(bare, on, on)
    assert seen.shape == (len(bare), 3, SIDE, SIDE) and 0 <= seen.min() and seen.max() <= 255
    nobody = to_views(data, ~EVERYBODY, TEMPLATE_PX, SIDE, "cpu")
    assert len(nobody.rows[MOUTH]) == 0  # what people who are kept apart wear stays theirs


def test_batches_hold_base_faces_and_people_in_masks() -> None:
    data = people()
    vectors = np.eye(24, dtype=np.float32)
    teaching = teach(data, EVERYBODY, vectors, vectors, "cpu")
    rows, first = next(batches(teaching, 32, np.random.default_rng(0)))
    assert first == 16 and len(rows) == 32
    assert (data.state[rows[:first]] == 0).all()
    for four in rows[first:].reshape(-1, EACH).numpy():
        assert len(set(data.person[four])) == 1 and sorted(data.state[four]) == [0, 0, 1, 1]


def test_only_people_who_may_be_learnt_from_are() -> None:
    data = people()
    mine = data.person != 2
    vectors = np.eye(24, dtype=np.float32)
    teaching = teach(data, mine, vectors, vectors, "cpu")
    assert len(teaching.centres) == 5 and (teaching.person[data.person == 2] < 0).all()
    rows, _ = next(batches(teaching, 400, np.random.default_rng(0)))
    assert 2 not in data.person[rows]
    with pytest.raises(DatasetError, match="0 bare faces"):
        teach(data, data.state == MOUTH, vectors, vectors, "cpu")


def test_a_masked_face_comes_nearer_to_the_bare_one(tmp_path: Path) -> None:
    weights = write_network(tmp_path / "net.onnx")
    data, lines = people(), []
    views = to_views(data, EVERYBODY, TEMPLATE_PX, SIDE, "cpu")
    pixels = pixels_for(Normalisation(), "cpu")
    said = embed_views(as_module(load_graph(weights)), pixels, views)
    network = finetune(
        load_graph(weights),
        pixels,
        views,
        teach(data, EVERYBODY, said, said, "cpu"),
        minutes=3 / 60,
        recipe=Recipe(batch=32, learning_rate=2e-3),
        say=lines.append,
    )
    write_back(load_graph(weights), network, tmp_path / "out.onnx", {})
    faces = np.stack(
        [align_to(c, p, TEMPLATE_PX, SIDE) for c, p in zip(data.crops, data.points_px, strict=True)]
    )
    hidden = faces.copy()
    hidden[:, 65:] = 200
    bare = load_embedder(weights).embed(faces)[data.state == 0]
    near = [
        (load_embedder(tmp_path / name).embed(hidden)[data.state == 0] * bare).sum(1).mean()
        for name in ("net.onnx", "out.onnx")
    ]
    assert near[1] > near[0]
    assert "steps of 32 faces" in lines[-1]


class Points:
    """Finds the template where a box of 112 pixels begins."""

    def find(self, rgb: np.ndarray, xyxy_px: object) -> np.ndarray:
        x0, y0, x1, _ = np.asarray(xyxy_px, dtype=float)
        if x1 <= x0:
            raise ValueError("no area")
        return (TEMPLATE_PX * (x1 - x0) / SIDE + [x0, y0])[None]


def at(*boxes: tuple[float, float, float, float]) -> FoundFaces:
    points = np.tile(TEMPLATE_PX, (len(boxes), 1, 1))
    return FoundFaces(np.array(boxes, dtype=float), np.ones(len(boxes)), points)


def test_gathered_faces_are_cut_out_by_their_points_and_come_back(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    found = [at((0, 0, 40, 40), (94, 94, 206, 206)), NOTHING, at((10, 10, 30, 30))]
    gatherer = Gatherer(lambda rgb, imgsz: found.pop(0), Points(), part_number)  # type: ignore[arg-type]
    assert gatherer.portrait(rgb, "lfw", "Ana", 0)
    assert not gatherer.portrait(rgb, "lfw", "Ana", 0)  # no face
    assert not gatherer.portrait(rgb, "lfw", "Ana", 0)  # eyes too near to each other
    assert gatherer.face(rgb, (50, 50, 162, 162), "", "", MOUTH)
    assert not gatherer.face(rgb, (50, 50, 50, 162), "", "", MOUTH)  # no area
    data = gatherer.gathered()
    assert data.person.tolist() == [0, UNKNOWN] and data.state.tolist() == [0, MOUTH]
    assert data.part.tolist() == [part_number("lfw", "Ana"), UNKNOWN]
    middle = align_to(rgb, TEMPLATE_PX + 94, CROP_TEMPLATE_PX, CROP_PX)
    assert np.array_equal(data.crops[0], middle)
    assert np.allclose(data.points_px[0], CROP_TEMPLATE_PX)
    gather.save(data, tmp_path / "new" / "faces.npz")
    again = gather.load(tmp_path / "new" / "faces.npz")
    for name, value in vars(data).items():
        assert np.array_equal(getattr(again, name), value), name


def test_no_face_and_other_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no face"):
        Gatherer(lambda rgb, imgsz: NOTHING, Points(), part_number).gathered()  # type: ignore[arg-type]
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    (tmp_path / "text.npz").write_text("faces")
    for name in ("none.npz", "other.npz", "text.npz"):
        with pytest.raises(DatasetError, match="no gathered faces"):
            gather.load(tmp_path / name)
