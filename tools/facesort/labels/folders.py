"""Face crops whose folder is their class, or a person's name, or whose class a CSV tells."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath

from facesort.classes import is_class
from facesort.errors import LabelError, UsageError
from facesort.labels import named_crops
from facesort.labels.named_crops import (
    NamedCrops,
    Refused,
    class_name,
    images_below,
    notes_on,
    plain_text,
)

TABLE_COLUMNS = ("image", "class")
IN_NO_FOLDER = "in no class folder"


def read_classes(root: Path, known: Collection[str] = ()) -> NamedCrops:
    """Images in class folders, nested at will: ``masked/anna/1.jpg``, ``set_1/masked/1.jpg``.

    The nearest folder that names a class (one of the four, an alias, or one of ``known``) counts;
    where none does, the image's own folder is the name, known or not.
    """
    crops, refused = [], []
    for path, relative in images_below(root):
        folders = [class_name(part) for part in reversed(relative.parts[:-1])]
        if folders:
            name = next((f for f in folders if f in known or is_class(f)), folders[0])
            crops.append((path, name))
        else:
            refused.append(Refused(path, "", IN_NO_FOLDER))
    if not crops:
        raise LabelError(f"{root}: no class folder with images; expected such as {root}/masked/")
    return NamedCrops(root, tuple(crops), tuple(refused), notes_on(root))


def read_identities(root: Path) -> NamedCrops:
    """Images by person: the folders right below ``root`` are the classes.

    Folders that begin with ``_`` are those in which a sorted album keeps unnamed faces, such as
    ``_unsure`` and ``_strangers``: left out.
    """
    crops, refused = [], []
    for path, relative in images_below(root):
        folder = relative.parts[0] if len(relative.parts) > 1 else ""
        if not folder:
            refused.append(Refused(path, "", IN_NO_FOLDER))
        elif folder.startswith("_"):
            refused.append(Refused(path, folder, "in a folder that begins with _"))
        else:
            crops.append((path, class_name(folder)))
    if not crops:
        raise LabelError(f"{root}: no folder with images; expected one a child: {root}/child_1/")
    return NamedCrops(root, tuple(crops), tuple(refused), notes_on(root))


OUTSIDE = "outside the folder of the table"


def read_table(table: Path, anywhere: bool = False) -> NamedCrops:
    """The rows ``image,class`` of a CSV; images are looked for below its own folder.

    A whole path (``/data/crops/1.jpg``) means that file. One outside the folder is taken only where
    ``anywhere`` allows it: a table that came with others' data must not gather private photos.
    """
    rows = _rows(table)
    images = {_key(str(relative)): path for path, relative in images_below(table.parent)}
    classes: dict[str, set[str]] = defaultdict(set)
    for image, name in rows:
        classes[image].add(name)
    crops, refused, seen = [], [], set[str]()
    base = Path(os.path.abspath(table.parent))
    for image, name in rows:
        path = images.get(image) or _by_whole_path(image, base, images)
        if path is None and Path(image).is_absolute() and Path(image).is_file():
            if not anywhere:
                refused.append(Refused(Path(image), name, OUTSIDE))
                continue
            path = Path(image)
        problem = _problem(path is not None, image in seen, name, classes[image])
        seen.add(image)
        if path is None or problem:
            refused.append(Refused(path or table.parent / image, name, problem))
        else:
            crops.append((path, name))
    return NamedCrops(table.parent, tuple(crops), tuple(refused), _unnamed(images, classes))


def _by_whole_path(image: str, base: Path, images: Mapping[str, Path]) -> Path | None:
    path = Path(os.path.normpath(image))
    return images.get(_key(str(path.relative_to(base)))) if path.is_relative_to(base) else None


def find_table(folder: Path) -> Path:
    """The one CSV in ``folder`` with the columns of `TABLE_COLUMNS`."""
    found = [path for path in sorted(folder.glob("*.csv")) if _has_columns(path)]
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise UsageError(f"{folder}: {names} with columns image,class; pass the CSV itself")
    return found[0]


def _problem(is_there: bool, again: bool, name: str, names: set[str]) -> str:
    if not is_there:
        return "not there"
    if len(names) > 1:
        return "two classes in the table"
    if again:
        return "named twice in the table"
    return "" if name else "no class in the table"


def _rows(table: Path) -> list[tuple[str, str]]:
    """(image, class) of every row that names an image."""
    rows = named_crops.read(table, *TABLE_COLUMNS)
    return [
        (_key(row["image"]), plain_text(row["class"] or ""))
        for row in rows
        if (row["image"] or "").strip()
    ]


def _key(path: str) -> str:
    return str(PurePosixPath(plain_text(path).replace("\\", "/")))


def _unnamed(images: Collection[str], named: Collection[str]) -> tuple[str, ...]:
    count = len(set(images) - set(named))
    return (f"{count:,} images beside the table are not named in it",) if count else ()


def _has_columns(path: Path) -> bool:
    try:
        named_crops.read(path, *TABLE_COLUMNS)
    except LabelError:
        return False
    return True
