"""What one photo has freed serves the next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

TOOLS = Path(__file__).resolve().parents[1] / "tools"
FAULTS = """
import resource, sys
from facesort.parallel import keep_freed_memory

def use():
    return [bytearray(b"x") * 30_000_000 for _ in range(3)]

if sys.argv[1] == "kept":
    keep_freed_memory()
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_freed_memory_is_not_asked_for_again() -> None:
    """In a process of its own: the setting cannot be taken back."""

    def page_faults(how: str) -> int:
        code = [sys.executable, "-c", FAULTS, how]
        done = subprocess.run(code, cwd=TOOLS, capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert page_faults("kept") < page_faults("as it comes") / 10


@pytest.mark.skipif(sys.platform != "linux", reason="macOS takes the limit and passes over it")
@pytest.mark.parametrize(
    ("limit_kb", "workers", "expected"),
    [
        (
            700_000,
            2,
            "may use 717 MB of memory (ulimit -v); expected 1,300 MB or more for 2 workers",
        ),
        (
            1_100_000,
            1,
            "may use 1,126 MB of memory (ulimit -v); expected 1,150 MB or more for 1 worker",
        ),
        (1_300_000, 2, ""),
    ],
)
def test_a_memory_limit_is_one_line_and_no_crash(
    limit_kb: int, workers: int, expected: str, tmp_path: Path
) -> None:
    (tmp_path / "album").mkdir()
    for name in "abcdef":
        Image.new("RGB", (4000, 3000)).save(tmp_path / "album" / f"{name}.jpg")
    sort = f"{sys.executable} sort_photos.py --src {tmp_path / 'album'} --dst {tmp_path / 'out'}"
    shell = f"ulimit -v {limit_kb}; exec {sort} --workers {workers}"
    done = subprocess.run(["sh", "-c", shell], cwd=TOOLS, capture_output=True, text=True)
    if not expected:
        assert (done.returncode, done.stderr) == (0, "")
        return
    assert done.returncode == 1
    assert expected in done.stderr and len(done.stderr.strip().splitlines()) == 1
