"""What one photo has freed serves the next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[1] / "tools"
FAULTS = """
import resource, sys
from facesort.memory import keep_freed_memory

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
