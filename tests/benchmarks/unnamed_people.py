"""How well are people found in an album of which nobody gave an example?

    python tests/benchmarks/nameless.py --people DIR --strangers DIR --finder face.pt \\
        --weights weights/face_embedding.onnx --faces runs/people_faces.npz

The albums of people.py, without its examples. B-cubed precision and recall (Bagga & Baldwin 1998)
over all faces, those in _unsure and _strangers each alone; ``folders``: faces that are in a
person's folder, of those that show the nine, and of all faces in folders those that are right.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

import numpy as np
from people import albums, faces, vectors_of

from facesort import console
from facesort.album.person.clustering import find_people
from facesort.album.person.examples import Examples
from facesort.album.person.gallery import build
from facesort.album.person.identification import AlbumFaces, classify_album
from facesort.album.person.quality import Quality
from facesort.models.people.embed import load_embedder
from facesort.models.people.similarity_norm import SimilarityNorm

GOOD = Quality(112, 300, 0)


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("--people", type=console.path, required=True)
    add("--strangers", type=console.path, required=True, help="people with one photo, in a folder")
    add("--finder", type=console.path, required=True, help="finds faces and five points (.pt)")
    add("--weights", type=console.path, required=True, help="embedding (.onnx)")
    add("--faces", type=console.path, required=True, help="drawn faces are kept here (.npz)")
    add("--half", choices=["first", "second"], default="second", help="first: to tune on")
    add("--precision", type=console.fraction, default=0.98)
    add("--albums", type=int, default=60)
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    drawn = faces(args)
    vectors = vectors_of(args.weights, drawn.faces)
    likeness = load_embedder(args.weights).likeness
    single = np.array([name.startswith("~") for name in drawn.names])
    mine = drawn.person % 2 == (args.half == "second")
    rows = []
    for _, found in albums(drawn.person, mine, single, 0, 0.0, args.albums):
        row, state, child, photo = found.T
        album = AlbumFaces(vectors[row, state], state, photo, (GOOD,) * len(row))
        rows.append(figures(folders(album, likeness, args.precision), drawn.person[row], child))
    print("faces  B3 precision  B3 recall  in folders  right there  folders  holding the nine")
    cells = "{:5.0f}  {:12.3f}  {:9.3f}  {:10.3f}  {:11.3f}  {:7.1f}  {:16.1f}"
    print(cells.format(*np.mean(rows, axis=0)))


def folders(album: AlbumFaces, likeness: SimilarityNorm, precision: float) -> np.ndarray:
    """The number of each face's folder, -1 for nobody's."""
    none = np.empty(0, dtype=np.int64)
    found = find_people(album, Examples(album.vectors[:0], none, none), likeness)
    known = Examples(
        np.concatenate([one.vectors for one in found]),
        np.repeat(np.arange(len(found)), [len(one) for one in found]),
        np.concatenate([one.state for one in found]),
    )
    names = [f"{i}" for i in range(len(found))]
    judged = classify_album(build(known, len(found), likeness), names, album, precision)
    return np.array([int(one.folder) if one.folder in names else -1 for one in judged])


def figures(folder: np.ndarray, person: np.ndarray, child: np.ndarray) -> list[float]:
    alone = np.where(folder < 0, np.arange(len(folder)) + folder.max() + 1, folder)
    together, same = alone[:, None] == alone[None, :], person[:, None] == person[None, :]
    right = (together & same).sum(axis=1)
    filed = folder >= 0
    main = [person[folder == one] for one in np.unique(folder[filed])]
    right_there = sum(int(np.bincount(one).max()) for one in main)
    of_nine = [one for one in np.unique(folder[filed]) if (child[folder == one] >= 0).mean() > 0.5]
    return [
        len(folder),
        (right / together.sum(axis=1)).mean(),
        (right / same.sum(axis=1)).mean(),
        filed[child >= 0].mean(),
        right_there / max(filed.sum(), 1),
        len(main),
        len(of_nine),
    ]


if __name__ == "__main__":
    console.run(main)
