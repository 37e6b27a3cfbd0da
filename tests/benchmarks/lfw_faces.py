"""A source that no detector of ours was trained or chosen on: LFW, one photo a person.

    python tests/benchmarks/lfw_faces.py --people photos/people --strangers photos/strangers \\
        --out lfw
    python tools/evaluate_yolo.py --crops lfw/lfw.csv --imgsz 320

Writes a table of the photos, image and class, in a folder with links to them. Nearly all are bare;
what a person saw otherwise is told by number, in the order of the table. Photos with a hand or
something else over the mouth, or with lenses of which nobody can say whether they hide the eyes,
are left out. Deep-funnelled LFW, 220 pixels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

SUNGLASSES = {136, 186, 263, 391, 394, 548, 627, 633}
UNCLEAR = {14, 25, 112, 113, 192, 219, 426, 478, 546}
PEOPLE, STRANGERS = 386, 300


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=Path, required=True, help="a folder a person")
    parser.add_argument("--strangers", type=Path, required=True, help="photos")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    strangers = sorted(args.strangers.glob("*.jpg"))
    people = [min(one.iterdir()) for one in sorted(args.people.iterdir()) if one.is_dir()]
    if (len(people), len(strangers)) != (PEOPLE, STRANGERS):
        parser.error(f"{len(people)} people, {len(strangers)} strangers; the numbers are of others")
    args.out.mkdir(parents=True, exist_ok=True)
    rows = ["image,class"]
    for number, photo in enumerate([*strangers, *people]):
        if number not in UNCLEAR:
            link = args.out / photo.name
            link.unlink(missing_ok=True)
            link.symlink_to(photo.resolve())
            rows.append(f"{photo.name},{'sunglasses' if number in SUNGLASSES else 'face'}")
    (args.out / "lfw.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    print(f"{len(rows) - 1} photos: {args.out / 'lfw.csv'}")


if __name__ == "__main__":
    main()
