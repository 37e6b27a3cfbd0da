"""Names from other programs: read by what wrote them, upright, as examples and as corrections."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import import_people
import numpy as np
import pytest
from corrected_albums import sort_by_person
from needed_programs import need
from PIL import Image

from facesort.album import people_tags
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.corrections.xmp_sidecars import Region, side_car
from facesort.errors import FacesortError, LabelError, UsageError
from facesort.photos import open_photo, xmp
from facesort.photos.stored import Stored

BOX = (10.0, 40.0, 30.0, 80.0)  # upright, of 100 x 200
SHARES = (0.1, 0.2, 0.3, 0.4)


def photo(path: Path, orientation: int = 1) -> Path:
    """100 x 200 upright, white in `BOX`."""
    rgb = np.zeros((200, 100, 3), np.uint8)
    rgb[40:80, 10:30] = 255
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = Image.fromarray(rgb)
    image = image.transpose(back[orientation]) if orientation > 1 else image
    exif = Image.Exif()
    exif[0x0112] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, exif=exif, quality=95, subsampling=0)
    return path


def stored_shares(path: Path) -> tuple[float, float, float, float]:
    """Where the white part lies in the file's own pixels."""
    with Image.open(path) as image:
        bright = np.asarray(image.convert("L")) > 128
    ys, xs = np.nonzero(bright)
    h, w = bright.shape
    return xs.min() / w, ys.min() / h, (xs.max() + 1) / w, (ys.max() + 1) / h


def exiftool(path: Path, *args: str) -> None:
    need("exiftool")
    command = ["exiftool", "-q", "-overwrite_original", *args, str(path)]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["MWG", "Microsoft", "Picasa", "side-car", "stem"])
def test_regions_are_of_the_upright_photo(kind: str, orientation: int, tmp_path: Path) -> None:
    path = photo(tmp_path / "a.jpg", orientation)
    x1, y1, x2, y2 = stored_shares(path)
    if kind == "MWG":
        area = f"X={(x1 + x2) / 2},Y={(y1 + y2) / 2},W={x2 - x1},H={y2 - y1},Unit=normalized"
        exiftool(path, f"-RegionInfo={{RegionList=[{{Area={{{area}}},Name=Ana,Type=Face}}]}}")
    elif kind == "Microsoft":
        rectangle = f"{x1}|, {y1}|, {x2 - x1}|, {y2 - y1}"
        region = f"{{PersonDisplayName=Ana,Rectangle={rectangle}}}"
        exiftool(path, f"-RegionInfoMP={{Regions=[{region}]}}")
    elif kind == "Picasa":
        rect = "".join(f"{round(share * 65535):04x}" for share in (x1, y1, x2, y2)).lstrip("0")
        (tmp_path / ".picasa.ini").write_text(
            f"[Picasa]\nname=x\n[Contacts2]\n8e62=Ana;;\n[a.jpg]\nbackuphash=1\n"
            f"faces=rect64({rect}),8e62;rect64({rect}),ffffffffffffffff\n"
        )
    else:
        size = (100, 200) if orientation < 5 else (200, 100)
        name = "a.jpg.xmp" if kind == "side-car" else "a.xmp"
        (tmp_path / name).write_bytes(side_car([Region("Ana", BOX)], Stored(size, orientation)))
    people_tags._picasa.cache_clear()
    ((name, box),) = people_tags.tags_of(path).faces
    assert name == "Ana" and box == pytest.approx(BOX, abs=1.5)


DIGIKAM = """<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"
xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"
xmlns:MP="http://ns.microsoft.com/photo/1.2/"
xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#"
xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#">
<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:AppliedToDimensions stDim:w="{w}" stDim:h="200"
stDim:unit="pixel"/><mwg-rs:RegionList><rdf:Bag><rdf:li><rdf:Description mwg-rs:Name="Ana"
mwg-rs:Type="Face"><mwg-rs:Area stArea:x="0.2" stArea:y="0.3" stArea:w="0.2" stArea:h="0.2"
stArea:unit="normalized"/></rdf:Description></rdf:li><rdf:li rdf:parseType="Resource">
<mwg-rs:Name>Rex</mwg-rs:Name><mwg-rs:Type>Pet</mwg-rs:Type><mwg-rs:Area rdf:parseType="Resource">
<stArea:x>0.5</stArea:x><stArea:y>0.5</stArea:y><stArea:w>0.2</stArea:w><stArea:h>0.2</stArea:h>
</mwg-rs:Area></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>
<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag><rdf:li><rdf:Description
MPReg:PersonDisplayName="Ana" MPReg:Rectangle="0.1, 0.2, 0.2, 0.2"/></rdf:li></rdf:Bag>
</MPRI:Regions></MP:RegionInfo></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def test_what_digikam_writes_twice_is_one_face_and_a_pet_is_none(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.jpg")
    (tmp_path / "a.jpg.xmp").write_text(DIGIKAM.format(w=100))
    ((name, box),) = people_tags.tags_of(path).faces
    assert name == "Ana" and box == pytest.approx(BOX)


def test_a_region_of_a_photo_that_was_cut_since_is_not_used(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.jpg")
    (tmp_path / "a.jpg.xmp").write_text(DIGIKAM.format(w=150).replace("Rectangle", "None"))
    tagged = people_tags.tags_of(path)
    assert not tagged.faces and "made for 150 x 200" in tagged.problems[0]


@pytest.mark.parametrize("text", ["", "no", "<a", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
def test_a_side_car_that_is_none_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.xmp").write_text(text)
    with pytest.raises(LabelError, match=r"^a\.xmp: not an XML file"):
        xmp.read_sidecar(tmp_path / "a.xmp")


@pytest.mark.parametrize(
    ("json_name", "photo_name"),
    [
        ("a.jpg.json", "a.jpg"),
        ("a.jpg.supplemental-metadata.json", "a.jpg"),
        ("a.jpg.supplemental-me.json", "a.jpg"),
        ("a.jpg(1).json", "a(1).jpg"),
        ("a.jpg.supplemental-metadata(1).json", "a(1).jpg"),
        ("b.jpg.json", ""),
    ],
)
def test_takeout_names(json_name: str, photo_name: str, tmp_path: Path) -> None:
    for name in ("a.jpg", "a(1).jpg"):
        (tmp_path / name).write_bytes(b"")
    people = {"people": [{"name": "Ana"}, {"name": " "}, 3]}
    (tmp_path / json_name).write_text(json.dumps(people))
    (tmp_path / "other.json").write_text("[]")
    found = people_tags._takeout(tmp_path)
    assert found == ({photo_name: ("Ana",)} if photo_name else {})


def run(*args: object) -> int:
    return import_people.main([str(arg) for arg in args])


def test_examples(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The face is in the crop, the other one painted over; what is there stays."""
    src, out = tmp_path / "in", tmp_path / "examples"
    photo(src / "x/a.jpg", 6)
    regions = [Region("Ana", BOX), Region("Zoë", (60.0, 40.0, 80.0, 80.0))]
    (src / "x/a.jpg.xmp").write_bytes(side_car(regions, Stored((200, 100), 6)))
    photo(src / "one.jpg")
    (src / "one.jpg.json").write_text('{"people": [{"name": "Ben"}]}')
    photo(src / "two.jpg")
    (src / "two.jpg.json").write_text('{"people": [{"name": "Ben"}]}')
    found = iter([[BOX], [BOX, BOX]])
    monkeypatch.setattr(import_people, "finder", lambda: lambda rgb: np.array(next(found)))
    before = {path: path.read_bytes() for path in src.rglob("*.*")}
    assert run(src, "--out", out) == 1
    text = capsys.readouterr().out
    assert "examples written: 3" in text and "two.jpg: 2 faces, one name: Ben" in text
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*.jpg")) == [
        *("Ana/x_a_0.jpg", "Ben/one_0.jpg", "Zoë/x_a_1.jpg"),
    ]
    crop = open_photo(out / "Ana/x_a_0.jpg").rgb
    assert crop.shape == (80, 40, 3) and crop[20:60, 10:30].min() > 200
    assert before == {path: path.read_bytes() for path in src.rglob("*.*")}
    found = iter([[BOX], [BOX, BOX]])
    run(src, "--out", out)
    assert "examples that were there already: 3" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "[]", '{"people": 5}', '{"people": [5, {"name": 5}]}'])
def test_takeout_without_a_name(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg.json").write_text(text)
    assert people_tags.tags_of(photo(tmp_path / "a.jpg")).people == ()


def test_photos_without_names(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg")
    with pytest.raises(FacesortError, match="1 photos, no named face"):
        run(tmp_path, "--out", tmp_path / "out")
    with pytest.raises(UsageError):
        run(tmp_path)


def test_names_as_corrections(album, sort, tmp_path: Path, capsys) -> None:
    album.add("a.jpg", "masked")
    for name in ("aa.jpg", "ab.jpg", "ac.jpg"):
        album.add(name, "masked_sunglasses")
    album.add("ae.jpg", "face", "sunglasses")
    dst = sort_by_person(tmp_path)
    views = faces_of(dst, "ae.jpg")
    size = open_photo(tmp_path / "album/ae.jpg").size_wh
    regions = [Region("Mia", views[0].xyxy_px), Region("Tom", (0.0, 0.0, 3.0, 3.0))]
    (tmp_path / "album/ae.jpg.xmp").write_bytes(side_car(regions, Stored(size, 1)))
    album.note()
    assert run(tmp_path / "album", "--sorted", dst) == 0
    text = capsys.readouterr().out
    assert "faces put where their name says: 1" in text
    assert "named faces that were not found in the sorted album: 1" in text
    after = faces_of(dst, "ae.jpg")
    assert (after[0].folder, after[0].confirmed) == ("Mia", True)
    assert after[1].folder == views[1].folder
    run(tmp_path / "album", "--sorted", dst)
    assert "faces decided about before, as they were: 1" in capsys.readouterr().out


def faces_of(dst: Path, relative: str) -> list:
    album = SortedAlbum(dst)
    entry = album.state.entries[relative]
    return [album.table.view(row, entry) for row in album.table.rows_of_photo[relative]]


def test_exiv2_reads_what_was_read(tmp_path: Path) -> None:
    """The side-car of the stem is the same file as the other; exiv2 agrees with our reader."""
    need("exiv2")
    path = photo(tmp_path / "a.jpg")
    (tmp_path / "a.xmp").write_bytes(side_car([Region("Ana", BOX)], Stored((100, 200), 1)))
    done = subprocess.run(
        ["exiv2", "-PXkv", str(tmp_path / "a.xmp")], check=True, capture_output=True, text=True
    )
    (line,) = (line for line in done.stdout.splitlines() if "RegionList[1]/mwg-rs:Name" in line)
    assert line.split()[-1] == people_tags.tags_of(path).faces[0][0] == "Ana"
