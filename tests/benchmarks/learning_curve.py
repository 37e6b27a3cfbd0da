"""How many labels a picked batch saves: average precision by labels, picked and at random.

    python tests/benchmarks/learning_curve.py --images photos/wild --trunk yolov8n-face.pt

Of a YOLO folder, a third (by groups of near-duplicates) is for judging. The rest begins without
labels; rounds of --batch images are labelled, at random or as label_images.py --next picks them,
and a light head learns the classes anew. The head is a logistic regression on what a face
detector's frozen trunk sees in each face; that detector finds the faces and never saw a class. So
this shows what labels teach about classes. It does not show how boxes are learned, nor the
fine-tuning of a whole network. Writes curve.png and curve.json, and features.npz, which --features
reads instead of the images.
Exit code: 0 the bar is reached, 1 not, 2 usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import held_back
import numpy as np

sys.path.insert(0, str(held_back.ROOT / "tools"))

from facesort import console
from facesort.boxes import as_boxes, iou_matrix
from facesort.classes import CLASS_NAMES
from facesort.dataset.next_images import Candidate, choose, looks_of
from facesort.dataset.splits import group_by_hash, perceptual_hash
from facesort.labels import yolo
from facesort.models.letterbox import decode, letterbox
from facesort.photos import list_photos, open_photo

BAR = 0.6  # of the labels that random needs
CLASSES = len(CLASS_NAMES)
NOTHING = CLASSES  # what a box is that the detector found beside every face
CONF = 0.2
LAYERS = ((15, 8, 4), (18, 16, 2))  # of yolov8n's trunk: layer, stride, cells a side of a face
PARTS = 128  # principal components of the features
RIDGE = 1e-2
TEST_SHARE = 3  # every third group


@dataclass(frozen=True, eq=False)
class Image:
    """``features`` and ``looks`` are of the boxes the detector found; ``said`` (n,) is the class of
    the labelled face each means, or `NOTHING`; ``labels`` are the classes of all its faces."""

    name: str
    phash: int
    labels: np.ndarray
    said: np.ndarray
    confidence: np.ndarray
    features: np.ndarray
    looks: np.ndarray


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, help="a folder with images/ and labels/")
    parser.add_argument("--trunk", type=Path, help="a yolov8n checkpoint that finds faces")
    parser.add_argument("--features", type=Path, help="features.npz of an earlier run")
    parser.add_argument("--out", type=Path, default=Path("runs") / "learning_curve")
    parser.add_argument("--most", type=int, default=3000, help="images, drawn at random")
    parser.add_argument("--px", type=int, default=256, help="longer side the trunk sees")
    parser.add_argument("--batch", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args(argv)
    if not args.features and not (args.images and args.trunk):
        parser.error("pass --images and --trunk, or --features")
    return args


def look(args: argparse.Namespace) -> list[Image]:
    """Detect and describe; one thread, a few minutes."""
    import torch
    from torchvision.ops import roi_align

    from facesort.models.ultralytics_loader import load_yolo

    torch.set_num_threads(1)
    network = load_yolo(args.trunk, task="pose").model.float().eval()
    kept: dict[int, torch.Tensor] = {}
    for layer, *_ in LAYERS:
        network.model[layer].register_forward_hook(
            lambda _m, _i, out, layer=layer: kept.__setitem__(layer, out)
        )
    paths = sorted(photo.path for photo in list_photos(args.images / "images").photos)
    order = np.random.default_rng(0).permutation(len(paths))[: args.most]
    images = []
    for path in console.progress([paths[i] for i in order], len(order), "image"):
        rgb = open_photo(path, args.px).rgb
        pixels, fit = letterbox(rgb, args.px)
        with torch.inference_mode():
            out = network(torch.from_numpy(pixels))
            raw = (out[0] if isinstance(out, tuple) else out)[0].numpy()
            found = decode(raw[:5], fit, CONF)
            boxes = found.xyxy_px * fit.scale + np.tile(fit.left_top_px, 2)
            rois = [torch.from_numpy(boxes).float().reshape(-1, 4)]
            parts = [
                roi_align(kept[layer].float(), rois, cells, 1 / stride, 2, True).flatten(1)
                for layer, stride, cells in LAYERS
            ]
        truth = yolo.read(path, (rgb.shape[1], rgb.shape[0]), CLASSES)
        images.append(
            Image(
                *(path.name, perceptual_hash(path), truth.class_id),
                matched(found.xyxy_px, truth.xyxy_px, truth.class_id),
                *(found.confidence, torch.cat(parts, 1).numpy().astype(np.float16)),
                looks_of(rgb, found.xyxy_px).astype(np.float32),
            )
        )
    return images


def matched(found: np.ndarray, boxes: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The class each found box means; each face is meant once, by the surest box."""
    iou, said = iou_matrix(as_boxes(found), as_boxes(boxes)), np.full(len(found), NOTHING)
    for i in range(len(found)):
        if iou.shape[1] and iou[i].max() >= 0.5:
            j = int(iou[i].argmax())
            said[i] = classes[j]
            iou[:, j] = 0
    return said


def save(images: Sequence[Image], file: Path) -> None:
    counts = np.array([(len(i.labels), len(i.said)) for i in images])
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        file,
        names=np.array([i.name for i in images]),
        phash=np.array([i.phash for i in images], dtype=np.uint64),
        counts=counts,
        **{
            key: np.concatenate([getattr(i, key) for i in images])
            for key in ("labels", "said", "confidence", "features", "looks")
        },
    )


def load(file: Path) -> list[Image]:
    data = np.load(file)
    labels_end, said_end = np.cumsum(data["counts"], axis=0).T
    split = {"labels": np.split(data["labels"], labels_end[:-1])}
    for key in ("said", "confidence", "features", "looks"):
        split[key] = np.split(data[key], said_end[:-1])
    heads = zip(data["names"].tolist(), data["phash"].tolist(), strict=True)
    return [
        Image(name, phash, *(split[key][i] for key in split))
        for i, (name, phash) in enumerate(heads)
    ]


def components(images: Sequence[Image], seed: int) -> list[np.ndarray]:
    """The features of each image, reduced; no label is used."""
    every = np.concatenate([i.features for i in images]).astype(np.float32)
    every = (every - every.mean(axis=0)) / (every.std(axis=0) + 1e-3)
    some = np.random.default_rng(seed).permutation(len(every))[:2000]
    _, _, axes = np.linalg.svd(every[some], full_matrices=False)
    reduced = every @ axes[:PARTS].T
    reduced /= reduced.std(axis=0)
    ends = np.cumsum([len(i.said) for i in images])
    return np.split(np.concatenate([reduced, np.ones((len(reduced), 1))], axis=1), ends[:-1])


def learn(x: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Weights (d, classes + 1) of a logistic regression."""
    from scipy.optimize import minimize

    target = np.eye(CLASSES + 1)[said]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(x.shape[1], -1)
        p = probabilities(x, weights)
        value = -np.log(np.maximum((p * target).sum(axis=1), 1e-12)).mean()
        slope = x.T @ (p - target) / len(x) + RIDGE * weights
        return float(value + RIDGE / 2 * (weights**2).sum()), slope.ravel()

    start = np.zeros(x.shape[1] * (CLASSES + 1))
    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60}).x.reshape(
        x.shape[1], -1
    )


def probabilities(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    scores = x @ weights
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def mean_ap(images: Sequence[Image], scores: Sequence[np.ndarray]) -> float:
    """mAP at IoU .5: each found box with each class, as a detector would give them."""
    said = np.concatenate([i.said for i in images])
    labels = np.concatenate([i.labels for i in images])
    every = np.concatenate(scores)
    per_class = []
    for c in range(CLASSES):
        right = said[np.argsort(-every[:, c], kind="stable")] == c
        precision = np.cumsum(right) / np.arange(1, len(right) + 1)
        best = np.maximum.accumulate(precision[::-1])[::-1]
        per_class.append(float(best[right].sum() / max((labels == c).sum(), 1)))
    return float(np.mean(per_class))


@dataclass(frozen=True, eq=False)
class Data:
    """``x`` are the features of each image; ``pool`` and ``test`` are indices."""

    images: list[Image]
    x: list[np.ndarray]
    pool: list[int]
    test: list[int]


def one_curve(
    args: argparse.Namespace, data: Data, how: str, seed: int
) -> list[tuple[int, int, float]]:
    """(images, labels, mAP) after each round."""
    images, x, test = data.images, data.x, data.test
    rng = np.random.default_rng(seed)
    left = rng.permutation(data.pool).tolist()
    labelled, left = left[: args.batch], left[args.batch :]
    curve = []
    for _ in range(args.rounds):
        known_x = np.concatenate([x[i] for i in labelled])
        weights = learn(known_x, np.concatenate([images[i].said for i in labelled]))

        def scores(i: int, weights: np.ndarray = weights) -> np.ndarray:
            return probabilities(x[i], weights)[:, :CLASSES] * images[i].confidence[:, None]

        ap = mean_ap([images[i] for i in test], [scores(i) for i in test])
        classes = np.concatenate([images[i].labels for i in labelled])
        curve.append((len(labelled), len(classes), ap))
        if how == "random":
            picked = list(range(args.batch))
        else:
            given = [Candidate(Path(images[i].name), scores(i), images[i].looks) for i in left]
            picked = choose(given, np.bincount(classes, minlength=CLASSES).tolist(), args.batch)
        labelled += [left[k] for k in picked]
        left = [one for k, one in enumerate(left) if k not in set(picked)]
    return curve


def needed(curve: np.ndarray, ap: float) -> float:
    """Labels at which a curve first reaches ``ap``, between its rounds."""
    best = np.maximum.accumulate(curve[:, 2])
    if best[-1] < ap:
        return float("nan")
    k = int(np.argmax(best >= ap))
    if k == 0:
        return float(curve[0, 1])
    share = (ap - best[k - 1]) / max(best[k] - best[k - 1], 1e-9)
    return float(curve[k - 1, 1] + share * (curve[k, 1] - curve[k - 1, 1]))


def draw(curves: dict[str, np.ndarray], file: Path) -> None:
    from facesort.dataset.check.statistics import COLOURS, canvas
    from facesort.dataset.check.statistics import save as save_figure

    figure, (axes,) = canvas(3.6)
    names = {"random": "at random", "picked": "label_images.py --next"}
    for colour, (how, runs) in zip(COLOURS, curves.items(), strict=False):
        mean, spread = runs.mean(axis=0), runs[:, :, 2].std(axis=0)
        axes.plot(mean[:, 1], mean[:, 2], color=colour, label=names[how], marker="o", markersize=3)
        low, high = mean[:, 2] - spread, mean[:, 2] + spread
        axes.fill_between(mean[:, 1], low, high, color=colour, alpha=0.18, linewidth=0)
    axes.set_xlabel("faces labelled")
    axes.set_ylabel("mAP50 of the four classes, held back")
    axes.legend(frameon=False, loc="lower right")
    save_figure(figure, file)


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    images = load(args.features) if args.features else look(args)
    if not args.features:
        save(images, args.out / "features.npz")
    images = [image for image in images if len(image.said)]
    groups = group_by_hash([image.phash for image in images]).tolist()
    order = {g: k for k, g in enumerate(np.random.default_rng(1).permutation(sorted(set(groups))))}
    test = [i for i, g in enumerate(groups) if order[g] % TEST_SHARE == 0]
    pool = [i for i, g in enumerate(groups) if order[g] % TEST_SHARE]
    data = Data(images, components(images, 0), pool, test)
    curves = {
        how: np.array([one_curve(args, data, how, seed) for seed in range(args.seeds)])
        for how in ("random", "picked")
    }
    args.out.mkdir(parents=True, exist_ok=True)
    draw(curves, args.out / "curve.png")
    random, picked = curves["random"].mean(axis=0), curves["picked"].mean(axis=0)
    print(f"{len(pool):,} images to pick from, {len(test):,} to judge on, {args.seeds} seeds")
    print(f"{'images':>8}{'labels':>9}{'random':>9}{'labels':>9}{'picked':>9}")
    for (n, labels, ap), (_, own, own_ap) in zip(random, picked, strict=True):
        print(f"{n:>8.0f}{labels:>9.0f}{ap:>9.3f}{own:>9.0f}{own_ap:>9.3f}")
    rows = []
    for k in (len(random) // 2, len(random) - 1):
        share = needed(picked, random[k, 2]) / random[k, 1]
        rows.append({"ap": random[k, 2], "random": random[k, 1], "share": share})
        print(
            f"mAP {random[k, 2]:.3f}: random {random[k, 1]:.0f} labels, picked {share:.0%} of them"
        )
    content = {how: runs.tolist() for how, runs in curves.items()} | {"shares": rows}
    (args.out / "curve.json").write_text(json.dumps(content))
    reached = rows[-1]["share"] <= BAR
    print(f"bar (at most {BAR:.0%}): {'reached' if reached else 'not reached'}")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
