"""Make examples of the people that digiKam, Lightroom, Picasa, Windows or Google Photos named.

    python tools/import_people.py ~/Pictures --out examples
    python tools/sort_photos.py --src ~/Pictures --by person --people examples --dst children
    python tools/import_people.py ~/Pictures --sorted children       # names as corrections

Read are face regions in XMP (in the photo, photo.jpg.xmp, photo.xmp), .picasa.ini, and the people
of Google Takeout, which have no place: a photo with one name and one face counts, others are
listed. Photos are only read; nothing that is there is overwritten.
Exit code: 0 done, 1 something could not be used (listed), 2 usage.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from facesort import console
from facesort.errors import FacesortError
from facesort.paths import ASSETS

WEIGHTS = ASSETS / "weights" / "occlusion.onnx"
SHOWN = 20


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("photos", type=console.path, metavar="PHOTOS", help="folder of photos with names")
    where = parser.add_mutually_exclusive_group(required=True)
    out_help = "folder of examples to fill, a folder a person: for --people"
    where.add_argument("--out", type=console.path, metavar="DIR", help=out_help)
    sorted_help = "an album sorted by person from PHOTOS: its faces get the names"
    where.add_argument("--sorted", type=console.path, metavar="DIR", help=sorted_help)
    most_help = "examples of a person, the largest faces (default: %(default)s)"
    add("--most", type=int, default=30, metavar="N", help=most_help)
    args = parser.parse_args(argv)
    if args.most < 1:
        parser.error("--most: expected 1 or more")
    return args


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    from facesort.album import import_people as people

    result = people.Result()
    tagged = people.read_tags(args.photos, result, console.progress)
    if not tagged:
        raise FacesortError(
            f"{args.photos}: {result.counts['photos without']:,} photos, no named face; expected "
            "XMP in photos or beside them, .picasa.ini, or the json files of Google Takeout"
        )
    if args.sorted:
        people.correct(args.sorted, tagged, result)
    else:
        people.write_examples(
            args.photos, tagged, args.out, args.most, finder, result, console.progress
        )
    for line in people.lines(result):
        print(console.one_line(line))
    for problem in result.problems[:SHOWN]:
        print(f"not used: {console.one_line(problem)}")
    if len(result.problems) > SHOWN:
        print(f"... and {len(result.problems) - SHOWN:,} more")
    return 1 if result.problems else 0


def finder():
    from facesort.models.detect import load_detector, with_second_looks

    detector = with_second_looks(load_detector(WEIGHTS))
    return lambda rgb: detector.detect([rgb])[0].xyxy_px


if __name__ == "__main__":
    console.run(main)
