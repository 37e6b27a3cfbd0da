"""From a published file to one that ships: import, fuse, calibrate, by the scripts."""

from pathlib import Path

import fuse_encoders
import import_encoder
import numpy as np
import onnx
import pytest
from small_network import write_network
from test_finetune import people

from facesort.classes import EYES
from facesort.dataset.people_split import PARTS, TRAIN, VALIDATION
from facesort.errors import DatasetError, ModelError, UsageError
from facesort.models.people import gather
from facesort.models.people.embed import load_embedder
from facesort.models.people.gather import GatheredFaces


def validation_faces(path: Path) -> Path:
    """Some are there to learn from, the rest to tune on; what is worn are sunglasses, too."""
    data = vars(people(count=60, photos=4))
    parts = np.array([PARTS.index(TRAIN), PARTS.index(VALIDATION)])
    data["part"] = parts[data["person"] % 2]
    data["worn_kind"] = np.full(len(data["worn_kind"]), EYES)
    gather.save(GatheredFaces(**data), path)
    return path


def test_a_published_encoder_becomes_one_that_ships(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published = write_network(tmp_path / "published.onnx", batch="n")
    imported, out = tmp_path / "new" / "imported.onnx", tmp_path / "out.onnx"
    as_one = ["--as", "mobilefacenet", "--out", str(imported)]
    import_encoder.main(["--weights", str(published), *as_one])
    assert "cosine 1.000000" in capsys.readouterr().out
    data = validation_faces(tmp_path / "faces.npz")
    both = ["--encoders", str(imported), str(imported), "--store", "int8", "float16"]
    both += ["--dimensions", "24"]
    fuse_encoders.main([*both, "--data", str(data), "--out", str(out), "--name", "both"])
    shipped = load_embedder(out)
    assert (shipped.name, shipped.licence) == ("both", "not stated")
    assert shipped.dimensions == 24
    assert 0 < shipped.likeness.spread.min() and np.abs(shipped.likeness.mean).max() < 1
    assert "facesort_likeness" in capsys.readouterr().out


def test_another_network_is_not_imported(tmp_path: Path) -> None:
    model = onnx.load(str(write_network(tmp_path / "published.onnx", batch="n")))
    model.graph.node[1].op_type = "Tanh"
    del model.graph.node[1].input[1:]
    onnx.save(model, str(tmp_path / "other.onnx"))
    arguments = ["--weights", str(tmp_path / "other.onnx"), "--as", "sface", "--out"]
    with pytest.raises(ModelError, match="Tanh"):
        import_encoder.main([*arguments, str(tmp_path / "out.onnx")])
    assert not (tmp_path / "out.onnx").exists()


def test_a_weight_for_each_encoder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--parts: 1 for 2 encoders"):
        fuse_encoders.main(
            ["--encoders", "a", "b", "--parts", "1", "--data", "d", "--out", str(tmp_path / "o")]
        )


def test_too_few_people_to_calibrate_on_leave_no_file(tmp_path: Path) -> None:
    encoder = write_network(tmp_path / "net.onnx", batch="n")
    data = vars(people(count=2))
    data["part"] = np.full(len(data["part"]), PARTS.index(VALIDATION))
    data["worn_kind"] = np.full(len(data["worn_kind"]), EYES)
    gather.save(GatheredFaces(**data), tmp_path / "faces.npz")
    arguments = ["--encoders", str(encoder), "--data", str(tmp_path / "faces.npz")]
    with pytest.raises(DatasetError, match="pairs of different people; expected 200"):
        fuse_encoders.main([*arguments, "--out", str(tmp_path / "out.onnx")])
    assert not (tmp_path / "out.onnx").exists()
