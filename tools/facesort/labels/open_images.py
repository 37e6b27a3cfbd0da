"""Open Images CSV: a row a box in shares of the image, classes by their codes (``/m/0dzct``).

Format: https://storage.googleapis.com/openimages/web/download_v7.html . What the codes mean is in a
second file, ``*class-descriptions*.csv``, which lies beside the first or just above it. A box
around a group of things (``IsGroupOf``) is one of unknown class. Their ``Confidence`` is 1 for
every box that a person drew, so 1 tells nothing. Images without a box are in no row: what is
written has a list of all images, and such a list is read for the images that are there.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from facesort import csv_files
from facesort.errors import LabelError
from facesort.labels import extras
from facesort.labels.class_table import IGNORE_NAME
from facesort.labels.extras import Extras, as_share, is_true
from facesort.labels.image_finder import Images
from facesort.labels.image_labels import IGNORE, LabelSet
from facesort.labels.resolve import RawAnnotation, RawBox, ReadError, Reading, resolve

EDGES = ("XMin", "XMax", "YMin", "YMax")
FLAGS = ("IsOccluded", "IsTruncated", "IsGroupOf", "IsDepiction", "IsInside")
COLUMNS = ("ImageID", "Source", "LabelName", "Confidence", *EDGES, *FLAGS)
NEEDED = ("ImageID", "LabelName", *EDGES)
IMAGE_COLUMNS = tuple(
    "ImageID Subset OriginalURL OriginalLandingURL License AuthorProfileURL Author Title "
    "OriginalSize OriginalMD5 Thumbnail300KURL Rotation".split()
)
EXPECTED = f"Open Images: {','.join(COLUMNS)}"
_AS_ATTRIBUTES = ("IsDepiction", "IsInside")
BOXES_FILE, CLASSES_FILE = "-annotations-bbox.csv", "class-descriptions.csv"
IMAGES_FILE = "-images-with-rotation.csv"  # the first and last begin with the subset


def is_open_images(start: bytes) -> bool:
    """By the first bytes of a file."""
    columns = set(start.splitlines()[0].decode("utf-8", "replace").split(",")) if start else set()
    return set(NEEDED) <= {column.strip().strip('"') for column in columns}


def read(source: Path, reading: Reading) -> LabelSet:
    """The CSV of boxes, or those of a folder, with the class descriptions near them."""
    folder = source if source.is_dir() else source.parent
    files = sorted(source.rglob("*.csv")) if source.is_dir() else [source]
    meaning = _descriptions(folder)
    rows: dict[str, list[RawBox]] = defaultdict(list)
    listed: list[str] = []
    bad: list[RawAnnotation | ReadError] = []
    for file in files:
        columns, lines = _table(file)
        if set(NEEDED) <= set(columns):
            _add_boxes(lines, file.name, meaning, rows, bad)
        elif file == source:
            missing = ", ".join(name for name in NEEDED if name not in columns)
            raise LabelError(f"{file}: has no column {missing}; expected {EXPECTED}")
    subset = source.name.removesuffix(BOXES_FILE) if source.name.endswith(BOXES_FILE) else ""
    for file in sorted(folder.rglob("*.csv")):
        if not file.name.startswith(subset):
            continue  # the images of another subset
        columns, lines = _table(file)
        if columns[:2] == list(IMAGE_COLUMNS[:2]):
            listed += [row["ImageID"] for row in lines if row.get("ImageID")]
    items = [RawAnnotation(name, boxes, normalised=True) for name, boxes in rows.items()]
    empty = [name for name in dict.fromkeys(listed) if name not in rows]
    if empty:
        there = Images(reading.images)
        found = [name for name in empty if isinstance(there.find(name), Path)]
        items += [RawAnnotation(name, [], normalised=True) for name in found]
    return resolve([*items, *bad], reading)


def _table(file: Path) -> tuple[list[str], Iterator[dict[str, str]]]:
    """Columns and rows; raises `LabelError` for what is no text."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        columns, rows = csv_files.read_rows(io.StringIO(text, newline=""))
        return [column.strip() for column in columns], _checked(rows, file)
    except UnicodeDecodeError as error:
        raise LabelError(f"{file}: no text in UTF-8; expected {EXPECTED}") from error
    except OSError as error:
        raise LabelError(f"{file}: cannot be read ({error.strerror})") from error
    except csv.Error as error:
        raise LabelError(f"{file}: no CSV ({error}); expected {EXPECTED}") from error


def _checked(rows: Iterator[dict[str, str]], file: Path) -> Iterator[dict[str, str]]:
    try:
        for row in rows:
            yield {column.strip(): cell.strip() for column, cell in row.items()}
    except csv.Error as error:
        raise LabelError(f"{file}: no CSV ({error}); expected {EXPECTED}") from error


def _descriptions(folder: Path) -> dict[str, str]:
    """{code: name}; a header of LabelName, DisplayName may be there or not."""
    for place in (folder, folder.parent, folder / "metadata", folder.parent / "metadata"):
        for file in sorted(place.glob("*class-descriptions*.csv")):
            try:
                text = file.read_text(encoding="utf-8-sig")
                rows = list(csv.reader(io.StringIO(text, newline="")))
            except (OSError, UnicodeDecodeError, csv.Error):
                continue
            pairs = [[csv_files.unescape(cell).strip() for cell in row] for row in rows]
            named = {row[0]: row[1] for row in pairs if len(row) >= 2 and row[0] and row[1]}
            named.pop("LabelName", None)
            return named
    return {}


def _add_boxes(
    lines: Iterator[dict[str, str]],
    where: str,
    meaning: Mapping[str, str],
    rows: dict[str, list[RawBox]],
    bad: list[RawAnnotation | ReadError],
) -> None:
    for number, row in enumerate(lines, 2):
        place = f"{where}: line {number}"
        if row.get("ImageID"):
            rows[row["ImageID"]].append(_box(row, place, meaning))
        else:
            bad.append(ReadError(f"{place}: names no image", 1, "box of no image"))


def _box(row: Mapping[str, str], where: str, meaning: Mapping[str, str]) -> RawBox:
    code = row.get("LabelName", "")
    name = IGNORE_NAME if row.get("IsGroupOf") == "1" else meaning.get(code, code)
    try:
        x1, x2, y1, y2 = (float(row.get(edge) or "nothing") for edge in EDGES)
    except ValueError:
        return RawBox(name, where=where, problem=f"has no four numbers {', '.join(EDGES)}")
    confidence = as_share(row.get("Confidence"))
    given = Extras(
        confidence=None if confidence == 1 else confidence,
        occluded=row.get("IsOccluded") == "1",
        truncated=row.get("IsTruncated") == "1",
    )
    named = {flag: "1" for flag in _AS_ATTRIBUTES if row.get(flag) == "1"}
    xywhn = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]
    return RawBox(name, xywhn, where, extras=extras.from_named(named, given))


def write(labels: LabelSet, folder: Path) -> None:
    """The boxes, what the classes are called, and all images, of the subset that the folder above
    is called; ids are their paths below the root without suffix, with it where two would be one."""
    folder.mkdir(parents=True, exist_ok=True)
    subset = folder.parent.name
    with (folder / f"{subset}{BOXES_FILE}").open("w", encoding="utf-8", newline="") as file:
        writer = csv_files.Writer(file)
        writer.writerow(COLUMNS)
        ids = _ids(labels)
        for image, image_id in zip(labels.images, ids, strict=True):
            width, height = image.size_wh
            for class_id, (x1, y1, x2, y2), more in image.rows():
                edges = (x1 / width, x2 / width, y1 / height, y2 / height)
                ignored = class_id == IGNORE
                name = IGNORE_NAME if ignored else labels.names[class_id]
                confidence = 1 if more.confidence is None else repr(more.confidence)
                named = dict(more.attributes)
                flags = [more.occluded, more.truncated, ignored]
                flags += [is_true(named.get(flag)) for flag in _AS_ATTRIBUTES]
                row = [image_id, "xclick", name, confidence, *map(repr, edges), *map(int, flags)]
                writer.writerow(row)
    with (folder / CLASSES_FILE).open("w", encoding="utf-8", newline="") as file:
        csv_files.Writer(file).writerows([name, name] for name in labels.names)
    with (folder / f"{subset}{IMAGES_FILE}").open("w", encoding="utf-8", newline="") as file:
        writer = csv_files.Writer(file)
        writer.writerow(IMAGE_COLUMNS)
        writer.writerows([image_id, subset, *[""] * 10] for image_id in ids)


def _ids(labels: LabelSet) -> list[str]:
    names = [labels.relative(image.path).as_posix() for image in labels.images]
    plain = [str(PurePosixPath(name).with_suffix("")) for name in names]
    count = Counter(plain)
    return [name if count[stem] > 1 else stem for name, stem in zip(names, plain, strict=True)]
