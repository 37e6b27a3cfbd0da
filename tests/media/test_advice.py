"""--advise: one line of advice a photo, a video's best frame, what does not open."""

import json
from pathlib import Path

import find_faces
import numpy as np
import pytest
from clips import moved, write_clip
from numpy.typing import NDArray

from facesort.errors import ModelError, UsageError
from facesort.media.advice import require_classes


def advice(folder: Path) -> list[dict[str, object]]:
    lines = (folder / "advice.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_photos_videos_and_what_does_not_open(
    portrait: Path,
    astronaut: NDArray[np.uint8],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"x")
    (tmp_path / "empty.mp4").write_bytes(b"")
    grey = np.full((240, 320, 3), 128, np.uint8)
    write_clip(tmp_path / "late.mp4", [grey, grey, grey, *[moved(astronaut, 0)] * 3])
    write_clip(tmp_path / "nobody.mp4", [grey] * 3)
    names = ["broken.jpg", "empty.mp4", "late.mp4", "nobody.mp4"]
    sources = [str(portrait), *(str(tmp_path / name) for name in names)]
    out = tmp_path / "out"
    assert find_faces.main([*sources, "--out", str(out), "--advise"]) == 1
    photo, broken, empty, late, nobody = advice(out)
    assert photo == {
        "photo": portrait.name,
        "usable": True,
        "reasons": [],
        "covered": [],
        "advice": "This photo can be used.",
    }
    assert broken["reasons"] == empty["reasons"] == ["unreadable"]
    assert (late["frame"], late["usable"]) == (3, True)
    assert (nobody["frame"], nobody["reasons"]) == (0, ["no_face"])
    said = capsys.readouterr().out
    assert "advice.jsonl (2 usable, 3 not: unreadable 2, no_face 1)" in said


def test_korean(portrait: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [str(portrait), "--out", str(out), "--advise", "--lang", "ko"]
    assert find_faces.main(command) == 0
    assert advice(out)[0]["advice"] == "이 사진은 사용할 수 있습니다."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--lang", "ko"], "pass --advise as well"),
        (["--advise", "--lang", "kr"], "not in the catalogue"),
        (["--advise", "--limits", "no.yaml"], "cannot be read"),
    ],
)
def test_refusals(portrait: Path, tmp_path: Path, options: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_faces.main([str(portrait), "--out", str(tmp_path / "out"), *options])
    assert not (tmp_path / "out").exists()


def test_a_model_of_other_classes_cannot_advise() -> None:
    with pytest.raises(ModelError, match="finds head; expected face, masked"):
        require_classes(["head"])
