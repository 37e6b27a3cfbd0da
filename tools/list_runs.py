"""List trainings so that they can be compared: settings, duration, best figures on val.

    python tools/list_runs.py
    python tools/list_runs.py runs/detect
    python tools/list_runs.py --csv > runs.csv

Best mAP50-95 comes first. Figures compare where "val data" is the same: it stands for the images
and labels that a run was judged on. Runs of plain `yolo train` have no run card and show less.
A stopped run goes on with: python tools/train_yolo.py model=FOLDER/weights/last.pt resume=true
Exit code: 0 done, 1 no run found or one could not be read (listed), 2 usage.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict

from facesort import console
from facesort.csv_files import DictWriter
from facesort.errors import ModelError
from facesort.paths import project


def main(argv: Sequence[str]) -> int:
    parser = console.parser(__doc__)
    parser.add_argument("runs", type=console.path, nargs="?", help="folder (default: runs)")
    parser.add_argument("--csv", action="store_true", help="as comma-separated values")
    args = parser.parse_args(argv)
    from facesort.models.training.run_table import read_runs, table

    folder = args.runs or project() / "runs"
    runs, unreadable = read_runs(folder)
    for line in unreadable:
        print(f"left out: {console.one_line(line)}", file=sys.stderr)
    if not runs:
        raise ModelError(f"{folder}: no run with an args.yaml in it; train one first")
    if args.csv:
        writer = DictWriter(sys.stdout, list(asdict(runs[0])))
        writer.writeheader()
        writer.writerows(map(asdict, runs))
    else:
        print(table(runs))
    return 1 if unreadable else 0


if __name__ == "__main__":
    console.run(main)
