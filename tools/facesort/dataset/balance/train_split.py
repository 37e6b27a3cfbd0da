"""The training split as balancing sees it: what can be read, and one line for each that cannot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from facesort.dataset.balance.sampling import Ints, count_classes, stack
from facesort.dataset.split import TRAIN
from facesort.dataset.yolo_dataset import Layout
from facesort.errors import DatasetError, LabelError, PhotoError
from facesort.labels import yolo
from facesort.labels.image_labels import ImageLabels
from facesort.photos import open_photo
from facesort.progress import Step, no_step


@dataclass(frozen=True, eq=False)
class TrainSplit:
    """The images of the training split that can be read, ``inside`` its folder, and their labels.

    ``left_out`` says, one line each, what cannot be read; ``notes`` what is odd but used.
    """

    names: tuple[str, ...]
    inside: tuple[Path, ...]
    labels: tuple[ImageLabels, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def counts(self) -> Ints:
        """Boxes of each class in each image, (images, classes)."""
        size = len(self.names)
        return stack([count_classes(labels, size) for labels in self.labels], size)


def read_train(layout: Layout, step: Step = no_step) -> TrainSplit:
    """Read every image and label of the training split; raises `DatasetError` if none is left."""
    placed = [p for p in layout.images if p.split == TRAIN]
    inside, labels, left_out, unlabelled = [], [], [], []
    for image in step(placed, len(placed), "photo"):
        try:
            size_wh = open_photo(image.path, min_long_side_px=1).size_wh
            labels.append(yolo.read(image.path, size_wh, len(layout.names)))
        except (PhotoError, LabelError, PermissionError) as error:
            left_out.append(str(error))
            continue
        inside.append(image.inside)
        if not yolo.label_path_of(image.path).exists():
            unlabelled.append(image.path)
    if not labels:
        why = f"; the first of {len(left_out)} reasons: {left_out[0]}" if left_out else ""
        raise DatasetError(f"{layout.file}: train has no image that can be used{why}")
    notes = [f"{split}: {where} has no image: left out" for split, where in layout.missing]
    if unlabelled:
        notes.append(
            f"images without a label file, taken as without a face: {len(unlabelled):,}, "
            f"the first {unlabelled[0]}"
        )
    return TrainSplit(layout.names, tuple(inside), tuple(labels), tuple(left_out), tuple(notes))
