"""Pascal VOC xml, as labelImg writes it: one file an image, absolute pixels.

Format: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html . ``xmin`` and
``ymin`` are taken as edges from 0 (labelImg writes them so), not as pixel numbers from 1.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from facesort.boxes import SizeWH
from facesort.errors import LabelError
from facesort.labels.image_labels import ImageLabels

_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def read(xml: Path, images: Path, class_of: Callable[[int, str], int]) -> ImageLabels:
    """Read one annotation file.

    ``class_of(object_index, name)`` gives each object's class index; ``images`` is the folder of
    the pictures. Raises `LabelError` for what is not VOC, naming the object (counted from 0).
    """
    try:
        root = ElementTree.parse(xml).getroot()
    except ElementTree.ParseError as error:
        raise LabelError(f"{xml}: not an XML file ({error}); expected Pascal VOC") from None
    boxes, classes = [], []
    for index, item in enumerate(root.iter("object")):
        where = f"{xml}: object {index}"
        boxes.append(_box(item, where))
        classes.append(class_of(index, (item.findtext("name") or "").strip()))
    name = root.findtext("filename") or f"{xml.stem}.jpg"
    return ImageLabels.of(images / Path(name).name, _size(root, str(xml)), boxes, classes)


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


def render(labels: ImageLabels, names: tuple[str, ...]) -> str:
    """The xml text of one image's labels, in labelImg's element order."""
    root = ElementTree.Element("annotation")
    ElementTree.SubElement(root, "folder").text = labels.path.parent.name
    ElementTree.SubElement(root, "filename").text = labels.path.name
    size = ElementTree.SubElement(root, "size")
    for tag, value in zip(("width", "height", "depth"), (*labels.size_wh, 3), strict=True):
        ElementTree.SubElement(size, tag).text = str(value)
    for class_id, box in zip(labels.class_id, labels.xyxy_px, strict=True):
        item = ElementTree.SubElement(root, "object")
        ElementTree.SubElement(item, "name").text = names[class_id]
        for tag in ("truncated", "difficult"):
            ElementTree.SubElement(item, tag).text = "0"
        bndbox = ElementTree.SubElement(item, "bndbox")
        for tag, value in zip(_CORNERS, box, strict=True):
            ElementTree.SubElement(bndbox, tag).text = f"{value:g}"
    ElementTree.indent(root, "\t")
    return ElementTree.tostring(root, encoding="unicode") + "\n"
