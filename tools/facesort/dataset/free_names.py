"""Names for pictures from several places in one folder, so that none takes another's label."""

from __future__ import annotations

from pathlib import Path


class FreeNames:
    """Remembers the names given so far."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, target: Path) -> Path:
        """``target``, numbered where another picture has its label's name, whatever the disk
        thinks of upper and lower case."""
        stem, number = target.stem, 2
        while (key := str(target.with_suffix("")).casefold()) in self._taken:
            target = target.with_name(f"{stem}_{number}{target.suffix}")
            number += 1
        self._taken.add(key)
        return target
