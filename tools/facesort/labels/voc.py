"""Pascal VOC xml, as labelImg writes it: one file an image, absolute pixels.

Format: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html . ``xmin`` and
``ymin`` are taken as edges from 0 (labelImg writes them so), not as pixel numbers from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree

from facesort import xml_file
from facesort.boxes import SizeWH
from facesort.errors import LabelError
from facesort.labels import extras
from facesort.labels.class_table import IGNORE_NAME
from facesort.labels.extras import FLAGS, Extras
from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet
from facesort.labels.resolve import RawAnnotation, RawBox, ReadError, Reading, resolve

_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_EXPECTED = ("annotation", "Pascal VOC")


def read(xml: Path, images: Path, class_of: Callable[[int, str], int]) -> ImageLabels:
    """Read one annotation file.

    ``class_of(object_index, name)`` gives each object's class index; ``images`` is the folder of
    the images. Raises `LabelError` for what is not VOC, naming the object (counted from 0).
    """
    root = xml_file.load(xml, *_EXPECTED)
    boxes, classes = [], []
    for index, item in enumerate(root.iter("object")):
        where = f"{xml}: object {index}"
        boxes.append(_box(item, where))
        classes.append(class_of(index, (item.findtext("name") or "").strip()))
    name = root.findtext("filename") or f"{xml.stem}.jpg"
    return ImageLabels.of(images / Path(name).name, _size(root, str(xml)), boxes, classes)


def read_folder(folder: Path, reading: Reading) -> LabelSet:
    """Every ``*.xml`` below ``folder`` (or that one file), the classes in alphabetical order."""
    files = sorted(folder.rglob("*.xml")) if folder.is_dir() else [folder]
    root = folder if folder.is_dir() else folder.parent
    return resolve([_raw(file, file.relative_to(root)) for file in files], reading)


def _raw(xml: Path, shown: Path) -> RawAnnotation | ReadError:
    try:
        root = xml_file.load(xml, *_EXPECTED)
    except LabelError as error:
        return ReadError(str(error))
    boxes = [_raw_box(item, f"{shown}: object {i}") for i, item in enumerate(root.iter("object"))]
    # Exporters may leave the name out, or change it without telling; the xml's own name stays
    name = (root.findtext("filename") or "").strip() or xml.stem
    return RawAnnotation(name, boxes, _size_or_none(root), shown.parent.as_posix(), also=xml.stem)


def raw_boxes(data: bytes, where: str) -> tuple[list[RawBox], SizeWH | None]:
    """The boxes of an xml's bytes, and the image's size where it is given."""
    root = xml_file.parse(data, where, *_EXPECTED)
    boxes = [_raw_box(item, f"{where}: object {i}") for i, item in enumerate(root.iter("object"))]
    return boxes, _size_or_none(root)


def _raw_box(item: ElementTree.Element, where: str) -> RawBox:
    name = (item.findtext("name") or "").strip()
    try:
        values = [float(item.findtext(f"bndbox/{tag}") or "nothing") for tag in _CORNERS]
    except ValueError:
        return RawBox(name, where=where, problem=f"has no four numbers {', '.join(_CORNERS)}")
    return RawBox(name, values, where, extras=_extras(item, name))


def _extras(item: ElementTree.Element, name: str) -> Extras:
    """The flags of VOC, and the attributes that CVAT and Datumaro write beside them."""
    flags = {flag: extras.is_true(item.findtext(flag)) for flag in FLAGS}
    if name == IGNORE_NAME:
        flags["difficult"] = False  # how `render` marks it
    listed = item.findall("attributes/attribute")
    named = {(a.findtext("name") or "").strip(): (a.findtext("value") or "") for a in listed}
    return extras.from_named({n: v for n, v in named.items() if n}, extras.with_flags(flags))


def _box(item: ElementTree.Element, where: str) -> list[float]:
    try:
        x1, y1, x2, y2 = (float(item.findtext(f"bndbox/{tag}") or "nothing") for tag in _CORNERS)
    except ValueError:
        raise LabelError(f"{where}: bndbox needs four numbers: {', '.join(_CORNERS)}") from None
    for low, high, axis in ((x1, x2, "x"), (y1, y2, "y")):
        if low >= high:
            raise LabelError(f"{where}: {axis}min {low:g} >= {axis}max {high:g} (pixels)")
    return [x1, y1, x2, y2]


def _size(root: ElementTree.Element, where: str) -> SizeWH:
    try:
        return int(root.findtext("size/width") or ""), int(root.findtext("size/height") or "")
    except ValueError:
        raise LabelError(f"{where}: size needs width and height in pixels") from None


def _size_or_none(root: ElementTree.Element) -> SizeWH | None:
    """Some exporters leave the size out or write zeros."""
    try:
        size_wh = _size(root, "")
    except LabelError:
        return None
    return size_wh if min(size_wh) > 0 else None


def write_folder(labels: LabelSet, annotations: Path) -> None:
    """One xml an image below ``annotations``, in the folders the images have below the root."""
    taken = set()
    for image in labels.images:
        file = annotations / labels.relative(image.path).with_suffix(".xml")
        if file in taken:  # a.jpg and a.png; the xml itself names its image
            file = file.with_name(f"{image.path.name}.xml")
        taken.add(file)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(render(image, labels.names), encoding="utf-8")


def render(labels: ImageLabels, names: tuple[str, ...]) -> str:
    """The xml text of one image's labels, in labelImg's element order; a face of unknown class is
    called ``ignore`` and is difficult."""
    root = ElementTree.Element("annotation")
    ElementTree.SubElement(root, "folder").text = labels.path.parent.name
    ElementTree.SubElement(root, "filename").text = labels.path.name
    size = ElementTree.SubElement(root, "size")
    for tag, length in zip(("width", "height", "depth"), (*labels.size_wh, 3), strict=True):
        ElementTree.SubElement(size, tag).text = str(length)
    for class_id, box, more in labels.rows():
        item = ElementTree.SubElement(root, "object")
        ignored = class_id == IGNORE
        ElementTree.SubElement(item, "name").text = IGNORE_NAME if ignored else names[class_id]
        ElementTree.SubElement(item, "pose").text = "Unspecified"
        ElementTree.SubElement(item, "truncated").text = str(int(more.truncated))
        ElementTree.SubElement(item, "difficult").text = str(int(ignored or more.difficult))
        if more.occluded:
            ElementTree.SubElement(item, "occluded").text = "1"
        bndbox = ElementTree.SubElement(item, "bndbox")
        for tag, value in zip(_CORNERS, box, strict=True):
            ElementTree.SubElement(bndbox, tag).text = _number(value)
        # of an ignored box, VOC's own field says only that
        _add_attributes(item, more.named(apart=FLAGS[:2] if ignored else FLAGS))
    ElementTree.indent(root, "\t")
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_attributes(item: ElementTree.Element, named: Mapping[str, str]) -> None:
    parent = ElementTree.SubElement(item, "attributes") if named else item
    for name, value in named.items():
        attribute = ElementTree.SubElement(parent, "attribute")
        ElementTree.SubElement(attribute, "name").text = name
        ElementTree.SubElement(attribute, "value").text = value


def _number(value: float) -> str:
    """To a hundredth: 303.9998, which comes of YOLO's six digits, is 303 to labelImg."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
