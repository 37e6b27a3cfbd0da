"""Put face encoders together in one file, and measure how alike strangers are to it.

    python tools/fuse_encoders.py --encoders runs/sface.onnx runs/retail.onnx \\
        --store int8 float16 --dimensions 192 --data runs/faces.npz \\
        --out weights/face_embedding.onnx

--data are the faces that train_embedder.py gathered. People who were trained on say in which
--dimensions people differ; people whom nothing was trained on (validation), how alike two strangers
are who are bare, masked or in sunglasses.
"""

from __future__ import annotations

import json
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from facesort import console

STORES = ("int8", "float16", "float32")


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("--encoders", type=console.path, nargs="+", required=True, help="one .onnx or more")
    add("--parts", type=float, nargs="+", help="weight of each one's cosine (default: alike)")
    add("--store", nargs="+", choices=STORES, help="each one's weights in the file")
    add("--mirror", action="store_true", help="look at the mirror image, too: twice the time")
    add("--dimensions", type=int, help="numbers a face, fewer than all encoders' (default: all)")
    add("--data", type=console.path, required=True, help="gathered faces (.npz)")
    add("--out", type=console.path, required=True, help="result (.onnx)")
    add("--name", default="face_embedding", help="for the file's metadata")
    add("--licence", help="for the file's metadata (default: those of the encoders)")
    add("--origin", default="not stated", help="for the file's metadata")
    args = parser.parse_args(argv)
    for name in ("parts", "store"):
        given = getattr(args, name)
        if given is not None and len(given) != len(args.encoders):
            parser.error(f"--{name}: {len(given)} for {len(args.encoders)} encoders")
    return args


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    import onnx

    from facesort.files import move
    from facesort.models import encoders
    from facesort.models.people import gather
    from facesort.models.people.cutouts import CROP_TEMPLATE_PX
    from facesort.models.people.embed import load_embedder
    from facesort.models.people.fuse import Part, fuse
    from facesort.models.people.similarity_norm import DEFAULT
    from facesort.models.people.trainable import load_graph

    n = len(args.encoders)
    weights, stores = args.parts or [1.0] * n, args.store or ["float32"] * n
    specs = [load_embedder(path).spec for path in args.encoders]
    rows = zip(args.encoders, specs, weights, stores, strict=True)
    parts = [Part(load_graph(p), spec, w, args.mirror, s) for p, spec, w, s in rows]
    data = gather.load(args.data)
    metadata = {
        encoders.META_MEAN: "0",
        encoders.META_SCALE: "1",
        encoders.META_TEMPLATE: json.dumps(CROP_TEMPLATE_PX.round(4).tolist()),
        encoders.META_NAME: args.name,
        encoders.META_LICENCE: args.licence
        or ", ".join(dict.fromkeys(spec.licence for spec in specs)),
        "facesort_origin": args.origin,
    }
    unknown = DEFAULT.to_json()
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "draft.onnx"

        def write(model, similarity_norm: str) -> None:
            onnx.helper.set_model_props(model, metadata | {encoders.META_LIKENESS: similarity_norm})
            onnx.save(model, str(draft))

        write(fuse(parts), unknown)
        if args.dimensions:
            found = projection(load_embedder(draft), data, args.dimensions)
            write(fuse(parts, found), unknown)
        similarity_norm = strangers(load_embedder(draft), data).to_json()
        write(onnx.load(str(draft)), similarity_norm)
        move(draft, args.out)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")
    print(f"{encoders.META_LIKENESS}: {similarity_norm}")


def projection(embedder, data, dimensions: int):
    """(d, dimensions) by people who were trained on, bare and in real masks."""
    import numpy as np

    from facesort.dataset.people_split import PARTS, TRAIN
    from facesort.models.people.gather import UNKNOWN
    from facesort.models.people.projection import fit_projection

    known = (data.part == PARTS.index(TRAIN)) & (data.person != UNKNOWN)
    rows = np.flatnonzero(known)
    none = np.empty((0, embedder.dimensions), dtype=np.float32)
    vectors = np.concatenate([none, *(embedder.embed(data.crops[row][None]) for row in rows)])
    return fit_projection(vectors, data.person[rows], dimensions)


def strangers(embedder, data):
    """`SimilarityNorm` of validation people in real masks and without, as `embedder` sees them;
    with real sunglasses put on some."""
    import numpy as np

    from facesort.dataset.people_split import PARTS, VALIDATION
    from facesort.errors import DatasetError
    from facesort.models.people import similarity_norm
    from facesort.models.people.calibration_faces import of_states

    kept_apart = data.part == PARTS.index(VALIDATION)
    faces, person, state = of_states(data, kept_apart, np.random.default_rng(0))
    vectors = np.concatenate([embedder.embed(face[None]) for face in faces])
    try:
        return similarity_norm.measure(vectors, person, state)
    except ValueError as error:
        raise DatasetError(f"--data: validation people: {error}") from error


if __name__ == "__main__":
    console.run(main)
