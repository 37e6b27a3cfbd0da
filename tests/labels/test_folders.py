"""Class folders, a folder a child, and the CSV: which crop is of which class, what is refused."""

from pathlib import Path

import pytest

from facesort.errors import LabelError, UsageError
from facesort.labels import folders
from facesort.labels.named_crops import NamedCrops, class_name


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def told(source: NamedCrops) -> dict[str, str]:
    """``{path: class or reason}``; a refused row's path, too."""
    named = [*source.crops, *((r.path, r.reason) for r in source.refused)]
    return {path.relative_to(source.root).as_posix(): what for path, what in named}


def test_the_nearest_folder_that_names_a_class_counts(tmp_path: Path) -> None:
    expected = {
        "with_mask/1.jpg": "with_mask",
        "Without Mask/1.jpg": "Without Mask",
        "masked/anna/1.jpg": "masked",
        "set_1/face/1.jpg": "face",
        "face/masked/1.jpg": "masked",
        "hats/1.jpg": "hats",  # for the class table
        "hats/anna/1.jpg": "hats",
        "beards/anna/1.jpg": "anna",  # nobody knows either
        "1.jpg": folders.IN_NO_FOLDER,
    }
    make(tmp_path, *expected, ".hidden/1.jpg")
    assert told(folders.read_classes(tmp_path, {"hats"})) == expected


def test_a_child_is_the_folder_right_below(tmp_path: Path) -> None:
    expected = {
        "child_1/1.jpg": "child_1",
        "child_1/2023/face/2.jpg": "child_1",
        "Zoë 李/1.jpg": "Zoë 李",
        "_strangers/1.jpg": "in a folder that begins with _",
        "1.jpg": folders.IN_NO_FOLDER,
    }
    make(tmp_path, *expected)
    assert told(folders.read_identities(tmp_path)) == expected


def test_one_spelling_of_accents_and_text_whatever_the_bytes() -> None:
    assert class_name("Zoe\u0308") == class_name("Zo\u00eb") == "Zo\u00eb"
    assert class_name("a\udcff") == "a\ufffd"
    assert class_name(" ") == "?"


@pytest.mark.parametrize("read", [folders.read_classes, folders.read_identities])
@pytest.mark.parametrize("names", [[], ["1.jpg"], ["face/notes.txt"]])
def test_no_class_folder_is_an_error(tmp_path: Path, read, names: list[str]) -> None:
    make(tmp_path, *names)
    with pytest.raises(LabelError, match=r"no .*folder with images; expected"):
        read(tmp_path)
    with pytest.raises(UsageError, match="no such folder"):
        read(tmp_path / "none")


def test_the_rows_of_a_table(tmp_path: Path) -> None:
    make(tmp_path, *(f"a/{i}.jpg" for i in range(6)), "b/0.jpg", "Zoë.jpg")
    (tmp_path / "t.csv").write_text(
        "image,class,by\n"
        "a/0.jpg,masked,me\n"
        "a\\1.jpg, face ,me\n"
        "./a/2.jpg,ambiguous\n"
        "a/3.jpg,face\n"
        "a/3.jpg,masked\n"
        "a/4.jpg,\n"
        "Zoe\u0308.jpg,face\n"
        "b/5.jpg,face\n"  # a/5.jpg is another image
        ",face\n"
        "a/0.jpg,masked\n",
        encoding="utf-8-sig",
    )
    source = folders.read_table(tmp_path / "t.csv")
    crops = {path.name: name for path, name in source.crops}
    assert crops == {"0.jpg": "masked", "1.jpg": "face", "2.jpg": "ambiguous", "Zoë.jpg": "face"}
    assert [(r.path.name, r.reason) for r in source.refused] == [
        ("3.jpg", "two classes in the table"),
        ("3.jpg", "two classes in the table"),
        ("4.jpg", "no class in the table"),
        ("5.jpg", "not there"),
        ("0.jpg", "named twice in the table"),
    ]
    assert source.notes == ("2 images beside the table are not named in it",)
    assert folders.find_table(tmp_path) == tmp_path / "t.csv"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no column image, class"),
        (b"file,class\n", "no column image"),
        ("image,class\n\xe4.jpg,face\n".encode("latin-1"), "not a CSV file in UTF-8"),
    ],
)
def test_a_table_that_cannot_be_read(tmp_path: Path, content: bytes, message: str) -> None:
    table = tmp_path / "t.csv"
    table.write_bytes(content)
    with pytest.raises(LabelError, match=message):
        folders.read_table(table)
    with pytest.raises(LabelError, match="cannot be read"):
        folders.read_table(tmp_path / "none.csv")
    if b"image" not in content:
        with pytest.raises(UsageError, match="none with columns image,class"):
            folders.find_table(tmp_path)


def test_whole_paths_in_a_table(tmp_path: Path) -> None:
    """As a program writes them; elsewhere only where images are looked at and not gathered."""
    make(tmp_path, "in/a/1.jpg", "in/2.jpg", "elsewhere/3.jpg")
    table = tmp_path / "in" / "t.csv"
    names = ["in/a/1.jpg", "in/x/../2.jpg", "elsewhere/3.jpg", "elsewhere/none.jpg"]
    lines = [f"{(tmp_path / name).as_posix()},face\n" for name in names]
    table.write_text("image,class\n" + "".join(lines))
    inside, everywhere = folders.read_table(table), folders.read_table(table, anywhere=True)
    assert [path.name for path, _ in inside.crops] == ["1.jpg", "2.jpg"]
    assert [(r.path.name, r.reason) for r in inside.refused] == [
        ("3.jpg", "outside the folder of the table"),
        ("none.jpg", "not there"),
    ]
    assert [path.name for path, _ in everywhere.crops] == ["1.jpg", "2.jpg", "3.jpg"]


def test_a_table_points_nowhere_outside_its_folder(tmp_path: Path) -> None:
    make(tmp_path, "outside.jpg", "in/1.jpg")
    (tmp_path / "in" / "t.csv").write_text("image,class\n../outside.jpg,face\n1.jpg,face\n")
    source = folders.read_table(tmp_path / "in" / "t.csv")
    assert [path.name for path, _ in source.crops] == ["1.jpg"]
    assert [r.reason for r in source.refused] == ["not there"]
