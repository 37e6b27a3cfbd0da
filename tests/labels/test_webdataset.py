"""Samples of shards as labels and as crops: each way to tell boxes, and each to be incomplete."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from label_samples import NAMES
from tar_samples import jpeg, shard, special

from facesort.dataset.convert.label_reader import tell_format
from facesort.errors import LabelError
from facesort.labels.image_labels import IGNORE, LabelSet
from facesort.labels.resolve import Reading
from facesort.labels.webdataset import shard_reader, shard_writer

XML = """<annotation><size><width>64</width><height>48</height></size><object><name>masked</name>
<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>11</xmax><ymax>7</ymax></bndbox></object></annotation>"""
BOX = {"bbox": [1, 2, 10, 5]}
OPEN_IMAGES = {"XMin": 1 / 64, "XMax": 11 / 64, "YMin": 2 / 48, "YMax": 7 / 48}


def read(source: Path, drop_bad: bool = False) -> LabelSet:
    folder = source.parent / "unpacked"
    folder.mkdir()
    return shard_reader.read(source, Reading(folder, drop_bad, unpack_to=folder))


def one(tmp_path: Path, suffix: str, content: Any, *, listed: bool = True) -> LabelSet:
    """One image, and what a member says of it."""
    if listed:
        (tmp_path / "classes.txt").write_text("\n".join(NAMES))
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return read(shard(tmp_path / "a.tar", {"k.jpg": jpeg(), f"k.{suffix}": data}), drop_bad=True)


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("json", {"annotations": [{**BOX, "category_id": 1}]}),
        ("json", {"objects": [{**BOX, "label": "masked"}], "width": 64, "height": 48}),
        ("json", {"boxes": [{**BOX, "class": 1}]}),
        ("json", [{**BOX, "category_name": " masked "}]),
        ("json", {"bbox": [BOX["bbox"]], "categories": [1]}),
        ("json", {"objects": {"bbox": [BOX["bbox"]], "category": ["masked"]}}),
        ("json", {"boxes": [[1, 2, 11, 7]], "labels": [1]}),
        ("json", [{**OPEN_IMAGES, "LabelName": "masked"}]),
        (
            "json",
            {
                "annotations": [{**BOX, "category_id": 9}],
                "categories": [{"id": 9, "name": "masked"}],
            },
        ),
        ("labels.json", {"annotations": [{**BOX, "category_id": 1}]}),
        ("xml", XML.encode()),
        ("TXT", b"1 0.09375 0.09375 0.15625 0.104166667\n"),
    ],
)
def test_each_way_to_tell_a_box(tmp_path: Path, suffix: str, content: Any) -> None:
    labels = one(tmp_path, suffix, content)
    assert labels.names == NAMES and labels.counts() == {"masked": 1} and not labels.left_out
    assert labels.images[0].xyxy_px[0].tolist() == pytest.approx([1, 2, 11, 7], abs=1e-6)


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("json", []),
        ("json", {"annotations": []}),
        ("json", {"bbox": [], "categories": []}),
        ("txt", b""),
        ("txt", b"\n \n"),
        ("xml", b"<annotation/>"),
    ],
)
def test_no_face(tmp_path: Path, suffix: str, content: Any) -> None:
    labels = one(tmp_path, suffix, content)
    assert len(labels.images) == 1 and not labels.counts() and not labels.left_out


@pytest.mark.parametrize(
    ("content", "listed", "name"),
    [
        (b"1", True, "masked"),
        (b" 1\n", False, "1"),
        (b"masked", True, "masked"),
        ("kür".encode(), False, "kür"),
    ],
)
def test_cls_is_the_class_of_the_whole_image(
    tmp_path: Path, content: bytes, listed: bool, name: str
) -> None:
    labels = one(tmp_path, "cls", content, listed=listed)
    assert labels.counts() == {name: 1}
    assert labels.images[0].xyxy_px.tolist() == [[0, 0, 64, 48]]


@pytest.mark.parametrize(
    ("suffix", "content", "why"),
    [
        ("json", b"", "json: is empty"),
        ("json", b"{torn", "json: not JSON"),
        ("json", b"[" * 100_000, "json: nested too deep"),
        ("json", {"url": "http://a", "caption": "a face", "width": 64}, "json: tells no boxes"),
        ("json", {"bbox": [BOX["bbox"]], "categories": []}, "tells 1 boxes and 0 classes"),
        ("json", [1, 2], "json: tells no boxes"),
        ("txt", b"a face at the sea", "txt: is no YOLO label"),
        ("txt", b"\xff\xfe", "txt: is no text in UTF-8"),
        ("xml", b"<html/>", r"xml: holds <html>; expected <annotation>"),
        ("xml", b"<!DOCTYPE x [<!ENTITY a 'b'>]><annotation/>", "has a DOCTYPE"),
        ("cls", b"", "cls: holds no class"),
        ("npy", b"1", "no json or xml or txt or cls"),
    ],
)
def test_samples_without_labels_are_told(
    tmp_path: Path, suffix: str, content: Any, why: str
) -> None:
    labels = one(tmp_path, suffix, content)
    assert not labels.images
    assert labels.notes[0] == "read: 1 shards; 1 samples, left out 1 with no labels"
    assert any("a.tar: k: no labels" in note and why in note for note in labels.notes)


@pytest.mark.parametrize(
    ("suffix", "content", "why"),
    [
        ("json", [{**BOX}], "box has no class"),
        ("json", [{**BOX, "category_id": 7}], "box has a class number that is not listed"),
        ("json", [{**BOX, "category_id": True}], "box has no class"),
        ("json", [{"category_id": 1}], "box has no box of four numbers"),
        ("json", [{"bbox": [1, 2, "3", 4], "category_id": 1}], "box has no box of four numbers"),
        ("json", [{"bbox": [1, 2, -3, 4], "label": "face"}], "box has no width or height"),
        ("json", [{"XMin": 0.1, "LabelName": "face"}], "box has no four numbers XMin"),
        ("txt", b"0 .5 .5 .1 .1\n9 .5 .5 .1 .1", "box is no YOLO label"),
        ("cls", b"9", "box has a class number that is not listed"),
        (
            "json",
            {"width": 640, "height": 480, "objects": [{**BOX, "label": "face"}]},
            "label is of another size than its image",
        ),
    ],
)
def test_bad_boxes_are_counted(tmp_path: Path, suffix: str, content: Any, why: str) -> None:
    reasons = list(one(tmp_path, suffix, content).left_out)
    assert len(reasons) == 1 and reasons[0].startswith(why)


def test_a_bad_box_is_an_error_that_names_it(tmp_path: Path) -> None:
    source = shard(tmp_path / "a.tar", {"k.jpg": jpeg(), "k.json": json.dumps([BOX]).encode()})
    with pytest.raises(LabelError, match=r"a.tar: k.json: box 0: has no class .*--drop-bad"):
        read(source)


def test_what_is_incomplete_is_counted(tmp_path: Path) -> None:
    members = {
        "good.jpg": jpeg(),
        "good.cls": b"face",
        "alone.cls": b"face",
        "mute.jpg": jpeg(),
        "two.left.jpg": jpeg(),
        "two.right.jpg": jpeg(),
        "two.cls": b"face",
        "mask.seg.png": jpeg(),
        "mask.jpg": jpeg(),
        "mask.cls": b"face",
        "torn.jpg": jpeg()[:99],
        "torn.cls": b"face",
        "good.npy": b"",
        "../away.jpg": jpeg(),
        "link": special("link.jpg", tarfile.SYMTYPE, "/etc/passwd"),
    }
    labels = read(shard(tmp_path / "a.tar", members))
    assert [image.path.name for image in labels.images] == ["good.jpg", "mask.jpg"]
    assert {path.name for path in (tmp_path / "unpacked").rglob("*.*")} == {
        "good.jpg",
        "mask.jpg",
        "torn.jpg",
    }
    assert labels.notes[0] == (
        "read: 1 shards; 6 samples, "
        "left out 1 with no image, 1 with no labels, 1 with several images"
    )
    assert labels.notes[1] == "members of no use here: 1 npy"
    assert "passed over: a.tar: ../away.jpg: has a name that leads out" in "\n".join(labels.notes)
    assert labels.left_out["sample with no image"] == 1
    assert labels.left_out["sample with several images"] == 1
    assert sum(labels.left_out.values()) == 3  # and the torn one
    assert not (tmp_path / "away.jpg").exists()


def test_members_of_a_sample_need_not_be_neighbours(tmp_path: Path) -> None:
    names = ["a", "b", "c"]
    members = {f"{n}.jpg": jpeg() for n in names} | {f"{n}.cls": n.encode() for n in names}
    labels = read(shard(tmp_path / "a.tar", members))
    assert labels.counts() == {"a": 1, "b": 1, "c": 1}


def test_equal_keys_are_different_images(tmp_path: Path) -> None:
    """In two shards of one name, and twice in one shard."""
    shard(tmp_path / "s" / "x" / "0.tar", {"k.jpg": jpeg((20, 20)), "k.cls": b"face"})
    again = shard(tmp_path / "s" / "y" / "0.tar", {"k.jpg": jpeg((30, 30)), "k.cls": b"masked"})
    with tarfile.open(again, "a") as tar, tarfile.open(tmp_path / "s" / "x" / "0.tar") as other:
        for info in other.getmembers():
            tar.addfile(info, other.extractfile(info))
    labels = read(tmp_path / "s")
    places = {labels.relative(i.path).as_posix(): i.size_wh for i in labels.images}
    assert places == {"x/0/k.jpg": (20, 20), "y/0/k.jpg": (30, 30), "y/0/k_2.jpg": (20, 20)}
    assert labels.counts() == {"face": 2, "masked": 1}


def test_names_no_disk_would_take(tmp_path: Path) -> None:
    keys = ["a.b/k", "at 10:30?/k\n", "x" * 300 + "/" + "y" * 300, "./k", "Ü\udcff", "  "]
    members = {f"{k}.{s}": c for k in keys for s, c in (("jpg", jpeg()), ("cls", b"face"))}
    labels = read(shard(tmp_path / "a.tar", members))
    assert labels.counts() == {"face": len(keys)}
    assert len({image.path for image in labels.images}) == len(keys)


@pytest.mark.parametrize(("told", "stored"), [((64, 48), True), ((48, 64), False), (None, False)])
def test_boxes_of_turned_images(tmp_path: Path, told: tuple[int, int] | None, stored: bool) -> None:
    """Orientation 6: stored 64 x 48, shown 48 x 64. The size in the json says which is meant."""
    content: dict[str, Any] = {"annotations": [{"bbox": [0, 0, 10, 5], "label": "face"}]}
    if told:
        content |= {"width": told[0], "height": told[1]}
    members = {"k.jpg": jpeg(orientation=6), "k.json": json.dumps(content).encode()}
    image = read(shard(tmp_path / "a.tar", members)).images[0]
    assert image.size_wh == (48, 64)
    assert image.xyxy_px.tolist() == [[43, 0, 48, 10] if stored else [0, 0, 10, 5]]


def test_a_damaged_and_a_missing_shard_cost_no_other(tmp_path: Path) -> None:
    for n in range(3):
        shard(tmp_path / f"d-{n}.tar", {"k.jpg": jpeg(), "k.cls": b"0", "l.jpg": jpeg()})
    data = (tmp_path / "d-1.tar").read_bytes()
    (tmp_path / "d-1.tar").write_bytes(data[: data.index(b"k.cls") + 100])
    labels = read(tmp_path / "d-{0..3}.tar")
    assert labels.counts() == {"0": 2}
    assert labels.notes[0] == (
        "read: 4 shards, 2 of them damaged or missing; 5 samples, left out 3 with no labels"
    )
    assert "after k.jpg; what follows is lost" in labels.notes[1]
    assert labels.notes[2].endswith("d-3.tar: is not there")


def test_crowds_are_of_unknown_class(tmp_path: Path) -> None:
    labels = one(tmp_path, "json", [{**BOX, "iscrowd": 1}, {**BOX, "label": "ignore"}])
    assert labels.images[0].class_id.tolist() == [IGNORE, IGNORE]
    group = [{**OPEN_IMAGES, "LabelName": "face", "IsGroupOf": 1}]
    (tmp_path / "2").mkdir()
    assert one(tmp_path / "2", "json", group).images[0].class_id.tolist() == [IGNORE]


def test_crops(tmp_path: Path) -> None:
    (tmp_path / "classnames.txt").write_text("\n".join(NAMES))
    members = {
        **{"a.jpg": jpeg(), "a.cls": b"1", "b.jpg": jpeg(), "b.txt": b"0 .5 .5 .1 .1"},
        **{"c.cls": b"1", "d.jpg": jpeg(), "d.cls": b"9"},
    }
    source = shard(tmp_path / "train" / "0.tar", members)
    crops = shard_reader.read_crops(source, tmp_path / "unpacked")
    assert [(path.name, name) for path, name in crops.crops] == [("a.jpg", "masked")]
    assert [(c.path.name, c.reason) for c in crops.refused] == [
        ("b.jpg", "no class"),
        ("0.tar: c", "no image"),
        ("d.jpg", "no class"),
    ]


def test_where_shards_are_not_read(tmp_path: Path) -> None:
    source = shard(tmp_path / "a.tar", {})
    with pytest.raises(LabelError, match="first make files of them"):
        shard_reader.read(source, Reading(tmp_path))
    with pytest.raises(LabelError, match="no shard there"):
        read(tmp_path / "b-{0..2}.tar")


def test_which_folders_are_shards(tmp_path: Path) -> None:
    shard(tmp_path / "a.tar", {})
    (tmp_path / "classes.txt").write_text("face")
    assert tell_format(tmp_path) == tell_format(tmp_path / "a.tar") == "webdataset"
    assert tell_format(tmp_path / "gone-{0..9}.tar.gz") == "webdataset"
    (tmp_path / "a.txt").write_text("0 .5 .5 .1 .1")  # a tar file beside labels may be anything
    assert tell_format(tmp_path) == "yolo"


def test_written_in_several_shards_and_the_same_again(tmp_path: Path) -> None:
    members = {f"{n}.{s}": c for n in "abc" for s, c in (("jpg", jpeg()), ("cls", b"face"))}
    labels = read(shard(tmp_path / "a.tar", members))
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    written = [shard_writer.write(labels, tmp_path / name, per_shard=2) for name in "xy"]
    assert [path.name for path in written[0]] == ["data-000000.tar", "data-000001.tar"]
    assert [p.read_bytes() for p in written[0]] == [p.read_bytes() for p in written[1]]


def test_the_package_writes_what_we_read_and_reads_what_we_write(tmp_path: Path) -> None:
    wds = pytest.importorskip("webdataset")
    with wds.ShardWriter(str(tmp_path / "d-%06d.tar"), maxcount=2, verbose=0) as sink:
        for n in range(5):
            told = {"annotations": [{"bbox": [n, 2, 10, 5], "category": "masked"}]}
            sink.write({"__key__": f"s/{n}", "jpg": jpeg(), "json": told})
    labels = read(tmp_path / "d-{000000..000002}.tar")
    assert labels.counts() == {"masked": 5} and len(labels.notes) == 2
    (tmp_path / "ours").mkdir()
    read_by_it = []
    for path in shard_writer.write(labels, tmp_path / "ours", per_shard=3):
        with path.open("rb") as stream:
            files = wds.tariterators.tar_file_expander([{"url": str(path), "stream": stream}])
            read_by_it += list(wds.tariterators.group_by_keys(files))
    contents = [json.loads(sample["json"]) for sample in read_by_it]
    assert [content["annotations"][0]["bbox"][0] for content in contents] == [0, 1, 2, 3, 4]
    assert {sample["jpg"] for sample in read_by_it} == {jpeg()}
