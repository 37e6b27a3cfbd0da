"""Preparing a labelImg session and checking it on return; no window, no display."""

import csv
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facesort.classes import CLASS_NAMES
from facesort.detections import Detections
from facesort.errors import FacesortError
from facesort.labels.labelimg import process
from facesort.labels.labelimg import session as sessions
from facesort.labels.labelimg.prelabel import LIST_NAME, mark_reviewed, prelabel
from facesort.labels.labelimg.session import Returned, Session, check_return, prepare, snapshot

ROOT = Path(__file__).resolve().parents[2]
BOX = "0.5 0.5 0.2 0.2\n"


def image(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((40, 60, 3), 128, np.uint8)).save(path)
    return path


@pytest.fixture
def split(tmp_path: Path) -> Path:
    """images/train and labels/train with three images, one of them nested; two have a label."""
    folder = tmp_path / "Daten ä 写真" / "images" / "train"
    for name in ("a b.jpg", "ä.png", "deep/c.jpg"):
        image(folder / name)
    write(folder, "a b.txt", f"0 {BOX}")
    write(folder, "deep/c.txt", f"1 {BOX}")
    return folder


def label(folder: Path, name: str) -> Path:
    return folder.parents[1] / "labels" / folder.name / name


def write(folder: Path, name: str, text: str) -> Path:
    path = label(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def classes(folder: Path) -> list[str]:
    return label(folder, "classes.txt").read_text(encoding="utf-8").splitlines()


# -- preparing


def test_labels_are_where_training_looks(split: Path) -> None:
    session = prepare(split, CLASS_NAMES)
    assert [p.name for p in session.images] == ["a b.jpg", "c.jpg", "ä.png"]
    assert session.label_root == label(split, "x").parent
    assert session.label_folders == [session.label_root, session.label_root / "deep"]
    assert not session.left_out


def test_labels_of_a_plain_folder_lie_beside_the_images(tmp_path: Path) -> None:
    image(tmp_path / "album" / "a.jpg")
    assert prepare(tmp_path / "album", CLASS_NAMES).label_root == tmp_path / "album"


@pytest.mark.parametrize(("make", "exit_code", "message"), [(True, 1, "no im"), (False, 2, "no s")])
def test_an_empty_or_missing_folder_is_said(
    tmp_path: Path, make: bool, exit_code: int, message: str
) -> None:
    folder = tmp_path / "empty"
    if make:
        folder.mkdir()
    with pytest.raises(FacesortError, match=message) as caught:
        prepare(folder, CLASS_NAMES)
    assert caught.value.exit_code == exit_code


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", []),
        (f"0 {BOX}\n3\t0.5  0.5 1 1\n\n", []),
        (f"0 {BOX}4 {BOX}-1 {BOX}", ["line 2: class 4", "line 3: class -1"]),
        ("0 .5 .5 .2\n0 .5 .5 .2 x\n", ["line 1: 4 fields", "line 2: .* not five numbers"]),
        ("0 1.5 .5 .2 .2\n0 .5 .5 0 .2\n", ["line 1: .* leaves", "line 2: a box without area"]),
    ],
)
def test_wrong_lines_are_named(tmp_path: Path, text: str, wrong: list[str]) -> None:
    file = tmp_path / "a.txt"
    file.write_text(text)
    found = sessions.wrong_lines(file, 4)
    assert len(found) == len(wrong)
    for line, pattern in zip(found, wrong, strict=True):
        assert re.search(pattern, line), line


def test_what_labelimg_would_harm_is_left_out_with_its_reason(split: Path) -> None:
    write(split, "a b.txt", "0 one two three four\n")
    image(split / "ä.jpg")
    left_out = {p.name: why for p, why in prepare(split, CLASS_NAMES).left_out.items()}
    assert left_out.keys() == {"a b.jpg", "ä.png"}
    assert "line 1" in left_out["a b.jpg"]
    assert "shares its label" in left_out["ä.png"]


@pytest.mark.parametrize("text", ["masked\nface\n", "dog\nperson\ncat\n"])
def test_a_class_list_of_another_meaning_is_refused(split: Path, text: str) -> None:
    file = write(split, "classes.txt", text)
    with pytest.raises(FacesortError, match=r"classes\.txt: lists .* expected face, masked"):
        prepare(split, CLASS_NAMES)
    assert file.read_text() == text


# -- on return


def session_with(split: Path, then: dict[str, str | None]) -> tuple[Session, Returned]:
    """A session in which labelImg writes (or somebody removes) these files."""
    write(split, "classes.txt", "\n".join(CLASS_NAMES) + "\n")
    write(split, "deep/classes.txt", "\n".join(CLASS_NAMES) + "\n")
    session = prepare(split, CLASS_NAMES)
    before = snapshot(session)
    for name, text in then.items():
        if text is None:
            label(split, name).unlink()
        else:
            write(split, name, text)
    return session, check_return(session, before)


def test_nothing_done_is_nothing_to_report(split: Path) -> None:
    _, returned = session_with(split, {})
    assert returned == Returned((), (), (), ())
    assert classes(split) == list(CLASS_NAMES)


def test_changed_and_merely_saved_labels_are_told_apart(split: Path) -> None:
    _, returned = session_with(split, {"a b.txt": f"0 {BOX}", "ä.txt": f"2 {BOX}"})
    assert [p.name for p in returned.changed] == ["ä.txt"]
    assert [p.name for p in returned.saved] == ["a b.txt", "ä.txt"]
    assert not returned.problems and not returned.repaired


@pytest.mark.parametrize(
    ("then", "problem"),
    [
        ({"ä.txt": "0 0.5 0.5\n"}, "ä.txt: line 1: 3 fields"),
        ({"a b.txt": None}, "a b.txt: was there before"),
    ],
)
def test_problems_are_listed(split: Path, then: dict[str, str | None], problem: str) -> None:
    _, returned = session_with(split, then)
    assert len(returned.problems) == 1 and problem in returned.problems[0]


def test_a_reordered_class_list_is_repaired_and_the_saved_labels_renumbered(split: Path) -> None:
    """Labels that were not saved in the session still follow our list, and are left alone."""
    session, returned = session_with(
        split, {"classes.txt": "masked\nface\nsunglasses\n", "ä.txt": f"0 {BOX}1 {BOX}2 {BOX}"}
    )
    assert classes(split) == list(CLASS_NAMES)
    assert label(split, "ä.txt").read_text() == f"1 {BOX}0 {BOX}2 {BOX}"
    assert label(split, "a b.txt").read_text() == f"0 {BOX}"
    assert not returned.problems and "1 labels saved by that list" in returned.repaired[0]
    (backup,) = (session.label_root / ".labelimg").glob("*.zip")
    assert zipfile.ZipFile(backup).read("ä.txt").decode() == f"0 {BOX}1 {BOX}2 {BOX}"


def test_a_lost_class_list_is_written_anew(split: Path) -> None:
    _, returned = session_with(split, {"classes.txt": None})
    assert classes(split) == list(CLASS_NAMES)
    assert len(returned.repaired) == 1 and not returned.problems


def test_an_unknown_class_stays_named_until_no_label_uses_it(split: Path) -> None:
    """So that the next session can show the box and change it; then the list is ours again."""
    more = "\n".join((*CLASS_NAMES, "maks")) + "\n"
    _, returned = session_with(split, {"classes.txt": more, "ä.txt": f"4 {BOX}"})
    assert classes(split) == [*CLASS_NAMES, "maks"]
    assert "class 4" in returned.problems[0] and "maks" in returned.repaired[0]

    session = prepare(split, CLASS_NAMES)
    assert session.extra == ("maks",) and not session.left_out
    before = snapshot(session)
    write(split, "ä.txt", f"1 {BOX}")
    assert not check_return(session, before).problems
    assert classes(split) == list(CLASS_NAMES)


# -- labels by the detector


class OneFace:
    """Finds one face, the left half, in every image, and counts what it was shown."""

    fingerprint = "f00"

    def __init__(self, names: tuple[str, ...] = ("masked", "face"), faces: int = 1) -> None:
        self.names, self.faces, self.seen = names, faces, 0

    def detect(self, images_rgb: list) -> list[Detections]:
        self.seen += len(images_rgb)
        height, width = images_rgb[0].shape[:2]
        boxes = np.array([[0, 0, width / 2, height]])[: self.faces]
        ids, sure = np.zeros(self.faces, np.int64), np.full(self.faces, 0.75)
        return [Detections(boxes, ids, sure)]


def rows(session: Session) -> list[dict[str, str]]:
    with (session.label_root / LIST_NAME).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_only_images_without_a_label_are_prelabelled(split: Path) -> None:
    write(split, "deep/c.txt", "")  # somebody saw that there is no face
    session, finder = prepare(split, CLASS_NAMES), OneFace()
    before = snapshot(session)
    assert prelabel(session, finder).written == finder.seen == 1
    assert {p: s for p, s in snapshot(session).items() if p in before} == before
    # class 0 of the model is class 1 of the data set
    assert label(split, "ä.txt").read_text() == "1 0.250000 0.500000 0.500000 1.000000\n"
    assert [
        (r["label"], r["boxes"], r["least_confidence"], r["reviewed"]) for r in rows(session)
    ] == [("ä.txt", "1", "0.750", "no")]
    assert prelabel(session, finder).written == 0  # the second run finds nothing to do
    assert mark_reviewed(session, []) == (1, 1)
    assert mark_reviewed(session, [label(split, "ä.txt")]) == (0, 1)
    assert rows(session)[0]["reviewed"] == "yes"


def test_no_face_leaves_no_label_and_a_bad_image_is_counted(split: Path) -> None:
    (split / "bad.jpg").write_bytes(b"\xff\xd8\xff nothing")
    done = prelabel(prepare(split, CLASS_NAMES), OneFace(faces=0))
    assert (done.written, done.nothing_found, len(done.unreadable)) == (0, 1, 1)
    assert "bad.jpg" in done.unreadable[0]
    assert not label(split, "ä.txt").exists()


def test_a_label_edited_by_other_means_is_reviewed(split: Path) -> None:
    session = prepare(split, CLASS_NAMES)
    prelabel(session, OneFace())
    write(split, "ä.txt", f"0 {BOX}")
    assert mark_reviewed(session, []) == (0, 1)


def test_a_model_of_other_classes_is_refused(split: Path) -> None:
    with pytest.raises(FacesortError, match="the model finds dog"):
        prelabel(prepare(split, CLASS_NAMES), OneFace(("face", "dog")))


# -- starting it


def test_without_a_screen_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(FacesortError, match="no screen"):
        process.require_labelimg({})
    process.require_labelimg({"DISPLAY": ":0"})


def test_without_labelimg_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "labelImg", None)
    with pytest.raises(FacesortError, match="pip install"):
        process.require_labelimg({"DISPLAY": ":0"})


def test_opencv_s_qt_does_not_reach_labelimg() -> None:
    given = {"QT_QPA_PLATFORM_PLUGIN_PATH": "/x/cv2/qt/plugins", "QT_QPA_PLATFORM": "xcb", "A": "b"}
    assert process.child_environment(given) == {"QT_QPA_PLATFORM": "xcb", "A": "b"}


@pytest.mark.parametrize(
    ("version", "warning"), [("1.8.6", "None"), ("9.9", "the fix is for 1.8.6")]
)
def test_another_version_of_labelimg_is_said_aloud(version: str, warning: str) -> None:
    """In a process of its own, and as on Python 3.12, where distutils is gone."""
    code = (
        "import sys, importlib.metadata\n"
        "sys.modules['distutils'] = None\n"
        "from facesort.labels.labelimg import patches\n"
        f"importlib.metadata.version = lambda _: {version!r}\n"
        "print(patches.apply())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "tools", capture_output=True, text=True, timeout=60
    )
    assert warning in done.stdout, done.stderr
