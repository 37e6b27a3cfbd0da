"""Whatever a file from elsewhere holds, a reader reads it or says in one line why not.

Damaged, cut and spliced files of every format: no other exception, and nothing is written, changed
or removed outside the folder that is named. ``FACESORT_FUZZ=2000`` tries that many a reader.
"""

from __future__ import annotations

import io
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from label_samples import draw
from PIL import Image
from tar_samples import jpeg, shard

from facesort.album import people_tags
from facesort.album.corrections.xmp_sidecars import Region, side_car
from facesort.dataset import yolo_dataset
from facesort.dataset.convert import label_reader
from facesort.dataset.convert.conversion import WRITERS
from facesort.dataset.label_set_writer import write_yolo
from facesort.errors import FacesortError, PhotoError
from facesort.labels import folders, named_crops
from facesort.labels.image_labels import ImageLabels, LabelSet
from facesort.labels.resolve import Reading
from facesort.labels.widerface import mat_file
from facesort.labels.widerface.bbx_text import ATTRIBUTES
from facesort.labels.widerface.face_list import FaceList, ListedImage
from facesort.photos import open_photo
from facesort.photos.decode import stored_orientation
from facesort.photos.stored import Stored

EXAMPLES = int(os.environ.get("FACESORT_FUZZ", "12"))
FUZZ = settings(
    max_examples=EXAMPLES,
    derandomize="FACESORT_FUZZ" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
NAMES = ("face", "masked")
SPLICES = [
    *(b"../../../victim", b"..\\..\\victim", b"/etc/passwd", b"C:\\victim", b"NUL", b"\0", b"\xff"),
    *(b"1e999", b"-1", b"NaN", b"9" * 400, b"Infinity", b"null", b"[]", b"{}", b'"', b"<", b"&x;"),
    *(b"\n", b",", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"[" * 3000, b"a" * 140_000, b"face", b"#"),
]  # fmt: skip


@st.composite
def damaged(draw_value: st.DrawFn, seed: bytes) -> bytes:
    """``seed`` with a few places cut, replaced, doubled, or spliced with what has hurt before."""
    data = bytearray(seed)
    for _ in range(draw_value(st.integers(0, 6))):
        at = draw_value(st.integers(0, len(data)))
        to = min(len(data), at + draw_value(st.integers(0, 40)))
        new = draw_value(
            st.sampled_from([*SPLICES, bytes(data[at:to]) * 2]) | st.binary(max_size=8)
        )
        data[at:to] = new
    return bytes(data[: draw_value(st.none() | st.integers(0, len(data)))])


def labels_of(folder: Path) -> LabelSet:
    paths = [draw(folder / name, (64, 48)) for name in ("a.jpg", "kids/b.jpg")]
    boxes = [[1.0, 2, 30, 40], [10.5, 3, 20, 21]]
    images = [ImageLabels.of(path, (64, 48), boxes, [0, 1]) for path in paths]
    return LabelSet(NAMES, tuple(images), folder)


def pickled(folder: Path) -> bytes:
    entry = {"url": "http://example.org/a.jpg", "faces": [{"box": np.array([1, 2, 9, 9])}]}
    return pickle.dumps({"b": entry, 2: entry})


def tarred(folder: Path) -> bytes:
    told = b'{"annotations": [{"bbox": [1, 2, 3, 4], "category_id": 1}], "width": 64, "height": 48}'
    members = {
        "x/a.jpg": jpeg(),
        "x/a.json": told,
        "b.jpg": jpeg(),
        "b.cls": b"1",
        "c.xml": b"<a/>",
    }
    return shard(folder / "seed.tar", members).read_bytes()


def mat(folder: Path) -> bytes:
    listed = ListedImage.of("kids/b.jpg", [[1, 2, 3, 4]], np.zeros((1, len(ATTRIBUTES))))
    faces = FaceList(ATTRIBUTES, (listed,))
    mat_file.write(faces, folder / "seed.mat")
    return (folder / "seed.mat").read_bytes()


RETINA = b"# kids/b.jpg\n" + b"1 2 30 40 " + b"5 6 0.0 " * 5 + b"0.5\n"
MADE: dict[str, tuple[str, str, Callable[[Path], bytes]]] = {  # reader: file, format, seed
    "rof": ("masked/ann.pkl", "rof", pickled),
    "webdataset": ("data-0000.tar", "webdataset", tarred),
    "webdataset gz": ("data-0000.tar.gz", "webdataset", tarred),
    "retinaface": ("label.txt", "retinaface", lambda _: RETINA),
    "mat": ("wider_face_val.mat", "widerface", mat),
}
WRITTEN = {  # reader: the file to damage, and how it is called in what our writers wrote
    "voc": ("annotations/a.xml", "voc"),
    "coco": ("annotations.json", "coco"),
    "createml": ("images/annotations.json", "createml"),
    "widerface": ("bbx_gt.txt", "widerface"),
    "parquet": ("labels.parquet", "parquet"),
    "cvat": ("annotations.xml", "cvat"),
    "labelme": ("images/a.json", "labelme"),
    "labelstudio": ("annotations.json", "labelstudio"),
    "openimages": ("annotations/openimages-annotations-bbox.csv", "openimages"),
    "labelimg": ("images/a.txt", "yolo"),
    "labelimg classes": ("images/classes.txt", "yolo"),
}


@cache
def seeds() -> Path:
    """A folder with a whole source of every format, made once."""
    root = Path(tempfile.mkdtemp(prefix="fuzz"))
    labels = labels_of(root / "images")
    for reader, (file, _) in WRITTEN.items():
        folder = root / reader
        shutil.copytree(labels.root, folder / "images")
        images = [ImageLabels.of(folder / "images" / labels.relative(i.path), i.size_wh, i.xyxy_px, i.class_id) for i in labels.images]  # fmt: skip # noqa: E501
        WRITERS[reader.split()[0]](LabelSet(NAMES, tuple(images), folder / "images"), folder)
        assert (folder / file).is_file()
    for reader, (file, _, make) in MADE.items():
        shutil.copytree(labels.root, root / reader / "images")
        target = root / reader / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(make(root))
    return root


@pytest.fixture(scope="module", autouse=True)
def _no_seeds_left() -> Iterator[None]:
    yield
    shutil.rmtree(seeds())


def disk(folder: Path, but: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.is_relative_to(but)
    }


def check_one_line(error: FacesortError) -> None:
    """Scripts print it through `console.one_line`; a message must not be a page all the same."""
    assert str(error) and len(str(error)) < 300_000


@pytest.mark.parametrize("reader", [*WRITTEN, *MADE])
@FUZZ
@given(st.data())
def test_labels(reader: str, data: st.DataObject) -> None:
    file, form = (*WRITTEN, *MADE) and (WRITTEN.get(reader) or MADE[reader][:2])
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "deep" / "er"
        shutil.copytree(seeds() / reader, root / "source")
        target = root / "source" / file
        target.write_bytes(data.draw(damaged(target.read_bytes())))
        (root / "unpacked").mkdir()
        (root / "out").mkdir()
        before = disk(Path(temporary), root / "out")
        reading = Reading(root / "source" / "images", data.draw(st.booleans()), unpack_to=root / "unpacked")  # fmt: skip # noqa: E501
        is_file = data.draw(st.booleans()) and form not in ("voc", "yolo")
        form = data.draw(st.sampled_from([form, label_reader.AUTO]))
        try:
            labels = label_reader.read_source(target if is_file else root / "source", form, reading)
            write_yolo(labels, root / "out" / "set")
        except FacesortError as error:
            check_one_line(error)
        after = disk(Path(temporary), root / "out")
        assert {k: v for k, v in after.items() if not k.startswith("deep/er/unpacked/")} == before


@cache
def image(kind: str) -> bytes:
    out = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.from_pillow(Image.fromarray(pixels)).save(out)
    else:
        Image.fromarray(pixels).save(out, kind, **({"exif": exif} if kind != "BMP" else {}))
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "HEIF"])
@FUZZ
@given(st.data())
def test_images(kind: str, data: st.DataObject) -> None:
    content = data.draw(damaged(image(kind)))
    try:
        photo = open_photo(content, data.draw(st.none() | st.integers(1, 99)))
        assert photo.rgb.ndim == 3 and photo.rgb.dtype == np.uint8
        assert 1 <= stored_orientation(content) <= 8
    except PhotoError as error:
        assert len(str(error)) < 1000


TABLE = b"image,index,class\r\na.jpg,0,face\r\nkids/b.jpg,1,masked\r\n"


@FUZZ
@given(damaged(TABLE))
def test_tables(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        table = Path(temporary) / "table.csv"
        table.write_bytes(content)
        calls: list[Callable[[], object]] = [
            lambda: named_crops.by_box(table, "index", "class"),
            lambda: folders.read_table(table),
            lambda: folders.read_classes(table.parent),
        ]
        for call in calls:
            try:
                call()
            except FacesortError as error:
                check_one_line(error)


YAML = b"path: .\ntrain: images/train\nval: [images/val]\nnc: 2\nnames: {0: face, 1: masked}\nkpt_shape: [5, 3]\n"  # noqa: E501
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),  # noqa: E501
    max_leaves=5,
)  # fmt: skip
KEYS = st.sampled_from(["path", "train", "val", "test", "names", "nc", "kpt_shape", "download"])


@FUZZ
@given(damaged(YAML) | st.dictionaries(KEYS, VALUES, max_size=6))
def test_data_yaml(content: bytes | dict[str, Any]) -> None:
    import yaml

    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "data.yaml"
        draw(file.parent / "images" / "train" / "a.jpg", (8, 8))
        told = content if isinstance(content, bytes) else yaml.safe_dump(content).encode()
        file.write_bytes(told)
        for read in (yolo_dataset.read_layout, yolo_dataset.load, label_reader.read_config):
            try:
                read(file)
            except FacesortError as error:
                check_one_line(error)


PEOPLE = {  # a file beside a.jpg that names who is in it
    ".picasa.ini": b"[Contacts2]\r\n8e62398ebda8c1a5=Ana;;\r\n[a.jpg]\r\n"
    b"faces=rect64(3f845bcb59418507),8e62398ebda8c1a5;rect64(1),ffffffffffffffff\r\n",
    "a.jpg.json": b'{"title": "a.jpg", "people": [{"name": "Ana"}, {"name": 5}, 7]}',
    "a.jpg.xmp": side_car([Region("Ana", (6.0, 9, 20, 20))], Stored((64, 48), 1)),
}


@pytest.mark.parametrize("name", PEOPLE)
@FUZZ
@given(st.data())
def test_people_of_other_programs(name: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        photo = draw(Path(temporary) / "a.jpg", (64, 48))
        (photo.parent / name).write_bytes(data.draw(damaged(PEOPLE[name])))
        before = disk(photo.parent, photo.parent / "out")
        try:
            tags = people_tags.tags_of(photo)
            assert all(person.strip() for person in tags.people)
            assert np.isfinite([box for _, box in tags.faces]).all()
        except FacesortError as error:
            check_one_line(error)
        assert disk(photo.parent, photo.parent / "out") == before
