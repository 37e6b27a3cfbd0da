"""The everyday: sort, sort again, add photos, change photos, look before, carry out a plan."""

from __future__ import annotations

import csv
import io
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from conftest import Album, Sort, disk_as_dict, disk_times, files, jpeg
from PIL import Image

from facesort.csv_files import read_rows


def test_a_first_sort(full_album: Album, sort: Sort, tmp_path: Path) -> None:
    result = sort("--src", "album", "--dst", "sorted")
    assert (result.code, result.err) == (1, "")  # one photo is empty
    assert "empty.jpg: is empty (0 bytes)" in result.out
    assert files(tmp_path / "sorted") == [
        "faces/_unsure/300_doubt_0.jpg",
        "faces/face/800_A_0.jpg",
        "faces/face/800_a_0 (2).jpg",
        "faces/masked/800_A_1.jpg",
        "faces/masked/800_a_0.jpg",
        "faces/masked_sunglasses/800_A_2.jpg",
        "faces/sunglasses/800_s_0.jpg",
        "manifest.csv",
        "photos/_no_face/wall.jpg",
        "photos/_unreadable/empty.jpg",
        "photos/_unsure/doubt.jpg",
        "photos/face/A.JPG",
        "photos/face/a (2).jpg",
        "photos/masked/A.JPG",
        "photos/masked/a (2).jpg",
        "photos/masked_sunglasses/A.JPG",
        "photos/sunglasses/s.jpg",
    ]
    assert (tmp_path / "sorted/faces/_not_a_face").is_dir()
    assert (tmp_path / "sorted/photos/masked/a (2).jpg").samefile(full_album.root / "2024/a.jpg")
    assert (tmp_path / "sorted/photos/face/a (2).jpg").samefile(full_album.root / "a.jpg")


def test_crops_show_the_face_with_a_margin(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "masked")  # 20 x 30 pixels at (4, 20), so cut at the left border
    sort("--src", "album")
    with Image.open(tmp_path / "sorted/faces/masked/800_a_0.jpg") as crop:
        assert crop.size == pytest.approx((27, 39), abs=3)


def test_turned_photos_give_upright_boxes_and_crops(
    album: Album, sort: Sort, tmp_path: Path
) -> None:
    stored = Image.open(io.BytesIO(jpeg("face", kind="PNG"))).transpose(Image.Transpose.ROTATE_90)
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6  # show turned by 90 degrees clockwise
    stored.save(out, "JPEG", quality=95, exif=exif)
    album.write("turned.jpg", out.getvalue())
    sort("--src", "album")
    (row,) = pd.read_csv(tmp_path / "sorted/manifest.csv").itertuples()
    assert (row.x1, row.y1, row.x2, row.y2) == pytest.approx((4, 20, 24, 50), abs=2)


def test_the_second_time_nothing_happens(full_album: Album, sort: Sort, tmp_path: Path) -> None:
    first = sort("--src", "album")
    before = disk_times(tmp_path)
    second = sort("--src", "album")
    assert disk_times(tmp_path) == before
    assert "nothing new" in second.out
    assert second.code == first.code
    assert second.out.splitlines()[2:] == first.out.splitlines()[2:]  # the same closing table


def test_only_what_is_new_is_looked_at(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face")
    sort("--src", "album")
    before = disk_times(tmp_path / "sorted/photos/face")
    album.add("b/a.jpg", "masked", "face")
    result = sort("--src", "album")
    assert "plan: 1 photo to 2 places (2 linked, 0 copied), 2 face crops" in result.out
    after = disk_times(tmp_path / "sorted/photos/face")
    assert before.items() < after.items()
    assert "photos/face/a (2).jpg" in files(tmp_path / "sorted")
    manifest = pd.read_csv(tmp_path / "sorted/manifest.csv")
    assert list(manifest.photo) == ["a.jpg", "b/a.jpg", "b/a.jpg"]


def test_hand_work_survives_the_next_run(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face")
    sort("--src", "album")
    faces = tmp_path / "sorted/faces"
    (faces / "face/800_a_0.jpg").rename(faces / "_not_a_face/800_a_0.jpg")
    (tmp_path / "sorted/photos/face/a.jpg").unlink()
    (tmp_path / "sorted/photos/face/b.jpg").write_text("the person's own")
    album.add("x/a.jpg", "face")
    album.add("x/b.jpg", "face")
    sort("--src", "album")
    assert [path for path in files(tmp_path / "sorted") if path != "manifest.csv"] == [
        "faces/_not_a_face/800_a_0.jpg",
        "faces/face/800_a_0 (2).jpg",
        "faces/face/800_b_0.jpg",
        "photos/face/a (2).jpg",
        "photos/face/b (2).jpg",
        "photos/face/b.jpg",
    ]


def test_a_photo_named_as_a_formula_is_text_in_the_manifest(
    album: Album, sort: Sort, tmp_path: Path
) -> None:
    names = ["=1+1.jpg", "-2.jpg", "plain.jpg"]
    for name in names:
        album.add(name, "face")
    sort("--src", "album")
    with (tmp_path / "sorted/manifest.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
        assert {"'=1+1.jpg", "'-2.jpg", "plain.jpg"} < set(cells)
        assert not [cell for cell in cells if cell[:1] in tuple("=+-@")]
        file.seek(0)
        assert sorted(row["photo"] for row in read_rows(file)[1]) == sorted(names)


def test_an_edited_manifest_is_set_aside(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face")
    sort("--src", "album")
    (tmp_path / "sorted/manifest.csv").write_text("mine")
    album.add("b.jpg", "face")
    out = sort("--src", "album").out
    assert "is not as it was written here (you edited it, or the journal lost lines)" in out
    assert "that version is now manifest (2).csv" in out
    assert (tmp_path / "sorted/manifest (2).csv").read_text() == "mine"
    assert len(pd.read_csv(tmp_path / "sorted/manifest.csv")) == 2


def test_a_changed_photo_is_filed_anew(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face")
    sort("--src", "album", "--link", "copy")
    album.add("a.jpg", "masked")
    result = sort("--src", "album", "--link", "copy")
    assert "1 photo changed and will be filed anew; old files stay" in result.out
    assert {"photos/face/a.jpg", "photos/masked/a.jpg"} < set(files(tmp_path / "sorted"))
    assert list(pd.read_csv(tmp_path / "sorted/manifest.csv")["class"]) == ["masked"]


def test_a_touched_photo_is_not_filed_again(album: Album, sort: Sort, tmp_path: Path) -> None:
    path = album.add("a.jpg", "face")
    sort("--src", "album")
    before = disk_as_dict(tmp_path / "sorted")
    os.utime(path, ns=(1, 1))
    album.note()
    assert "nothing new" in sort("--src", "album").out
    assert disk_as_dict(tmp_path / "sorted") == before


def test_a_moved_album_is_the_same_album(full_album: Album, sort: Sort, tmp_path: Path) -> None:
    sort("--src", "album")
    before = disk_as_dict(tmp_path / "sorted")
    full_album.root = full_album.root.rename(tmp_path / "moved")
    full_album.note()
    assert "nothing new" in sort("--src", "moved").out
    assert disk_as_dict(tmp_path / "sorted") == before
    assert "left alone" not in sort("--undo", "--dst", "sorted").out


@pytest.mark.parametrize("link", ["sym", "copy"])
def test_other_links(link: str, full_album: Album, sort: Sort, tmp_path: Path) -> None:
    sort("--src", "album", "--dst", "hard")
    sort("--src", "album", "--dst", "other", "--link", link)
    assert disk_as_dict(tmp_path / "hard") == disk_as_dict(tmp_path / "other")
    photo = tmp_path / "other/photos/sunglasses/s.jpg"
    assert photo.is_symlink() == (link == "sym")
    assert photo.lstat().st_nlink == 1
    original = full_album.root / "2024/beach/s.jpg"
    assert photo.stat().st_mtime_ns == original.stat().st_mtime_ns


def test_a_dry_run_saves_a_plan_and_nothing_else(
    full_album: Album, sort: Sort, tmp_path: Path
) -> None:
    result = sort("--src", "album", "--dry-run")
    assert "a.jpg -> photos/face/a (2).jpg, faces/face/800_a_0 (2).jpg" in result.out
    assert [path.name for path in (tmp_path / "sorted").iterdir()] == ["plan.json"]


def test_a_saved_plan_does_what_a_plain_run_does(
    full_album: Album, sort: Sort, tmp_path: Path
) -> None:
    sort("--src", "album", "--dst", "plain")
    sort("--src", "album", "--dst", "planned", "--dry-run")
    result = sort("--plan", "planned/plan.json")
    assert result.code == 1
    assert disk_as_dict(tmp_path / "plain") == disk_as_dict(tmp_path / "planned")
    assert "nothing new" in sort("--plan", "planned/plan.json").out
    assert "nothing new" in sort("--src", "album", "--dst", "planned").out


def _change(album: Album) -> None:
    photo = album.root / "a.jpg"
    times = photo.stat()
    data = bytearray(photo.read_bytes())
    data[-20] ^= 1  # same size, same time, other content
    photo.write_bytes(data)
    os.utime(photo, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (_change, "error: a.jpg: changed since the plan was made"),
        (lambda album: album.add("new.jpg"), "error: new.jpg: was added since the plan was made"),
        (lambda album: (album.root / "wall.jpg").unlink(), "error: wall.jpg: is gone since"),
    ],
)
def test_a_plan_for_another_album_is_refused(
    change, line: str, full_album: Album, sort: Sort, tmp_path: Path
) -> None:
    sort("--src", "album", "--dry-run")
    change(full_album)
    full_album.note()
    result = sort("--plan", "sorted/plan.json")
    assert result.code == 1
    assert result.error_line.startswith(line)
    assert not disk_as_dict(tmp_path / "sorted")


def test_a_plan_is_refused_if_its_names_were_taken(
    album: Album, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    sort("--src", "album", "--dry-run")
    (tmp_path / "sorted/photos/face").mkdir(parents=True)
    (tmp_path / "sorted/photos/face/a.jpg").write_text("the person's own")
    assert "photos/face/a.jpg: is in the destination" in sort("--plan", "sorted/plan.json").err


def test_links_in_the_album(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("real/a.jpg", "face")
    (album.root / "real/loop").symlink_to(album.root)
    (album.root / "a link.jpg").symlink_to(album.root / "real/a.jpg")
    (album.root / "broken.jpg").symlink_to(tmp_path / "nowhere.jpg")
    album.note()
    result = sort("--src", "album")
    line = "album: 2 photos, 1 other file passed over (1 .jpg): broken.jpg"
    assert result.out.splitlines()[0] == line
    for name in ("a.jpg", "a link.jpg"):
        assert (tmp_path / "sorted/photos/face" / name).samefile(album.root / "real/a.jpg")
        assert not (tmp_path / "sorted/photos/face" / name).is_symlink()


def test_a_link_out_of_the_album_is_named_and_left_alone(
    album: Album, sort: Sort, tmp_path: Path
) -> None:
    """What is no photo was hard-linked into _unreadable: a second name for somebody's file."""
    album.add("a.jpg", "face")
    (tmp_path / "secret").write_text("of another program")
    (album.root / "x.jpg").symlink_to(tmp_path / "secret")
    album.note()
    result = sort("--src", "album")
    assert result.code == 1
    assert "x.jpg: is a link that leads out of the album" in result.out
    assert (tmp_path / "secret").stat().st_nlink == 1
    assert not (tmp_path / "sorted/photos/_unreadable").exists()
    assert (tmp_path / "sorted/photos/face/a.jpg").is_file()


def test_system_files_are_passed_over(album: Album, sort: Sort) -> None:
    album.add("a.jpg", "face")
    for name in ("Thumbs.db", ".DS_Store", "._a.jpg", ".hidden/b.jpg", "notes.txt"):
        album.write(name, b"x")
    result = sort("--src", "album")
    assert result.code == 0
    line = "album: 1 photo, 1 other file passed over (1 .txt): notes.txt"
    assert result.out.splitlines()[0] == line


def test_key_value_arguments(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face")
    assert sort("src=album", "dst=there", "link=copy", "dry_run=True").code == 0
    assert (tmp_path / "there/plan.json").exists()


def test_a_deleted_destination_is_made_anew(full_album: Album, sort: Sort, tmp_path: Path) -> None:
    sort("--src", "album")
    before = disk_as_dict(tmp_path / "sorted")
    shutil.rmtree(tmp_path / "sorted")
    sort("--src", "album")
    assert disk_as_dict(tmp_path / "sorted") == before


def test_a_plan_json_of_the_persons_own_is_left_alone(
    album: Album, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    (tmp_path / "sorted").mkdir()
    (tmp_path / "sorted/plan.json").write_text("mine")
    assert sort("--src", "album").code == 0
    assert sort("--undo", "--dst", "sorted").code == 0
    assert [path.name for path in (tmp_path / "sorted").iterdir()] == ["plan.json"]


def test_a_file_that_appears_at_the_last_moment_is_not_overwritten(
    album: Album, sort: Sort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facesort.album import executor

    album.add("a.jpg", "face")
    own = tmp_path / "sorted/photos/face/a.jpg"
    make_folders = executor._make_folders

    def make_folders_and_more(*args) -> None:
        make_folders(*args)
        own.write_text("the person's own")

    monkeypatch.setattr(executor, "_make_folders", make_folders_and_more)
    result = sort("--src", "album")
    assert result.code == 1
    assert "a.jpg: photos/face/a.jpg appeared in the destination meanwhile" in result.out
    monkeypatch.undo()
    assert sort("--src", tmp_path / "album", "--dst", tmp_path / "sorted").code == 0
    assert own.read_text() == "the person's own"
    assert (tmp_path / "sorted/photos/face/a (2).jpg").samefile(album.root / "a.jpg")
    assert len(list((tmp_path / "sorted/faces/face").iterdir())) == 1
