"""tools/find_faces.py as a person uses it: what it writes, says and refuses."""

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import find_faces
import numpy as np
import pytest
from clips import FPS, FRAMES, VIDEO_WH, write_clip
from numpy.typing import NDArray
from PIL import Image

from facesort.errors import ModelError, PhotoError, UsageError
from facesort.media import outputs
from facesort.media.video_writer import VideoWriter
from facesort.photos.video import Video

FACE = (180, 65, 272, 190)  # of the astronaut, about


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "faces.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def near(box: tuple[float, ...], wanted: tuple[float, ...], px: float = 25) -> bool:
    return bool(np.abs(np.subtract(box, wanted)).max() < px)


def test_a_photo_with_every_output(
    portrait: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    options = ["--csv", "--jsonl", "--crops", "--masks", "--annotate", "--imgsz", "320"]
    assert find_faces.main([str(portrait), "--out", str(out), *options]) == 0
    said = capsys.readouterr().out
    assert "sources: 1 = 1 looked at + 0 failed\nfaces: 1 (face 1)\n" in said
    stem = "por.trait 한"
    assert files(out) == [
        f"annotated/{stem}.jpg",
        "faces.csv",
        "faces.jsonl",
        f"faces/{stem}_0.jpg",
        "faces_inference_results.txt",
        f"head_masks/{stem}_0.png",
        f"heads/{stem}_0.jpg",
        f"masks/{stem}_0.png",
    ]
    ((box, score),) = outputs.read(out / outputs.FILE_NAME)[portrait.name]
    assert near(box, FACE) and 0.25 < score <= 1
    (row,) = table(out)
    assert (row["photo"], row["class"], row["mouth"], row["eyes"]) == (portrait.name, "face", *"00")
    assert row["frame"] == row["track"] == ""
    assert json.loads((out / "faces.jsonl").read_text())["faces"][0]["class"] == "face"
    check_images(out, stem, box)


def check_images(out: Path, stem: str, box: tuple[int, int, int, int]) -> None:
    with Image.open(out / "faces" / f"{stem}_0.jpg") as face:
        assert face.size == (box[2] - box[0], box[3] - box[1])
    with Image.open(out / "masks" / f"{stem}_0.png") as mask:
        assert mask.size == face.size
        assert set(np.unique(np.asarray(mask))) == {0, 255}
    with Image.open(out / "heads" / f"{stem}_0.jpg") as head:
        assert head.size[0] > 3 * face.size[0]  # the head reaches the upper border: less high
    with Image.open(out / "head_masks" / f"{stem}_0.png") as head_mask:
        assert head_mask.size == head.size
    with Image.open(out / "annotated" / f"{stem}.jpg") as drawn:
        assert drawn.size == (512, 512)


def test_a_folder_with_bad_and_equal_names(
    portrait: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    (source / "sub").mkdir(parents=True)
    for name in ("a.png", "A.webp", "sub/a.png"):
        shutil.copy(portrait, source / name)
    (source / "bad.jpg").write_bytes(b"\xff\xd8\xff no image")
    (source / "bad.mp4").write_bytes(b"no video")
    Image.new("RGB", (40, 30)).save(source / "nobody.png")
    assert find_faces.main([str(source), "--out", str(out), "--csv", "--crops"]) == 1
    said = capsys.readouterr().out
    assert "sources: 6 = 4 looked at + 2 failed\nfaces: 3 (face 3)\n" in said
    assert "problem: " in said and "bad.jpg: " in said and "bad.mp4: is no video" in said
    assert [row["photo"] for row in table(out)] == ["A.webp", "a.png", "nobody.png", "sub/a.png"]
    assert [f for f in files(out) if f.startswith("faces/")] == [
        "faces/A_0.jpg",
        "faces/a-2_0.jpg",
        "faces/a-3_0.jpg",
    ]


def test_a_video(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    command = [str(clip), "--out", str(out), "--csv", "--jsonl", "--annotate", "stride=2"]
    command += ["--conf", "0.6"]  # without the patches of her suit that may be faces
    assert find_faces.main(command) == 0
    said = capsys.readouterr().out
    assert "images: 0 photos, 6 frames of videos" in said
    assert "different faces in videos: 1" in said and "x real time" in said
    rows = table(out)
    assert [row["frame"] for row in rows] == ["0", "2", "4", "6", "8", "10"]
    assert {(row["track"], row["class"]) for row in rows} == {("1", "face")}
    assert [float(row["time_s"]) for row in rows] == pytest.approx(
        [i / FPS for i in range(0, 12, 2)]
    )
    lefts = [float(row["x1"]) for row in rows]
    assert lefts[-1] - lefts[0] == pytest.approx(40, abs=4), "it wanders 4 px a frame"
    drawn = out / "annotated" / "cl.ip 한.mp4"
    with Video(drawn) as video:
        frames = list(video.frames())
        assert (video.fps, len(frames)) == (FPS / 2, FRAMES / 2)
    assert frames[0].rgb.shape == (*VIDEO_WH[::-1], 3)


def test_without_tracks_each_frame_stands_alone(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [str(clip), "--out", str(out), "--csv", "--no-track", "--interval", "0.6"]
    assert find_faces.main(command) == 0
    assert [(row["frame"], row["track"]) for row in table(out)] == [("0", ""), ("6", "")]


def test_a_list_from_standard_input(
    portrait: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{portrait}\n{tmp_path / 'gone.jpg'}\n"))
    assert find_faces.main(["-", "--out", str(tmp_path / "out")]) == 1
    assert files(tmp_path / "out") == [outputs.FILE_NAME]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (["--out", "{full}"], UsageError, "is not empty"),
        (["--out", "{full}/x"], UsageError, "is a file"),
        (["--out", "new", "--segmenter", "x.onnx"], UsageError, "pass --masks as well"),
        (["--out", "new", "--masks", "--segmenter", "x.onnx"], ModelError, "no such model"),
        (["--out", "new", "--weights", "x.onnx"], ModelError, "no such model"),
        (["--out", "new", "--head-scale", "0.5"], UsageError, "1 to 20 times"),
        (["--out", "new", "--stride", "0"], UsageError, "expected 1 or more"),
    ],
)
def test_refusals_leave_nothing_behind(
    portrait: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    error: type[Exception],
    message: str,
) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "x").write_text("mine")
    monkeypatch.chdir(tmp_path)
    given = [option.format(full=full) for option in options]
    with pytest.raises(error, match=message):
        find_faces.main([str(portrait), *given])
    assert files(tmp_path) == ["full/x"] and not (tmp_path / "new").exists()


def test_an_empty_folder_is_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no photo and no video"):
        find_faces.main([str(tmp_path), "--out", str(tmp_path / "out")])


def test_a_window_needs_a_screen(
    portrait: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(UsageError, match="there is no screen"):
        find_faces.main([str(portrait), "--show", "--out", str(tmp_path / "out")])


def noise(number: int, size_wh: tuple[int, int]) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (*size_wh[::-1], 3), dtype=np.uint8) for _ in range(number)]


@pytest.mark.parametrize("path_of_programs", [None, ""])
def test_a_film_keeps_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path_of_programs: str | None
) -> None:
    """Frames that come late are repeated: the image must stay with the sound. Without ffmpeg,
    OpenCV writes it."""
    if path_of_programs is not None:
        monkeypatch.setenv("PATH", path_of_programs)
    path = tmp_path / "film.mp4"
    writer = VideoWriter(path, (65, 63), 10.0, None)  # odd sizes, which H.264 does not have
    for rgb, time_s in zip(noise(3, (65, 63)), (0.0, 0.5, 0.6), strict=True):
        writer.write(rgb, time_s)
    writer.close()
    with Video(path) as video:
        assert len(list(video.frames())) == 7


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="sound needs ffmpeg")
def test_a_film_has_the_sound_of_its_original(tmp_path: Path) -> None:
    silent, original, path = (tmp_path / name for name in ("s.avi", "o.mp4", "film.mp4"))
    write_clip(silent, noise(10, (64, 64)))
    tone = "-f lavfi -i sine=440:d=0.4 -c:v copy -c:a aac".split()
    command = ["ffmpeg", "-loglevel", "error", "-i", str(silent), *tone, str(original)]
    subprocess.run(command, check=True)
    writer = VideoWriter(path, (64, 64), 10.0, original)
    for i, rgb in enumerate(noise(10, (64, 64))):
        writer.write(rgb, i / 10)
    writer.close()
    streams = "-v error -show_entries stream=codec_type,duration -of csv=p=0".split()
    done = subprocess.run(
        ["ffprobe", *streams, str(path)], capture_output=True, text=True, check=True
    )
    kinds = dict(line.split(",") for line in done.stdout.split())
    assert kinds["video"].startswith("1.0") and float(kinds["audio"]) == pytest.approx(1, abs=0.1)


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="about ffmpeg's errors")
def test_a_film_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "no folder" / "film.mp4", (64, 64), 10.0, None)
    with pytest.raises(PhotoError, match=r"film\.mp4: ffmpeg cannot write it"):
        for rgb in noise(100, (64, 64)):
            writer.write(rgb, 100.0)
        writer.close()
