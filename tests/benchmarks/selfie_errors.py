"""How often check_selfie passes a covered face as fine, or turns a fine one away, with counts.

    python tests/benchmarks/selfie_errors.py --part test --yolo wild=photos/wild \\
        --scenes photos/scenes_voc --selfies photos/selfies_sunglasses --crops photos/crops
    python tests/benchmarks/selfie_errors.py --table four_class.csv
    python tests/benchmarks/selfie_errors.py --part val --write val.csv ...    # to choose limits by

Photos are the held-back ones with one labelled face of at least --min-face-px, tight crops left
out. A table has the columns image (relative to its folder), class (of the main face) and, where
known, source; other classes than the four are left out.

A bare face is fine unless something else than its cover stands in the way (blur, light, cut off,
too small, turned): those photos are counted apart, nobody labelled whether they should pass. So
"refused for its cover" is eyes_covered, mouth_covered, unclear or no_face.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import held_back
from held_back import ROOT

COVER = {"no_face", "eyes_covered", "mouth_covered", "unclear"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    held_back.add_options(parser)
    parser.add_argument("--table", type=Path, help="CSV of images and classes instead")
    parser.add_argument("--weights", type=Path, default=ROOT / "weights" / "occlusion.onnx")
    parser.add_argument("--points", type=Path, default=ROOT / "weights" / "face_points.onnx")
    parser.add_argument("--limits", type=Path, default=ROOT / "data_configs" / "selfie.yaml")
    parser.add_argument("--min-face-px", type=float, default=50)
    parser.add_argument("--most", type=int, help="photos of a source and class at most")
    parser.add_argument("--write", type=Path, help="CSV of what was said of each photo")
    args = parser.parse_args()
    rows = list(judge(args))
    show(rows)
    if args.write and rows:
        with args.write.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def photos(args: argparse.Namespace) -> Iterator[tuple[str, Path, int]]:
    """Source, file and class of the one face."""
    from facesort.boxes import min_side
    from facesort.classes import CLASS_NAMES
    from facesort.labels import named_crops

    if args.table:
        for row in named_crops.read(args.table, "image", "class"):
            if row["class"] in CLASS_NAMES:
                image = args.table.parent / row["image"]
                source = row.get("source") or args.table.stem
                yield source, image, CLASS_NAMES.index(row["class"])
        return
    for image in held_back.read(args):
        labels = image.labels
        if labels is None or len(labels.class_id) != 1 or labels.class_id[0] < 0:
            continue
        if float(min_side(labels.xyxy_px)[0]) >= args.min_face_px:
            yield image.source, image.path, int(labels.class_id[0])


def judge(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from facesort import console
    from facesort.media.selfie_check import SelfieChecker
    from facesort.models.detect import load_detector, with_second_looks
    from facesort.models.people.points import load_point_finder
    from facesort.photos import open_photo
    from facesort.selfie.limits import read_limits

    limits = read_limits(args.limits)
    detector = with_second_looks(load_detector(args.weights, imgsz=limits.network_px))
    checker = SelfieChecker(detector, load_point_finder(args.points), limits)
    wanted = chosen(list(photos(args)), args.most)
    for source, path, true_class in console.progress(wanted, len(wanted), "photo"):
        photo = open_photo(path, 1280)
        verdict, face = checker.check(photo)
        covers = checker.covers(photo, face) if face else None
        yield {
            "source": source,
            "image": path.name,
            "class": true_class,
            "said": int(face.face_class) if face else -1,
            "confidence": round(face.confidence, 4) if face else 0,
            "eyes": round(covers.eyes, 4) if covers else "",
            "mouth": round(covers.mouth, 4) if covers else "",
            "reasons": " ".join(verdict.reasons),
        }


def chosen(found: Sequence[tuple[str, Path, int]], most: int | None) -> list[tuple[str, Path, int]]:
    """At most ``most`` photos of each source and class, spread over all."""
    import numpy as np

    order = np.random.default_rng(0).permutation(len(found)).tolist()
    taken = Counter[tuple[str, int]]()
    kept = []
    for i in order:
        source, _, true_class = found[i]
        taken[source, true_class] += 1
        if most is None or taken[source, true_class] <= most:
            kept.append(i)
    return [found[i] for i in sorted(kept)]


def show(rows: Sequence[dict[str, Any]]) -> None:
    from facesort.classes import CLASS_NAMES

    print(f"{'source':16}{'true class':19}{'photos':>7}{'for cover':>11}{'usable':>8}  reasons")
    groups = sorted({(row["class"], row["source"]) for row in rows})
    for true_class, source in groups:
        those = [r for r in rows if (r["class"], r["source"]) == (true_class, source)]
        reasons = Counter(reason for row in those for reason in row["reasons"].split())
        said = ", ".join(f"{reason} {n}" for reason, n in reasons.most_common())
        print(
            f"{source:16}{CLASS_NAMES[true_class]:19}{len(those):>7}"
            f"{sum(is_for_cover(r) for r in those):>11}"
            f"{sum(not r['reasons'] for r in those):>8}  {said}"
        )
    covered = [row for row in rows if row["class"]]
    bare = [row for row in rows if not row["class"]]
    told("covered passed as fine", sum(not row["reasons"] for row in covered), len(covered))
    told("covered, cover not named", sum(not is_for_cover(r) for r in covered), len(covered))
    told("fine refused for its cover", sum(is_for_cover(row) for row in bare), len(bare))
    told("bare refused for anything", sum(bool(row["reasons"]) for row in bare), len(bare))


def is_for_cover(row: dict[str, Any]) -> bool:
    return bool(COVER & set(row["reasons"].split()))


def told(what: str, count: int, total: int) -> None:
    share = f"{100 * count / total:.1f} %" if total else "none there"
    print(f"{what}: {count} of {total} ({share})")


if __name__ == "__main__":
    main()
