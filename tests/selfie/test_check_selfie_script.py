"""tools/check_selfie.py from the command line: JSON, one sentence, exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from script_runs import run_here

from facesort.dataset.sample_data import make_sample_album

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = ROOT / "tools" / "check_selfie.py"


def run(*args: object, encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, args)]
    return subprocess.run(
        command,
        capture_output=True,
        encoding=encoding,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        timeout=120,
    )


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("selfies") / "album"
    make_sample_album(folder)
    return folder


@pytest.mark.parametrize(
    ("name", "code", "reasons", "covered"),
    [
        ("2023/Space museum/portrait.png", 0, [], []),
        ("2023/Space museum/launch.jpg", 1, ["no_face"], []),
        ("2024/Ausflug am See/IMG_0001.jpg", 1, ["mouth_covered"], ["mouth"]),
        ("2024/Ausflug am See/IMG_0002.jpg", 1, ["eyes_covered"], ["eyes"]),
    ],
)
def test_photos(album: Path, name: str, code: int, reasons: list[str], covered: list[str]) -> None:
    done = run_here(SCRIPT, album / name)
    assert done.returncode == code, done.stderr
    said = json.loads(done.stdout)
    assert said.pop("advice") == done.stderr.strip()
    assert said == {"usable": code == 0, "reasons": reasons, "covered": covered}


def test_korean_and_measures(album: Path) -> None:
    done = run_here(
        SCRIPT, album / "2024/Ausflug am See/IMG_0001.jpg", "--lang", "ko", "measures=true"
    )
    said = json.loads(done.stdout)
    assert said["advice"] == "입과 코가 보이도록 마스크 등을 벗고 다시 찍어 주세요."
    assert said["measured"]["face_px"] > 50
    assert abs(said["measured"]["pose"]["tilt_deg"]) < 25  # by our own five points


def test_components(album: Path) -> None:
    done = run_here(SCRIPT, album / "2024/Ausflug am See/IMG_0001.jpg", "--components")
    found = json.loads(done.stdout)["components"]
    assert found["MouthOcclusionPrevention"] < 50 < found["EyesVisible"]
    none = run_here(SCRIPT, album / "2023/Space museum/launch.jpg", "--components")
    assert json.loads(none.stdout)["components"] is None


def test_the_json_stays_json_where_the_terminal_knows_no_korean(album: Path) -> None:
    done = run(album / "2023/Space museum/launch.jpg", "--lang", "ko", encoding="ascii")
    assert json.loads(done.stdout)["advice"] == "얼굴이 화면에 잘 보이도록 다시 찍어 주세요."


def test_a_file_that_does_not_open_is_not_usable(tmp_path: Path) -> None:
    (tmp_path / "사진 1.jpg").write_bytes(b"\xff\xd8\xff damaged")
    done = run_here(SCRIPT, tmp_path / "사진 1.jpg")
    assert done.returncode == 1
    assert json.loads(done.stdout)["reasons"] == ["unreadable"]
    assert "사진 1.jpg" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "PHOTO"),
        (["none.jpg"], "none.jpg: no such file"),
        ([__file__, "--lang", "kr"], "language 'kr'"),
        ([__file__, "--limits", "none.yaml"], "none.yaml: cannot be read"),
    ],
)
def test_usage(args: list[str], message: str) -> None:
    done = run_here(SCRIPT, *args)
    assert done.returncode == 2
    assert message in done.stderr and not done.stdout


def test_a_yunet_file_that_is_none(tmp_path: Path) -> None:
    done = run_here(SCRIPT, __file__, "--yunet", tmp_path / "none.onnx")
    assert done.returncode == 1 and "none.onnx: no such model" in done.stderr
