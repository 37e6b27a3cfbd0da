"""Face lists for tests: made up by hypothesis, and compared."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from facesort.labels.widerface.face_list import LANDMARKS, FaceList, ListedImage

WIDER_VAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "widerface_val"

whole_px = st.integers(0, 5000)
any_px = whole_px | st.floats(0, 5000)  # lists say whole pixels, other tools write others
stem = st.text(st.characters(categories=["L", "N"]) | st.sampled_from(" _-.#()"), max_size=12)


def names() -> st.SearchStrategy[str]:
    """Paths of images, some in a folder, some with blanks, dots and letters of any script."""
    file = stem.map(lambda text: f"a{text}b.jpg")
    return st.one_of(file, st.builds("{}/{}".format, stem.map(lambda t: f"0--{t}e"), file))


@st.composite
def face_lists(draw, columns: Sequence[str], value, landmarks: bool = False) -> FaceList:
    """Lists of up to four images. No face begins at 0, so none is a placeholder."""
    images = []
    for name in draw(st.lists(names(), max_size=4, unique=True)):
        n = draw(st.integers(0, 4))
        boxes = [[1 + draw(any_px), *(draw(any_px) for _ in range(3))] for _ in range(n)]
        values = np.array([[draw(value) for _ in columns] for _ in range(n)], dtype=float)
        points = [[draw(point()) for _ in range(LANDMARKS)] for _ in range(n)] if landmarks else ()
        images.append(ListedImage.of(name, boxes, values.reshape(n, len(columns)), points))
    return FaceList(tuple(columns), tuple(images))


def point() -> st.SearchStrategy[tuple[float, float, float]]:
    marked = st.tuples(any_px.map(float), any_px.map(float), st.sampled_from([0.0, 1.0]))
    return st.just((-1.0, -1.0, -1.0)) | marked


def as_dict(faces: FaceList) -> dict[str, list[NDArray[np.float64]]]:
    return {p.name: [p.xywh_px, p.attributes, p.landmarks] for p in faces.images}


def assert_same(a: FaceList, b: FaceList) -> None:
    """Same columns, images and faces; an image without a face has no landmarks to compare."""
    assert a.columns == b.columns
    left, right = as_dict(a), as_dict(b)
    assert left.keys() == right.keys()
    for name, arrays in left.items():
        for one, other in zip(arrays, right[name], strict=True):
            assert len(one) == len(other)
            np.testing.assert_array_equal(one.ravel(), other.ravel())


def image(name: str, boxes, attributes=None, landmarks=()) -> ListedImage:
    if attributes is None:
        attributes = np.zeros((len(boxes), 6))
    return ListedImage.of(name, boxes, attributes, landmarks)
