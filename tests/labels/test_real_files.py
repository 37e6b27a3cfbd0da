"""Files that the other programs wrote themselves, of one image with the same two boxes.

``real_files/``: Datumaro 1.13.12 (COCO, VOC, CVAT, Open Images; cut to one image), labelme 6.3.1
(`LabelFile.save`), X-AnyLabeling 4.2.1 (the same of its own), label-studio-sdk 2.1.2
(`converter.imports.yolo`).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from label_samples import draw

from facesort.dataset.convert import label_reader
from facesort.labels.extras import NOTHING, Extras
from facesort.labels.resolve import Reading

FILES = Path(__file__).parent / "real_files"
BOXES = {"face": [11, 10, 31, 25], "masked": [50, 20, 60, 30]}
TRACKED = Extras(4, occluded=True, attributes=(("age", "child"),))
SCORED = Extras(confidence=0.5, difficult=True)


@pytest.mark.parametrize(
    ("name", "form", "face", "masked"),
    [
        ("datumaro_coco.json", "coco", TRACKED, SCORED),
        ("datumaro_voc.xml", "voc", TRACKED, SCORED),
        ("datumaro_cvat.xml", "cvat", Extras(occluded=True), NOTHING),
        ("datumaro_open_images.csv", "openimages", Extras(occluded=True), Extras(confidence=0.5)),
        ("labelme.json", "labelme", Extras(4, occluded=True), Extras(difficult=True)),
        (
            "x_anylabeling.json",
            "labelme",
            TRACKED,
            SCORED,
        ),
        ("label_studio.json", "labelstudio", NOTHING, NOTHING),
    ],
)
def test_what_another_program_wrote(
    name: str, form: str, face: Extras, masked: Extras, tmp_path: Path
) -> None:
    draw(tmp_path / "frame_000001.jpg", (100, 50))
    assert label_reader.tell_format(FILES / name) == form
    labels = label_reader.read_source(FILES / name, "auto", Reading(tmp_path))
    (image,) = labels.images
    found = {labels.names[c]: (box, more) for c, box, more in image.rows()}
    assert not labels.left_out and found.keys() == BOXES.keys()
    for one, more in (("face", face), ("masked", masked)):
        assert found[one][0] == pytest.approx(BOXES[one], abs=0.01)
        assert found[one][1] == more
