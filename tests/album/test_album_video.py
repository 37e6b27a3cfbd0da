"""Videos in an album: sorted like photos, by what a few of their frames show."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import fake_sort
import learn_corrections
import numpy as np
import pandas as pd
import pytest
from conftest import Album, Sort, disk_as_dict, files
from numpy.typing import NDArray
from test_album_by_person import ARGV, give

from facesort.album.records import Face
from facesort.album.scanning.video_scan import choose, follow
from facesort.album.user_labels import UserLabel, UserLabels

FPS = 10
Film = Callable[..., Path]


def frame(name: str, x: int = 8, confidence: float = 0.8) -> NDArray[np.uint8]:
    """In which the fake detector finds that face, or none."""
    rgb = np.full((96, 128, 3), round(confidence * 255), np.uint8)
    if name:
        rgb[16:64, x : x + 32] = fake_sort.COLOURS[name]
    return rgb


def write(path: Path, frames: list[NDArray[np.uint8]]) -> None:
    path.parent.mkdir(exist_ok=True)
    codec = cv2.VideoWriter.fourcc(*("MJPG" if path.suffix == ".avi" else "mp4v"))
    writer = cv2.VideoWriter(str(path), codec, FPS, (128, 96))
    for rgb in frames:
        writer.write(np.ascontiguousarray(rgb[..., ::-1]))
    writer.release()


@pytest.fixture
def film(album: Album) -> Film:
    """``film("a.mp4", "masked", "")``: a video in the album, each part two seconds long."""

    def make(name: str, *parts: str, x: int = 8) -> Path:
        frames = [frame(part, x) for part in parts for _ in range(2 * FPS)]
        write(album.root / name, frames)
        album.note()
        return album.root / name

    return make


def test_a_video_goes_where_its_faces_belong(
    album: Album, film: Film, sort: Sort, tmp_path: Path
) -> None:
    """A face that puts on a mask is one of either class; one crop each, of the frame it is from."""
    film("a 한.mp4", "face", "masked", "face")
    film("b/nobody.AVI", "")
    album.add("p.jpg", "sunglasses")
    result = sort("--src", "album")
    assert result.code == 0
    assert "album: 1 photo, 2 videos" in result.out
    assert "plan: 1 photo and 2 videos to 4 places (4 linked, 0 copied), 3 face crops" in result.out
    dst = tmp_path / "sorted"
    assert [re.sub(r"/7\d\d_", "/800_", path) for path in files(dst)] == [  # the codec dims it
        "faces/face/800_a 한_0.jpg",
        "faces/masked/800_a 한_1.jpg",
        "faces/sunglasses/800_p_0.jpg",
        "manifest.csv",
        "photos/_no_face/nobody.AVI",
        "photos/face/a 한.mp4",
        "photos/masked/a 한.mp4",
        "photos/sunglasses/p.jpg",
    ]
    assert (dst / "photos/face/a 한.mp4").samefile(album.root / "a 한.mp4")
    rows = pd.read_csv(dst / "manifest.csv")
    assert list(rows.columns[-2:]) == ["frame", "time_s"]
    of_video = rows[rows["photo"] == "a 한.mp4"]
    assert list(of_video["class"]) == ["face", "masked"]
    assert np.allclose(of_video["time_s"], of_video["frame"] / FPS)
    assert 20 <= of_video["frame"].iloc[1] < 40
    for crop, name in zip(of_video["crop"], of_video["class"], strict=True):
        middle = cv2.imread(str(dst / crop))[30, 20, ::-1].astype(int)
        assert np.abs(middle - fake_sort.COLOURS[name]).max() < 60


def test_again_undo_and_the_plan(full_album: Album, film: Film, sort: Sort, tmp_path: Path) -> None:
    film("clip.mp4", "masked", "sunglasses")
    sort("--src", "album")
    straight = disk_as_dict(tmp_path / "sorted")
    assert "nothing new" in sort("--src", "album").out
    assert disk_as_dict(tmp_path / "sorted") == straight
    sort("--undo", "--dst", "sorted")
    assert not (tmp_path / "sorted").exists()
    assert "clip.mp4 -> photos/masked/clip.mp4" in sort("--src", "album", "--dry-run").out
    sort("--plan", "sorted/plan.json")  # the crops are cut anew
    assert disk_as_dict(tmp_path / "sorted") == straight


def test_a_plan_for_a_video_that_changed_is_refused(album: Album, film: Film, sort: Sort) -> None:
    film("clip.mp4", "masked")
    sort("--src", "album", "--dry-run")
    film("clip.mp4", "face")
    assert "clip.mp4: changed since" in sort("--plan", "sorted/plan.json").error_line


def test_what_is_no_video_is_listed(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.write("empty.mp4", b"")
    album.write("text.mov", b"hello")
    album.add("p.jpg", "face")
    result = sort("--src", "album")
    assert result.code == 1
    assert "2 videos could not be sorted:" in result.out
    assert "empty.mp4: is empty" in result.out and "text.mov: is no video" in result.out
    assert sorted(path.name for path in (tmp_path / "sorted/photos/_unreadable").iterdir()) == [
        "empty.mp4",
        "text.mov",
    ]


def test_a_corrected_crop_takes_the_video_along_for_ever(
    album: Album, film: Film, sort: Sort, tmp_path: Path
) -> None:
    film("clip.mp4", "masked", "face")
    sort("--src", "album")
    dst = tmp_path / "sorted"
    (crop,) = (dst / "faces/masked").iterdir()
    shutil.move(crop, dst / "faces/sunglasses" / crop.name)
    assert learn_corrections.main([str(dst), "--apply"]) == 0
    wanted = ["photos/face/clip.mp4", "photos/sunglasses/clip.mp4"]
    assert [path for path in files(dst) if path.startswith("photos/")] == wanted
    assert "nothing new" in sort("--src", "album").out
    (tmp_path / "anew").mkdir()
    shutil.copy(dst / "corrections.jsonl", tmp_path / "anew")
    sort("--src", "album", "--dst", "anew")
    assert [path for path in files(tmp_path / "anew") if path.startswith("photos/")] == wanted


def test_a_video_is_nothing_to_train_on(
    album: Album, film: Film, sort: Sort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of its frames, only one face each is known."""
    film("clip.mp4", "masked")
    album.add("p.jpg", "masked")
    sort("--src", "album")
    dst = tmp_path / "sorted"
    for crop in (dst / "faces/masked").iterdir():
        shutil.move(crop, dst / "faces/face" / crop.name)
    yolo = tmp_path / "yolo"
    assert learn_corrections.main([str(dst), "--apply", "--export-yolo", str(yolo)]) == 0
    assert "left out: clip.mp4: is a video" in capsys.readouterr().out
    assert len(list(yolo.rglob("*.jpg"))) == 1


def test_one_crop_a_person(album: Album, film: Film, sort: Sort, tmp_path: Path) -> None:
    """Who comes back elsewhere is in the video once; two people in one place are two."""
    frames = [frame("face", 8)] * 15 + [frame("")] * 20 + [frame("face", 80)] * 15
    write(album.root / "clip.mp4", [*frames, *[frame("masked", 80)] * 15])
    album.note()
    for name, colour in {"Ana": "face", "Ben": "masked"}.items():
        give(tmp_path / "examples", name, colour)
    assert sort(*ARGV).code == 0
    assert files(tmp_path / "sorted") == [
        "faces/Ana/999_clip_0.jpg",
        "faces/Ben/999_clip_1.jpg",
        "manifest.csv",
        "photos/Ana/clip.mp4",
        "photos/Ben/clip.mp4",
    ]
    assert learn_corrections.main(["sorted", "--xmp"]) == 0  # side-cars are for images
    assert not list((tmp_path / "sorted").rglob("*.xmp"))


def sight(x: float, at: int, name: str = "face", confidence: float = 0.9) -> Face:
    return Face((x, 0, x + 40, 40), name, confidence, frame=at, time_s=at / 2)


def test_faces_are_followed() -> None:
    assert follow([]) == follow([(), ()]) == []
    left, right = [sight(10 * i, i) for i in range(4)], [sight(300 - 10 * i, i) for i in range(4)]
    assert follow([(b, a) for a, b in zip(left, right, strict=True)]) == [right, left]
    gap = [sight(0, 0), sight(5, 2)]
    assert follow([gap[:1], (), gap[1:]]) == [gap]
    late = sight(0, 9)
    assert follow([gap[:1], [late]]) == [gap[:1], [late]]


@pytest.mark.parametrize(
    ("tracks", "best"),
    [
        ([], []),
        ([[sight(0, 0, confidence=0.3)]], []),
        ([[sight(0, 0)]], [0]),  # nothing else was seen
        ([[sight(0, 0, "masked")], [sight(0, 3), sight(0, 4, confidence=0.95)]], [4]),
        ([[sight(0, 0), sight(0, 1), sight(0, 2, "masked"), sight(0, 3), sight(0, 4)]], [0]),
        ([[sight(0, 0), sight(0, 1), sight(0, 2, "masked"), sight(0, 3, "masked")]], [0, 2]),
    ],
)
def test_the_best_sight_of_each_class(tracks: list[list[Face]], best: list[int]) -> None:
    chosen = choose(tracks, {}, sure=0.6, by_person=False)
    assert sorted(face.frame or 0 for face in chosen) == best


def test_what_a_person_said_stands_in_for_the_spell() -> None:
    track = [sight(0, i, "masked", 0.7 + i / 20) for i in range(5)]
    assert choose([track], {track[1]: "face"}, 0.6, by_person=False) == [track[1]]


def test_a_label_is_of_its_frame() -> None:
    labels = UserLabels([UserLabel("x", (0, 0, 40, 40), "masked", frame=2)])
    labels.add(UserLabel("x", (0, 0, 40, 40), "face", frame=7))
    assert len(labels) == 2
    labels.add(UserLabel("x", (1, 0, 40, 40), "sunglasses", frame=2))
    assert len(labels) == 2
