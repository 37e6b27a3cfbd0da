"""The check of labels that are not YOLO's: converted beside the report, and accounted for."""

from __future__ import annotations

import json
from pathlib import Path

import check_dataset
import numpy as np
import pytest
from small_sets import image, jpeg

from facesort.dataset.check.format_adapter import FORMATS
from facesort.errors import LabelError, UsageError
from facesort.labels import voc
from facesort.labels.image_labels import ImageLabels, LabelSet


def crops(root: Path, *names: str) -> Path:
    for seed, name in enumerate(names):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(jpeg(image(seed)))
    return root


def voc_photos(root: Path) -> Path:
    crops(root / "images", "a.jpg", "b.jpg")
    boxes = np.array([[10.0, 10, 60, 70], [70, 20, 120, 80]])
    images = tuple(
        ImageLabels.of(root / "images" / name, (160, 120), boxes, [0, 1])
        for name in ("a.jpg", "b.jpg")
    )
    labels = LabelSet(("with_mask", "without_mask"), images, root / "images")
    voc.write_folder(labels, root / "annotations")
    return root


FLAGS = ("1_0_1_a.jpg", "1_1_1_b.jpg", "0_0_0_c.jpg", "0_1_0_d.jpg", "1_0_0_e.jpg")
AS_OURS = ("--map", "with_mask=masked", "without_mask=face")


@pytest.mark.parametrize(
    ("make", "args", "boxes", "note"),
    [
        (voc_photos, (), {"with_mask": 2, "without_mask": 2}, "boxes: 4 in = 4 out + 0 left out"),
        (voc_photos, AS_OURS, {"face": 2, "masked": 2}, "boxes: 4 in = 4 out + 0 left out"),
        (
            lambda root: crops(root, *FLAGS),
            (),
            {"face": 1, "masked": 1, "masked_sunglasses": 1},
            "left out mislabelled flags: 1",
        ),
        (
            lambda root: crops(root, "ana/1.jpg", "ben/1.jpg", "ben/2.jpg"),
            ("--format", "folders"),
            {"ana": 1, "ben": 2},
            "crops: 3 in = 3 out + 0 left out",
        ),
    ],
)
def test_any_format_is_checked(tmp_path, capsys, make, args, boxes, note) -> None:
    source = make(tmp_path / "source")
    before = sorted(source.rglob("*"))
    code = check_dataset.main([str(source), *args, "--out", str(tmp_path / "out")])
    assert note in capsys.readouterr().out
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    (split,) = report["splits"]  # the train that stands in for a missing val is no split
    counted = dict(zip(report["names"], split["boxes"], strict=True))
    assert {name: n for name, n in counted.items() if n} == boxes
    assert note in report["converted"]
    assert note in (tmp_path / "out" / "report.html").read_text()
    assert (tmp_path / "out" / "plots" / "classes.png").is_file()
    assert code == (1 if report["errors"] else 0)
    assert sorted(source.rglob("*")) == before


@pytest.mark.parametrize(
    ("source", "args", "error", "message"),
    [
        ("empty", (), LabelError, "is no label format known here"),
        ("nowhere", (), LabelError, "no such file or folder"),
        ("photos", ("--map", "with_mask=maskd"), UsageError, "did you mean"),
        ("crops", ("--map", "ana=face"), LabelError, "'ben' \\(2 boxes"),
        ("set.yaml", ("--map", "a=face"), UsageError, "for labels of another format"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path, source, args, error, message) -> None:
    (tmp_path / "empty").mkdir()
    voc_photos(tmp_path / "photos")
    crops(tmp_path / "crops", "ana/1.jpg", "ben/1.jpg", "ben/2.jpg")
    with pytest.raises(error, match=message):
        check_dataset.main([str(tmp_path / source), *args, "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_the_script_offers_what_the_library_reads() -> None:
    assert check_dataset.FORMATS == FORMATS
