"""A fifth class needs one line in `facesort.classes`: by class and by person, albums are sorted.

The line is written into a copy of that module, in a process of its own, whose face encoder was
measured on the four classes only.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import fake_sort
import pytest
from conftest import Album, files
from test_album_by_person import give

PURPLE = (255, 0, 255)
PROGRAM = f"""
import sys, types
from pathlib import Path
tests, *argv = sys.argv[1:]
sys.path[:0] = [tests, str(Path(tests).parents[1] / "tools")]
import facesort
source = (Path(facesort.__file__).parent / "classes.py").read_text()
line = "    masked_sunglasses = MOUTH | EYES"
assert line in source
classes = types.ModuleType("facesort.classes")
sys.modules[classes.__name__] = facesort.classes = classes
exec(source.replace(line, line + chr(10) + "    hat = 0b100"), classes.__dict__)

import fake_sort
from facesort.models.people import similarity_norm
assert len(classes.CLASS_NAMES) == 5
fake_sort.COLOURS["hat"] = {PURPLE}
four = [[0.11] * 4] * 4
text = similarity_norm.json.dumps(dict(mean=four, spread=four))
fake_sort.FakeEmbedder.likeness = similarity_norm.from_json(text)
sys.exit(fake_sort.main(argv))
"""


@pytest.fixture
def hats(monkeypatch: pytest.MonkeyPatch, album: Album) -> Album:
    monkeypatch.setitem(fake_sort.COLOURS, "hat", PURPLE)
    album.add("a.jpg", "face")
    album.add("h.jpg", "hat", "masked")
    return album


def sort(tmp_path: Path, *more: str) -> None:
    tests = str(Path(__file__).parent)
    command = [sys.executable, "-c", PROGRAM, tests, "--src", "album", "--dst", "sorted", *more]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_a_folder_for_it(hats: Album, tmp_path: Path) -> None:
    sort(tmp_path)
    assert "photos/hat/h.jpg" in files(tmp_path / "sorted")


def test_people_are_known_in_it(hats: Album, tmp_path: Path) -> None:
    for name, colour in {"Ana": "face", "Ben": "masked", "Hana": "hat"}.items():
        give(tmp_path / "examples", name, colour)
    sort(tmp_path, "--by", "person", "--people", "examples")
    found = [name for name in files(tmp_path / "sorted") if name.startswith("photos/")]
    assert found == ["photos/Ana/a.jpg", "photos/Ben/h.jpg", "photos/Hana/h.jpg"]


def test_people_are_found_in_it(hats: Album, tmp_path: Path) -> None:
    for number in range(4):
        hats.add(f"more_{number}.jpg", "hat", confidence=0.7 + number / 50)
    sort(tmp_path, "--by", "person")
    assert "photos/person_01/h.jpg" in files(tmp_path / "sorted")
