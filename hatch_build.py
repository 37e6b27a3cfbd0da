"""Hatchling's hooks: dependencies come from the requirements files, scripts go into the wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

EXTRAS = ("train", "test")


class RequirementsFiles(MetadataHookInterface):  # type: ignore[misc]
    def update(self, metadata: dict[str, Any]) -> None:
        root = Path(self.root)
        metadata["dependencies"] = read(root / "requirements.txt")
        metadata["optional-dependencies"] = {
            extra: read(root / f"requirements-{extra}.txt") for extra in EXTRAS
        }


class Scripts(BuildHookInterface):  # type: ignore[misc]
    """The scripts of tools/, which the facesort command runs; not in an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            for script in sorted(Path(self.root, "tools").glob("*.py")):
                build_data["force_include"][str(script)] = f"facesort/_scripts/{script.name}"


def read(file: Path) -> list[str]:
    """The requirements of a file and of those it includes; small ones first."""
    found: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        requirement = line.partition(" #")[0].strip()
        if requirement.startswith("-r "):
            found += [r for r in read(file.parent / requirement[3:]) if r not in _small(file)]
        elif requirement and not requirement.startswith("#"):
            found.append(requirement)
    return found


def _small(file: Path) -> list[str]:
    """What the package needs anyway, and an extra need not repeat."""
    small = file.parent / "requirements.txt"
    return [] if file == small else read(small)
