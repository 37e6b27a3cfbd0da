"""Learn from what you moved by hand in a sorted album; your word counts for ever.

    python tools/learn_corrections.py sorted             # keep what you said
    python tools/learn_corrections.py sorted --apply     # and let the photos follow their faces
    python tools/learn_corrections.py sorted --export-yolo datasets/corrected

Drag a crop from faces/masked to faces/face, and that face wears no mask; to faces/_not_a_face, and
it is none. By person, a new folder in faces/ is a new person, a renamed one a renamed person; and
all other faces are judged anew by what you said. Move a photo in photos/ where only one face can be
meant. Each correction goes into
corrections.jsonl beside the album's folders, outranks every model, and holds when you sort again,
also after --undo or with other weights. What cannot be told is listed, nothing is guessed.

--export-yolo writes what you confirmed as a YOLO data set to train on; faces of which you said
nothing are painted over there.
Exit code: 0 done, 1 something could not be done (listed), 2 usage.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from facesort import console


def arguments(argv: Sequence[str]):
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("album", type=console.path, metavar="SORTED", help="the folder that sort_photos.py filled")
    add("--apply", action="store_true", help="file the photos as their faces now are")
    add(
        "--sure",
        type=console.fraction,
        default=0.6,
        metavar="0..1",
        help="below it a face of which you said nothing is unsure (default: %(default)s)",
    )
    add("--export-yolo", type=console.path, metavar="DIR", help="write a YOLO data set, new folder")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    from facesort.album.disk import clear_errors
    from facesort.album.learn import learn
    from facesort.reporter import ConsoleReporter

    with clear_errors(args.album):
        code = learn(args.album, args.apply, args.sure, ConsoleReporter(sys.stdout, sys.stderr))
    if args.export_yolo:
        export(args.album, args.export_yolo)
    return code


def export(album: Path, out: Path) -> None:
    from facesort.album.confirmed import class_names, confirmed
    from facesort.dataset.corrected import write_corrected

    print(*write_corrected(confirmed(album), out, class_names(album)), sep="\n")
    print(f"written to {out}; next: yolo detect train data={out / 'data.yaml'}")


if __name__ == "__main__":
    console.run(main)
