"""--engine ray on a real cluster of two raylets: the same plan, the same tree, whoever dies."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Album, Sort, disk_as_dict

from facesort.album.scanning import ray_scan
from facesort.dataset.sample_data import make_sample_album

HERE = Path(__file__).parent
TOOLS = HERE.parents[1] / "tools"
pytestmark = pytest.mark.slow
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason=f"Ray is not installed: {ray_scan.INSTALL}"
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0"}
    with subprocess.Popen(
        [sys.executable, HERE / "two_raylets.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as cluster:
        assert cluster.stdout is not None
        yield cluster.stdout.readline().strip()
        assert cluster.stdin is not None
        cluster.stdin.close()


def run(address: str, *command: object) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(map(str, (TOOLS, HERE)))
    environment = os.environ | {"RAY_ADDRESS": address, "PYTHONPATH": paths}
    return subprocess.run(
        [sys.executable, *map(str, command)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@needs_ray
def test_the_same_plan_byte_by_byte(address: str, tmp_path: Path) -> None:
    make_sample_album(tmp_path / "album")
    plans = []
    for engine in ("local", "ray"):
        options = ("--src", tmp_path / "album", "--dst", tmp_path / "sorted", "--dry-run")
        done = run(address, TOOLS / "sort_photos.py", *options, "--engine", engine, "--no-cache")
        assert done.returncode == 0, done.stderr
        assert "Warning" not in done.stderr and "Traceback" not in done.stderr
        assert sorted(path.name for path in (tmp_path / "sorted").rglob("*")) == ["plan.json"]
        plans.append((tmp_path / "sorted" / "plan.json").read_bytes())
    assert plans[0] == plans[1]


@needs_ray
def test_the_same_plan_from_a_url(address: str, tmp_path: Path, full_album: Album) -> None:
    full_album.add("odd/50% #1?.jpg", "face")
    for path in full_album.root.rglob("*.*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))  # URLs know whole seconds only
    full_album.note()
    plans = []
    for src, engine in (full_album.root, "local"), (f"file://{full_album.root}", "ray"):
        options = ("--src", src, "--engine", engine, "--link", "copy", "--dry-run")
        done = run(
            address, HERE / "ray_sort.py", tmp_path, "", *options, "--dst", tmp_path / "sorted"
        )
        assert done.returncode == 1, done.stderr  # empty.jpg
        plans.append((tmp_path / "sorted/plan.json").read_bytes().replace(b"file://", b""))
    assert plans[0] == plans[1]


@needs_ray
def test_workers_that_die_change_nothing(
    address: str, tmp_path: Path, full_album: Album, sort: Sort
) -> None:
    for number in range(20):
        full_album.add(f"more/{number}.jpg", "masked", "face", confidence=0.6 + number / 100)
    full_album.add(os.fsdecode(b"no Unicode \xff.jpg"), "sunglasses")
    sort("--src", "album", "--dst", "local")
    (tmp_path / "diary").mkdir()
    done = run(
        address,
        *(HERE / "ray_sort.py", tmp_path / "diary", "3 1"),
        *("--src", full_album.root, "--dst", tmp_path / "by_ray", "--engine", "ray"),
    )
    assert done.returncode == 1, done.stderr  # empty.jpg
    assert len(list((tmp_path / "diary").iterdir())) == 2, "nobody died"
    assert disk_as_dict(tmp_path / "by_ray") == disk_as_dict(tmp_path / "local")
    assert not (tmp_path / "by_ray" / ".facesort" / "looks").exists()


@needs_ray
def test_a_photo_that_kills_all_comes_to_an_end(address: str, tmp_path: Path, album: Album) -> None:
    album.add("a.jpg", "face")
    (tmp_path / "diary").mkdir()
    options = ("--src", album.root, "--dst", tmp_path / "dst", "--engine", "ray")
    deaths = "1 " * (ray_scan.MOST_TRIES + 3)
    done = run(address, HERE / "ray_sort.py", tmp_path / "diary", deaths, *options)
    assert done.returncode == 1
    assert "workers died at the block of photos that begins with 'a.jpg'" in done.stderr
    assert "Traceback" not in done.stderr


@needs_ray
def test_no_cluster_at_the_address(tmp_path: Path, album: Album) -> None:
    album.add("a.jpg", "face")
    options = ("--src", album.root, "--dst", tmp_path / "dst", "--engine", "ray")
    done = run("127.0.0.1:1", HERE / "ray_sort.py", tmp_path, "", *options)
    assert done.returncode == 1
    assert "no cluster at RAY_ADDRESS=127.0.0.1:1" in done.stderr.splitlines()[-1]


def test_without_ray_the_install_line_is_told(
    sort: Sort, album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.add("a.jpg", "face")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    result = sort("--src", "album", "--engine", "ray")
    assert result.code == 2
    assert result.error_line.endswith(ray_scan.INSTALL)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--src", "album", "--engine", "ray", "--cache", "here"], "not asked with --engine ray"),
        (["--plan", "plan.json", "--engine", "ray"], "carry it out without"),
    ],
)
def test_what_it_does_not_do(sort: Sort, album: Album, options: list[str], why: str) -> None:
    result = sort(*options)
    assert (result.code, why in result.error_line) == (2, True)
