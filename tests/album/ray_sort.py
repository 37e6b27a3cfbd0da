"""sort_photos.py with a fake detector whose workers die, as often as the first argument's digits
say, each at the look of that number: a test-only way in, as a process.

    python tests/album/ray_sort.py DIARY "3 1" --src album --engine ray

The first worker dies at its third look, the next at its first, those after never. In DIARY, each
leaves an empty file.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import fake_sort

from facesort import console


def dying(diary: Path, deaths: list[int]) -> Callable[[], None]:
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        for number, at_look in enumerate(deaths):
            note = diary / str(number)
            if looks == at_look and not note.exists():
                note.touch()
                os.kill(os.getpid(), signal.SIGKILL)

    return look


if __name__ == "__main__":
    diary, deaths = Path(sys.argv.pop(1)), [int(one) for one in sys.argv.pop(1).split()]
    console.run(lambda argv: fake_sort.main(argv, dying(diary, deaths)))
