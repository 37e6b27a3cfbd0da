"""Side-cars: where they lie, what they say, and that nobody else's is touched."""

from __future__ import annotations

import io
import json
import shlex
import shutil
import sqlite3
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import learn_corrections
import numpy as np
import pytest
from conftest import Album, Sort, disk_as_dict
from corrected_albums import crops, drag, sort_by_person, taught
from hypothesis import given
from hypothesis import strategies as st
from needed_programs import need
from PIL import Image

from facesort.album.corrections.xmp_sidecars import NAMESPACES, Region, side_car
from facesort.errors import UsageError
from facesort.photos import open_photo
from facesort.photos.stored import Stored, read_stored, to_stored

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), min_size=1)


def read(data: bytes) -> tuple[dict[str, list[str]], list[tuple[str, np.ndarray]], list[int]]:
    """Keywords by property; name and centre and size of each region; the stored size."""
    root = ET.fromstring(data)

    def of(element: ET.Element, key: str) -> str:
        prefix, name = key.split(":")
        return element.attrib[f"{{{NAMESPACES[prefix]}}}{name}"]

    keywords = {
        key: [item.text or "" for item in root.findall(f".//{key}/*/rdf:li", NAMESPACES)]
        for key in ("dc:subject", "lr:hierarchicalSubject", "digiKam:TagsList")
    }
    info = root.find("rdf:RDF/rdf:Description/mwg-rs:Regions", NAMESPACES)
    assert info is not None
    faces = info.findall("mwg-rs:RegionList/rdf:Bag/rdf:li/rdf:Description", NAMESPACES)
    regions = [
        (of(one, "mwg-rs:Name"), np.array([float(of(one[0], f"stArea:{key}")) for key in "xywh"]))
        for one in faces
    ]
    size = info.find("mwg-rs:AppliedToDimensions", NAMESPACES)
    assert size is not None
    return keywords, regions, [int(of(size, f"stDim:{key}")) for key in "wh"]


CENTRES = [(0.2, 0.3), (0.8, 0.3), (0.8, 0.7), (0.2, 0.7)]
CENTRES += [(0.3, 0.2), (0.3, 0.8), (0.7, 0.8), (0.7, 0.2)]


@pytest.mark.parametrize(("orientation", "centre"), [*enumerate(CENTRES, start=1)])
def test_regions_speak_of_the_stored_image(orientation: int, centre: tuple) -> None:
    """By pixels: what the opener shows upright lies in the file where the region says."""
    stored_wh = (100, 200) if orientation < 5 else (200, 100)
    stored = Stored(stored_wh, orientation)
    data = side_car([Region("Ana", (10.0, 40.0, 30.0, 80.0))], stored)
    _, ((name, area),), size = read(data)
    assert (name, tuple(size)) == ("Ana", stored_wh)
    assert area == pytest.approx([*centre, *((0.2, 0.2))], abs=1e-6)
    rgb = np.zeros((stored_wh[1], stored_wh[0], 3), np.uint8)
    x, y, w, h = area * [*stored_wh, *stored_wh]
    rgb[round(y - h / 2) : round(y + h / 2), round(x - w / 2) : round(x + w / 2)] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "PNG", exif=exif)
    upright = open_photo(out.getvalue()).rgb
    assert upright[40:80, 10:30].min() == 255 and upright.sum() == 255 * 3 * 40 * 20


@given(
    st.lists(st.tuples(NAMES, st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=5),
    st.integers(1, 8),
)
def test_names_and_places_come_back(faces: list, orientation: int) -> None:
    regions = [Region(name, (x, y, x + 20, y + 30)) for name, x, y in faces]
    keywords, found, _ = read(side_car(regions, Stored((100, 80), orientation)))
    names = sorted({name for name, _, _ in faces})
    assert keywords["dc:subject"] == names
    assert keywords["lr:hierarchicalSubject"] == [f"People|{name}" for name in names]
    assert keywords["digiKam:TagsList"] == [f"People/{name}" for name in names]
    assert [name for name, _ in found] == [region.name for region in regions]
    assert all(0 <= share <= 1 for _, area in found for share in area)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WebP"])
def test_how_a_photo_is_stored(kind: str, orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a"
    Image.new("RGB", (40, 30)).save(path, kind, exif=exif)
    stored = read_stored(path)
    assert (stored.size_wh, stored.orientation) == ((40, 30), orientation)
    assert stored.upright_wh == open_photo(path).size_wh
    box = np.array([[1.0, 2.0, 3.0, 5.0]])
    assert to_stored(box, stored).min() >= 0


@pytest.fixture
def dst(album: Album, sort: Sort, tmp_path: Path) -> Path:
    album.add("a.jpg", "masked")
    for unknown in ("aa.jpg", "ab.jpg", "ac.jpg"):  # so that a and ae are not of one burst
        album.add(unknown, "masked_sunglasses")
    album.add("ae.jpg", "face", "sunglasses")
    return sort_by_person(tmp_path)


def xmp(dst: Path, code: int = 0) -> None:
    assert learn_corrections.main([str(dst), "--xmp"]) == code


def side_cars(dst: Path) -> dict[str, list[str]]:
    """Path: the names in it."""
    return {
        path.removeprefix("photos/"): [name for name, _ in read(data)[1]]
        for path, data in disk_as_dict(dst).items()
        if path.endswith(".xmp")
    }


def test_side_cars_lie_beside_the_links_and_follow_them(
    dst: Path, sort: Sort, album: Album, capsys: pytest.CaptureFixture[str]
) -> None:
    xmp(dst)
    assert side_cars(dst) == {
        "Ben/a.jpg.xmp": ["Ben"],
        "Ana/ae.jpg.xmp": ["Ana", "Eva"],
        "Eva/ae.jpg.xmp": ["Ana", "Eva"],
    }
    before = disk_as_dict(dst)
    xmp(dst)
    assert disk_as_dict(dst) == before
    drag(next(crop for crop in crops(dst, "Ben") if "_a_" in crop.name), "Ana")
    assert "unclear" not in taught(dst, apply=True)
    assert set(side_cars(dst)) == {"Ana/ae.jpg.xmp", "Eva/ae.jpg.xmp"}
    xmp(dst)
    assert side_cars(dst)["Ana/a.jpg.xmp"] == ["Ana"]
    assert "left alone" not in sort("--undo", "--dst", "sorted").out
    assert list(disk_as_dict(dst)) == ["corrections.jsonl"]


def test_a_side_car_that_is_not_ours_stays(
    dst: Path, sort: Sort, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = dst / "photos/Ben/a.jpg.xmp"
    theirs.write_bytes(b"digiKam's")
    xmp(dst, code=1)
    assert "photos/Ben/a.jpg.xmp: there is one already that is not ours" in capsys.readouterr().out
    ours = dst / "photos/Eva/ae.jpg.xmp"
    ours.write_bytes(ours.read_bytes() + b"<!-- stars: 5 -->")
    drag(crops(dst, "Eva")[0], "Ben")
    taught(dst, apply=True)
    xmp(dst, code=1)
    assert theirs.read_bytes() == b"digiKam's" and ours.read_bytes().endswith(b"5 -->")
    assert "left alone: photos/Ben/a.jpg.xmp" in sort("--undo", "--dst", "sorted").out
    assert theirs.read_bytes() == b"digiKam's" and ours.exists()


def test_lightrooms_names_on_request(
    dst: Path, sort: Sort, album: Album, capsys: pytest.CaptureFixture[str]
) -> None:
    """They hold the same, follow the photos as the others do, and go where they are not asked for;
    one that two photos would share is not written."""
    photo = dst / "photos/Ana/ae.jpg"
    assert learn_corrections.main([str(dst), "--xmp", "--xmp-stem"]) == 0
    stem, long = photo.with_suffix(".xmp"), photo.with_name("ae.jpg.xmp")
    assert stem.read_bytes() == long.read_bytes()
    assert set(side_cars(dst)) == {
        *("Ben/a.jpg.xmp", "Ben/a.xmp", "Ana/ae.jpg.xmp", "Ana/ae.xmp"),
        *("Eva/ae.jpg.xmp", "Eva/ae.xmp"),
    }
    drag(next(crop for crop in crops(dst, "Ben") if "_a_" in crop.name), "Ana")
    assert "unclear" not in taught(dst, apply=True)
    assert {name for name in side_cars(dst) if name.startswith("Ben")} == set()
    xmp(dst)
    assert not stem.exists() and long.exists()
    assert "left alone" not in sort("--undo", "--dst", "sorted").out


def test_by_class_there_are_no_names(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face")
    sort("--src", "album")
    with pytest.raises(UsageError, match="is sorted by class"):
        xmp(tmp_path / "sorted")


def test_exiftool_reads_them(tmp_path: Path) -> None:
    need("exiftool")
    path = tmp_path / "a.jpg.xmp"
    regions = [Region("Ana", (10.0, 40.0, 30.0, 80.0)), Region("Zoë", (50.0, 40.0, 70.0, 80.0))]
    path.write_bytes(side_car(regions, Stored((200, 100), 6)))
    command = ["exiftool", "-json", "-struct", "-validate", "-warning", "-xmp:all", str(path)]
    (found,) = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert "Warning" not in found and found["Subject"] == ["Ana", "Zoë"]
    info = found["RegionInfo"]
    assert info["AppliedToDimensions"] == {"W": 200, "H": 100, "Unit": "pixel"}
    first = info["RegionList"][0]
    assert (first["Name"], first["Type"]) == ("Ana", "Face")
    assert first["Area"] == {"X": 0.3, "Y": 0.8, "W": 0.2, "H": 0.2, "Unit": "normalized"}


def photo_with_side_car(folder: Path) -> Path:
    """``a.jpg`` as stored, and ``a.jpg.xmp`` with two names beside it."""
    photo = folder / "a.jpg"
    Image.new("RGB", (200, 100), (90, 90, 90)).save(photo)
    regions = [Region("Ana", (10.0, 40.0, 30.0, 80.0)), Region("Zoë", (50.0, 40.0, 70.0, 80.0))]
    photo.with_name("a.jpg.xmp").write_bytes(side_car(regions, Stored((200, 100), 1)))
    return photo


def test_readmes_command_puts_the_names_into_the_photo(tmp_path: Path) -> None:
    """For Lightroom, which reads no side-car of a JPEG; the command is that of docs/sorting.md."""
    need("exiftool")
    photo_with_side_car(tmp_path)
    page = (Path(__file__).parents[2] / "docs/sorting.md").read_text(encoding="utf-8")
    (line,) = (line for line in page.splitlines() if line.startswith("exiftool "))
    *options, _ = shlex.split(line)
    subprocess.run([*options, "a.jpg"], cwd=tmp_path, check=True, capture_output=True)
    command = ["exiftool", "-json", "-struct", "-xmp:all", "a.jpg"]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (found,) = json.loads(done.stdout)
    assert found["Subject"] == ["Ana", "Zoë"]
    assert [one["Name"] for one in found["RegionInfo"]["RegionList"]] == ["Ana", "Zoë"]


def test_exiv2_reads_them(tmp_path: Path) -> None:
    """The library that digiKam, darktable and others read metadata with."""
    need("exiv2")
    photo = photo_with_side_car(tmp_path)
    command = ["exiv2", "-PXkv", f"{photo}.xmp"]
    done = subprocess.run(command, check=True, capture_output=True)
    assert not done.stderr, done.stderr
    pairs = (line.partition(" ") for line in done.stdout.decode().splitlines())
    found = {key: value.strip() for key, _, value in pairs}
    assert found["Xmp.dc.subject"] == "Ana, Zoë"
    assert found["Xmp.digiKam.TagsList"] == "People/Ana, People/Zoë"
    region = "Xmp.mwg-rs.Regions/mwg-rs:RegionList[2]/mwg-rs"
    assert (found[f"{region}:Name"], found[f"{region}:Type"]) == ("Zoë", "Face")
    area = [float(found[f"{region}:Area/stArea:{key}"]) for key in "xywh"]
    assert area == pytest.approx([0.3, 0.6, 0.1, 0.4])


@pytest.mark.skipif(shutil.which("darktable-cli") is None, reason="no darktable here")
def test_darktable_finds_them_beside_the_photo(tmp_path: Path) -> None:
    """It takes the names as tags; of face regions it knows nothing."""
    photo_with_side_car(tmp_path)
    core = "--core --configdir config --library library.db --conf write_sidecar_files=never"
    command = ["darktable-cli", "a.jpg", "out.jpg", *core.split()]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    tags = sqlite3.connect(tmp_path / "config" / "data.db")
    names = {name for (name,) in tags.execute("SELECT name FROM tags")}
    tags.close()
    assert {"People|Ana", "People|Zoë"} <= names
