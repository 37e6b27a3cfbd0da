"""An album in a bucket, on a true S3 server of this machine; passed over where there is none."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

import fake_sort
import pytest
from conftest import Album, Disk, Result, Sort, disk_as_dict, jpeg

NEEDED = ("moto", "s3fs", "flask")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(importlib.util.find_spec, NEEDED)),
        reason='no S3 here: python -m pip install s3fs "moto[server]"',
    ),
]
HERE = Path(__file__).parent
KEYS = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}
ODD = ["a b.jpg", "50%.jpg", "%41.jpg", "#1.jpg", "what?.jpg", "Zoë 🎂/é;&+.jpg"]
NUMBERS = itertools.count()
Put = Callable[..., None]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, HERE / "s3_server.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


@pytest.fixture(scope="module")
def put(server: str) -> Put:
    """``put("bucket/key", data)``; the server takes it from anybody."""

    def put(path: str, data: bytes, query: str = "") -> None:
        url = f"{server}/{quote(path)}{query}"
        kind = {"Content-Type": "application/octet-stream"}
        urlopen(Request(url, data, kind, method="PUT"), timeout=20).close()

    return put


@pytest.fixture
def bucket(put: Put) -> str:
    name = f"bucket-{next(NUMBERS)}"
    put(name, b"")
    return name


@pytest.fixture
def sort_s3(server: str, tmp_path: Path) -> Callable[..., Result]:
    """The sorter as a process that knows this server; ``**environment`` besides."""

    def run(*argv: object, **environment: str) -> Result:
        there = {"AWS_ENDPOINT_URL": server, "AWS_EC2_METADATA_DISABLED": "true", **KEYS}
        done = subprocess.run(
            [sys.executable, fake_sort.__file__, *map(str, argv)],
            cwd=tmp_path,
            env=os.environ | there | {"PYTHONPATH": str(HERE)} | environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run


def upload(put: Put, bucket: str, album: Album) -> None:
    for path in album.root.rglob("*.*"):
        put(f"{bucket}/{path.relative_to(album.root).as_posix()}", path.read_bytes())


def sorted_by(sort: Callable[..., Result], tmp_path: Path, src: object, *options: str) -> Disk:
    result = sort("--src", src, "--dst", "sorted", *options)
    assert "Traceback" not in result.err
    tree = disk_as_dict(tmp_path / "sorted")
    assert "nothing new" in sort("--src", src, "--dst", "sorted").out
    assert "left alone" not in sort("--undo", "--dst", "sorted").out
    assert not (tmp_path / "sorted").exists()
    return tree


def test_the_same_tree(
    bucket: str,
    put: Put,
    full_album: Album,
    sort: Sort,
    sort_s3: Callable[..., Result],
    tmp_path: Path,
) -> None:
    for name in ODD:
        full_album.add(f"odd/{name}", "face")
    upload(put, f"{bucket}/my album", full_album)
    put(f"{bucket}/my album/folder/", b"")
    expected = sorted_by(sort, tmp_path, "album", "--link", "copy")
    assert sorted_by(sort_s3, tmp_path, f"s3://{bucket}/my album") == expected


def test_hundreds_by_ray(
    bucket: str,
    put: Put,
    album: Album,
    sort: Sort,
    sort_s3: Callable[..., Result],
    tmp_path: Path,
) -> None:
    pytest.importorskip("ray")
    for number in range(200):
        name = f"{number // 50}/{number}.jpg"
        album.add(name, *list(fake_sort.COLOURS)[: number % 5], confidence=0.3 + number / 400)
    upload(put, bucket, album)
    expected = sorted_by(sort, tmp_path, "album", "--link", "copy")
    assert sort_s3("--src", f"s3://{bucket}/", "--engine", "ray").code == 0
    assert disk_as_dict(tmp_path / "sorted") == expected


def policy(put: Put, bucket: str, action: str, resource: str) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource}
    text = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    put(bucket, text.encode(), "?policy")


def test_a_photo_that_may_not_be_read(
    bucket: str, put: Put, sort_s3: Callable[..., Result], tmp_path: Path
) -> None:
    for name in ("a.jpg", "locked.jpg"):
        put(f"{bucket}/{name}", jpeg("face"))
    policy(put, bucket, "s3:GetObject", f"arn:aws:s3:::{bucket}/locked.jpg")
    for _ in range(2):
        result = sort_s3("--src", f"s3://{bucket}")
        assert (result.code, result.err) == (1, "")
        assert "  locked.jpg: cannot be read (no permission)" in result.out
        found = [path.name for path in (tmp_path / "sorted/photos").rglob("*.jpg")]
        assert found == ["a.jpg"]


@pytest.mark.parametrize(
    ("src", "environment", "code", "why"),
    [
        ("s3://no-such-bucket/album", {}, 2, "no such folder, or nothing in it"),
        ("s3://{bucket}/nothing", {}, 2, "no such folder, or nothing in it"),
        ("s3://{bucket}/a.jpg", {}, 2, "is a file; expected the folder"),
        ("s3://{bucket}", {"AWS_ACCESS_KEY_ID": ""}, 1, "Unable to locate credentials"),
        ("s3://{bucket}/locked", {}, 1, "cannot be listed"),
        ("s3://{bucket}", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, 1, "cannot be listed"),
    ],
)
def test_what_cannot_be_listed_is_one_line(
    bucket: str,
    put: Put,
    sort_s3: Callable[..., Result],
    tmp_path: Path,
    src: str,
    environment: dict[str, str],
    code: int,
    why: str,
) -> None:
    put(f"{bucket}/a.jpg", jpeg("face"))
    if "locked" in src:
        policy(put, bucket, "s3:*", f"arn:aws:s3:::{bucket}*")
    result = sort_s3("--src", src.format(bucket=bucket), **environment)
    assert (result.code, why in result.error_line) == (code, True), result.err
    assert list(tmp_path.iterdir()) == []
