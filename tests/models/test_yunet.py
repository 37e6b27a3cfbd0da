"""YuNet finds the portrait's face and its points; what is no YuNet file is named."""

from pathlib import Path

import numpy as np
import pytest

from facesort.errors import ModelError
from facesort.models.face_finders import load_yunet

YUNET = Path(__file__).resolve().parents[3] / "shared" / "weights" / "yunet_n_640_640.onnx"


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such model"), (b"", "cannot use it as YuNet"), (b"text", "cannot use it as YuNet")],
)
def test_what_is_no_yunet_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "모델.onnx"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        load_yunet(file)


def test_another_network_is_no_yunet(onnx_file: Path) -> None:
    with pytest.raises(ModelError, match="cannot use it as YuNet"):
        load_yunet(onnx_file)


@pytest.mark.real
@pytest.mark.skipif(not YUNET.is_file(), reason="no ../shared/weights")
def test_the_portrait() -> None:
    from skimage.data import astronaut

    find = load_yunet(YUNET)
    found = find(astronaut(), 640)
    assert len(found.xyxy_px) == 1
    eyes_nose = [(203, 104), (248, 104), (224, 128)]
    np.testing.assert_allclose(found.landmarks_px[0, :3], eyes_nose, atol=8)
    smaller = find(astronaut(), 256)
    np.testing.assert_allclose(smaller.xyxy_px, found.xyxy_px, atol=8)
    assert find(np.zeros((40, 30, 3), np.uint8), 640).landmarks_px.shape == (0, 5, 2)
