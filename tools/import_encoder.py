"""Make a published face encoder usable here: one .onnx, with what it wants in its metadata.

    python tools/import_encoder.py --weights face_recognition_sface_2021dec.onnx --as sface \\
        --out runs/sface.onnx

The result can be passed to sort_photos.py --encoder, measured by the encoder benchmark and
trained further by train_embedder.py. That it says what the original says is checked.
"""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence

from facesort import console
from facesort.errors import ModelError

MOST_OFF = 1e-4  # of a cosine: rounding


def arguments(argv: Sequence[str]) -> Namespace:
    from facesort.models.people.published import PUBLISHED

    parser = console.parser(__doc__)
    add = parser.add_argument
    add("--weights", type=console.path, required=True, help="the published file (.onnx)")
    add("--as", dest="kind", choices=sorted(PUBLISHED), required=True, help="which one it is")
    add("--out", type=console.path, required=True, help="result (.onnx)")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    import numpy as np
    import onnx

    from facesort.models import encoders
    from facesort.models.people.embed import load_embedder
    from facesort.models.people.fold import fold
    from facesort.models.people.published import PUBLISHED, same_cosine
    from facesort.models.people.trainable import load_graph

    published = PUBLISHED[args.kind]
    folded, mean, scale = fold(load_graph(args.weights, check=False))
    if not mean.any() and (scale == 1).all():
        mean, scale = np.broadcast_to(published.mean, 3), np.broadcast_to(published.scale, 3)
    metadata = {
        encoders.META_MEAN: json.dumps(np.round(mean, 6).tolist()),
        encoders.META_SCALE: json.dumps(np.round(scale, 6).tolist()),
        encoders.META_ORDER: published.order,
        encoders.META_TEMPLATE: json.dumps(np.round(published.template_px, 4).tolist()),
        encoders.META_NAME: args.kind,
        encoders.META_LICENCE: published.licence,
    }
    onnx.helper.set_model_props(folded, metadata)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(folded, str(args.out))
    cosine = same_cosine(args.weights, load_embedder(args.out), published)
    if not cosine > 1 - MOST_OFF:
        raise ModelError(f"{args.weights}: is no {args.kind}: folded, cosine {cosine:.4f} with it")
    print(f"{args.out}: {args.kind}, cosine {cosine:.6f} with {args.weights}")


if __name__ == "__main__":
    console.run(main)
