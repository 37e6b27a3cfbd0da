"""The page in Chromium: a fake camera, advice, the photo; the folder; what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from browser import ROOT, open_page, runtime_or_skip, served

from facesort.dataset.sample_data import make_sample_album
from facesort.errors import UsageError
from facesort.media.selfie_check import SelfieChecker
from facesort.media.selfie_server import HEADERS
from facesort.media.selfie_web import PACKAGE, RUNTIME, find_runtime, runtime_version
from facesort.media.selfie_web import write_web_folder as write
from facesort.models.detect import load_detector, with_second_looks
from facesort.models.people.points import load_point_finder
from facesort.photos import open_photo
from facesort.selfie.limits import read_limits

LIMITS = read_limits(ROOT / "data_configs" / "selfie.yaml")
DETECTOR = ROOT / "weights" / "occlusion.onnx"
POINTS = ROOT / "weights" / "face_points.onnx"
PORTRAIT, MASKED = "2023/Space museum/portrait.png", "2024/Ausflug am See/IMG_0001.jpg"


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("selfies") / "album"
    make_sample_album(folder)
    return folder


@pytest.fixture(scope="module")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("page") / "selfie"
    write(out, runtime_or_skip(), DETECTOR, POINTS, LIMITS)
    return out


@pytest.fixture
def no_runtime(tmp_path: Path) -> Path:
    """Files that stand where ONNX Runtime Web's would: enough to write the folder."""
    package = tmp_path / "project" / "node_modules" / PACKAGE
    (package / "dist").mkdir(parents=True)
    for name in RUNTIME:
        (package / "dist" / name).write_bytes(b"")
    (package / "package.json").write_text(json.dumps({"version": runtime_version()}))
    return package


def expect(locator: Any) -> Any:
    """Playwright's, which waits; imported here, since only these tests need it."""
    from playwright.sync_api import expect

    return expect(locator)


def camera(photo: Path, out: Path) -> Path:
    """A film of 20 equal frames for Chromium's fake camera."""
    image = cv2.imdecode(np.frombuffer(photo.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    scale = 440 / max(image.shape[:2])
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    frame = np.full((480, 640, 3), 128, np.uint8)
    top, left = (480 - image.shape[0]) // 2, (640 - image.shape[1]) // 2
    frame[top : top + image.shape[0], left : left + image.shape[1]] = image
    out.write_bytes(cv2.imencode(".jpg", frame)[1].tobytes() * 20)
    return out


@pytest.mark.slow
def test_the_camera_takes_a_photo_when_all_is_well(
    page_folder: Path, album: Path, tmp_path: Path
) -> None:
    film = camera(album / PORTRAIT, tmp_path / "camera.mjpeg")
    with served(page_folder) as address, open_page(address, film) as page:
        page.wait_for_selector("body[data-state=ready]")
        assert page.evaluate("crossOriginIsolated")
        page.click("#start")
        page.wait_for_selector("body[data-state=taken]")
        expect(page.locator("#advice")).to_have_text("This photo can be used.")
        expect(page.locator("#start")).to_have_text("Take another")
        page.select_option("#language", "de")
        expect(page.locator("#advice")).to_have_text("Dieses Foto kann verwendet werden.")
        with page.expect_download() as saved:
            page.click("#save")
        image = cv2.imread(str(saved.value.path()))
        assert image.shape == (480, 640, 3)
        outside = [url for url in page.asked if not url.startswith((address, f"blob:{address}"))]
        assert outside == []


@pytest.mark.slow
def test_advice_while_the_camera_runs_and_python_says_the_same_of_photos(
    page_folder: Path, album: Path, tmp_path: Path
) -> None:
    film = camera(album / MASKED, tmp_path / "camera.mjpeg")
    with served(page_folder) as address, open_page(address, film) as page:
        page.wait_for_selector("body[data-state=ready]")
        page.click("#start")
        page.wait_for_selector("body[data-reasons*=mouth_covered]")
        expect(page.locator("#advice")).to_have_text("Take off the mask.")
        page.select_option("#language", "ko")
        detector = with_second_looks(load_detector(DETECTOR, imgsz=LIMITS.network_px))
        checker = SelfieChecker(detector, load_point_finder(POINTS), LIMITS)
        for name in (PORTRAIT, MASKED, "2024/Ausflug am See/IMG_0002.jpg"):
            expected = checker.check(open_photo(album / name))[0]
            page.evaluate("document.body.dataset.ms = ''")
            page.set_input_files("#file", album / name)
            page.wait_for_selector("body[data-mode=file]:not([data-ms=''])")
            expect(page.locator("#advice")).to_have_text(expected.advice("ko"))


def test_the_folder_is_whole_and_written_again(tmp_path: Path, no_runtime: Path) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        write(out, no_runtime / "dist", DETECTOR, POINTS, LIMITS)
    settings = json.loads((out / "settings.json").read_text(encoding="utf-8"))
    assert settings["limits"]["max_blur"] == LIMITS.max_blur
    for name in (settings["detector"]["file"], settings["points"]["file"], settings["runtime"]):
        assert (out / name).is_file()
    policy = (out / "index.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in policy and "://" not in policy


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, no_runtime: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "index.html").write_text("mine")
    with pytest.raises(UsageError, match="mine: holds other files"):
        write(tmp_path / "mine", no_runtime / "dist", DETECTOR, POINTS, LIMITS)
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["index.html"]


def test_the_runtime_is_found_or_how_to_get_it_is_said(tmp_path: Path, no_runtime: Path) -> None:
    project = no_runtime.parents[1]
    assert find_runtime(None, (tmp_path, project)) == no_runtime / "dist"
    assert find_runtime(no_runtime, ()) == no_runtime / "dist"
    with pytest.raises(UsageError, match="run once: npm install onnxruntime-web@"):
        find_runtime(None, (tmp_path,))
    with pytest.raises(UsageError, match="elsewhere: no onnxruntime-web there"):
        find_runtime(tmp_path / "elsewhere", (project,))
    (no_runtime / "package.json").write_text('{"version": "0.1.0"}')
    with pytest.raises(UsageError, match=r"version 0\.1\.0; expected"):
        find_runtime(project, ())


def test_the_server_gives_its_folder_to_this_computer_alone(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "page.mjs").write_text("export {}")
    (tmp_path / "secret.txt").write_text("secret")
    with served(tmp_path / "in") as address:
        with urllib.request.urlopen(f"{address}page.mjs") as answer:
            assert answer.headers["Content-Type"] == "text/javascript"
            assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        for path, headers, code in [
            ("", {}, 404),  # no listing of files
            ("../secret.txt", {}, 404),
            ("%2e%2e/secret.txt", {}, 404),
            ("page.mjs", {"Host": "elsewhere.example"}, 421),
        ]:
            with pytest.raises(urllib.error.HTTPError) as error:
                urllib.request.urlopen(urllib.request.Request(address + path, headers=headers))
            error.value.close()
            assert error.value.code == code


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "expected a PHOTO"),
        (["--web", "photo.jpg"], "--web or --web-out alone"),
        (["--web", "--port", "70000"], "--port 70000"),
        (["--web", "--onnxruntime-web", "nowhere"], "npm install onnxruntime-web@"),
    ],
)
def test_usage(args: list[str], message: str, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / "check_selfie.py"), *args]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=os.environ, timeout=60
    )
    assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1
