"""One file of several encoders says what they say one by one."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from small_network import DIMENSIONS, write_network

from facesort.errors import ModelError
from facesort.models import encoders
from facesort.models.int8.weights import FLOAT16, FLOAT32, INT8, to_int8
from facesort.models.people.align import TEMPLATE_PX, align_to
from facesort.models.people.cutouts import CROP_PX, CROP_TEMPLATE_PX
from facesort.models.people.embed import OnnxEmbedder, load_embedder, unit
from facesort.models.people.fuse import Part, fuse
from facesort.models.people.trainable import load_graph

CLOSER = (TEMPLATE_PX - 56) * 1.2 + 56  # the template of an encoder that sees less around a face


def crops(n: int = 3) -> np.ndarray:
    """Smooth, so that how a pixel is interpolated makes little difference."""
    import cv2

    small = np.random.default_rng(0).integers(0, 256, (n, 6, 6, 3), dtype=np.uint8)
    return np.stack([cv2.resize(one, (CROP_PX, CROP_PX)) for one in small])


def part(tmp_path: Path, name: str, metadata: dict[str, str], **how: object) -> Part:
    path = write_network(tmp_path / f"{name}.onnx", metadata, batch="n")
    return Part(load_graph(path), load_embedder(path).spec, **how)  # type: ignore[arg-type]


def fused(tmp_path: Path, parts: list[Part]) -> OnnxEmbedder:
    model = fuse(parts)
    template = json.dumps(CROP_TEMPLATE_PX.tolist())
    said = {encoders.META_TEMPLATE: template, encoders.META_MEAN: "0", encoders.META_SCALE: "1"}
    onnx.helper.set_model_props(model, said)
    onnx.save(model, str(tmp_path / "fused.onnx"))
    return load_embedder(tmp_path / "fused.onnx")


def alone(tmp_path: Path, name: str, faces: np.ndarray, mirror: bool) -> np.ndarray:
    one = load_embedder(tmp_path / f"{name}.onnx")
    seen = np.stack([one.align(face, CROP_TEMPLATE_PX) for face in faces])
    vectors = one.embed(seen)
    if not mirror:
        return vectors
    return unit(vectors + one.embed(np.ascontiguousarray(seen[:, :, ::-1])))


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("store", [FLOAT32, FLOAT16, INT8])
def test_it_says_what_its_parts_say(tmp_path: Path, store: str, mirror: bool) -> None:
    closer = {"facesort_template": json.dumps(CLOSER.tolist()), "facesort_channels": "BGR"}
    parts = [
        part(tmp_path, "a", {}, weight=3.0, store=store),
        part(tmp_path, "b", closer, weight=1.0, store=store, mirror=mirror),
    ]
    both = fused(tmp_path, parts)
    assert (both.spec.side_px, both.dimensions) == (CROP_PX, 2 * DIMENSIONS)
    found = both.embed(crops())
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    a, b = alone(tmp_path, "a", crops(), False), alone(tmp_path, "b", crops(), mirror)
    assert np.allclose(found[:, :DIMENSIONS], a * np.sqrt(0.75), atol=0.02)
    assert np.allclose(found[:, DIMENSIONS:], b * np.sqrt(0.25), atol=0.02)
    same_face = align_to(crops()[0], CROP_TEMPLATE_PX, CROP_TEMPLATE_PX, CROP_PX)
    assert np.allclose(both.embed(same_face[None])[0], found[0], atol=1e-4)


def test_what_cannot_be_fused_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one part or more"):
        fuse([])
    with pytest.raises(ValueError, match="above 0"):
        fuse([part(tmp_path, "a", {}, weight=0.0)])
    tilted = TEMPLATE_PX @ np.array([[0.9, 0.4], [-0.4, 0.9]])
    with pytest.raises(ModelError, match="tilted"):
        fuse([part(tmp_path, "b", {"facesort_template": json.dumps(tilted.tolist())})])


@settings(max_examples=50, deadline=None)
@given(hnp.arrays(np.float32, (3, 40), elements=st.floats(-50, 50, width=32)))
def test_bytes_are_within_a_step_of_what_they_stand_for(values: np.ndarray) -> None:
    small, step = to_int8(values)
    assert small.dtype == np.int8 and step.shape == (3, 1)
    off = ((small * step - values) ** 2).sum(axis=1)
    widest = np.abs(values).max(axis=1) / 127
    assert (off <= 40 * (widest / 2) ** 2 * 1.01 + 1e-12).all()
