"""Choose what in data_configs/selfie.yaml depends on the model: sizes of its two looks, max_cover.

    python tests/benchmarks/selfie_limits.py --yolo wild=photos/wild \\
        --scenes photos/scenes_voc --selfies photos/selfies_sunglasses --crops photos/crops

Run it after the model was replaced, and put the three lines it prints into the file. It sees the
held-back photos of the val part alone, as selfie_errors.py takes them, which then judges the choice
on test.

For each pair of sizes max_cover lies between the bare faces' 99th percentile and the covered
faces' first, in log odds, a quarter of the way up from the bare ones: a photo to be taken again
costs little beside a covered face that passes. Of the pairs with the fewest errors, those that keep
the two kinds three quarters as far apart as the best does are good enough, and the cheapest of
these is taken.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import held_back
from held_back import ROOT

NETWORK_PX = (160, 192, 224, 256, 320)
COVER_PX = (96, 128, 160, 192)
REFUSED = 2.0
STRICT = 0.25  # of the way from bare to covered
WORTH = 0.75  # of the best distance between the two kinds is good enough


@dataclass(frozen=True)
class Seen:
    """One photo at one pair of sizes: ``cover`` is the surer of the two bits, above 1 where the
    check refuses whatever the limit is, since there is no face or none that is sure."""

    is_covered: bool
    cover: float
    cpu_ms: float


@dataclass(frozen=True)
class Choice:
    network_px: int
    cover_px: int
    max_cover: float
    apart: float  # log odds from the bare to the covered
    passed: int
    refused: int
    cpu_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    held_back.add_options(parser)
    parser.set_defaults(part="val", table=None)
    parser.add_argument("--weights", type=Path, default=ROOT / "weights" / "occlusion.onnx")
    parser.add_argument("--min-face-px", type=float, default=50)
    args = parser.parse_args()
    if args.part == "test":
        parser.error("--part test: expected val; what is chosen on test cannot be judged there")
    from selfie_errors import photos

    from facesort.models.detect import load_detector

    detector = load_detector(args.weights)
    seen: dict[tuple[int, int], list[Seen]] = {}
    wanted = list(photos(args))
    for number, (_, path, true_class) in enumerate(wanted, 1):
        for sizes, one in looks(detector, path, true_class):
            seen.setdefault(sizes, []).append(one)
        if sys.stderr.isatty():
            print(f"\r{number} of {len(wanted)}", end="", file=sys.stderr)
    choices = [choice(sizes, found) for sizes, found in sorted(seen.items())]
    show(choices, best(choices), wanted)


def looks(detector: Any, path: Any, true_class: int) -> Iterator[tuple[tuple[int, int], Seen]]:
    from facesort.boxes import area
    from facesort.models.detect import with_second_looks
    from facesort.models.occlusion_scores import cover_scores
    from facesort.photos import open_photo
    from facesort.selfie.limits import read_limits

    limits = read_limits(ROOT / "data_configs" / "selfie.yaml")
    rgb = open_photo(path, 1280).rgb
    for network_px in NETWORK_PX:
        sized = with_second_looks(replace(detector, imgsz=network_px))
        start = time.process_time()
        found = sized.detect([rgb])[0]
        first_ms = (time.process_time() - start) * 1e3
        main = int(area(found.xyxy_px).argmax()) if len(found) else -1
        is_sure = main >= 0 and found.confidence[main] >= limits.min_confidence
        for cover_px in COVER_PX:
            start = time.process_time()
            covers = cover_scores(sized, rgb, found.xyxy_px[main], cover_px) if main >= 0 else None
            cpu_ms = first_ms + (time.process_time() - start) * 1e3
            if not is_sure:
                cover = REFUSED
            elif covers:
                cover = max(covers.eyes, covers.mouth)
            else:
                cover = float(found.class_id[main] > 0)
            yield (network_px, cover_px), Seen(true_class > 0, cover, cpu_ms)


def choice(sizes: tuple[int, int], seen: Sequence[Seen]) -> Choice:
    import numpy as np

    bare = np.array([one.cover for one in seen if not one.is_covered])
    covered = np.array([one.cover for one in seen if one.is_covered])
    low = log_odds(np.quantile(bare[bare < REFUSED], 0.99))
    high = log_odds(np.quantile(covered[covered < REFUSED], 0.01))
    max_cover = float(f"{1 / (1 + np.exp(-(low + STRICT * (high - low)))):.2g}")
    return Choice(
        *sizes,
        max_cover,
        float(high - low),
        passed=int((covered <= max_cover).sum()),
        refused=int((bare > max_cover).sum()),
        cpu_ms=float(np.median([one.cpu_ms for one in seen])),
    )


def log_odds(share: Any) -> Any:
    import numpy as np

    share = np.clip(share, 1e-3, 1 - 1e-3)  # beyond, a score says how sure, not how right
    return np.log(share / (1 - share))


def best(choices: Sequence[Choice]) -> Choice:
    fewest = min(one.passed + one.refused for one in choices)
    right = [one for one in choices if one.passed + one.refused == fewest]
    far = max(one.apart for one in right)
    return min((one for one in right if one.apart >= WORTH * far), key=lambda one: one.cpu_ms)


def show(choices: Sequence[Choice], chosen: Choice, photos: Sequence[Any]) -> None:
    covered = sum(true_class > 0 for _, _, true_class in photos)
    print(f"{covered} covered and {len(photos) - covered} bare photos")
    print("network_px  cover_px  max_cover  apart  covered passed  bare refused  CPU ms")
    for one in choices:
        print(
            f"{one.network_px:>10}{one.cover_px:>10}{one.max_cover:>11}{one.apart:>7.1f}"
            f"{one.passed:>16}{one.refused:>14}{one.cpu_ms:>8.1f}"
        )
    print("\nfor data_configs/selfie.yaml:")
    for key in ("network_px", "cover_px", "max_cover"):
        print(f"{key}: {getattr(chosen, key)}")


if __name__ == "__main__":
    main()
