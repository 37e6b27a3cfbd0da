"""Write a check as one HTML page that needs no other file, and as JSON for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from facesort.dataset.check import report_images, statistics
from facesort.dataset.check.checker import Checked
from facesort.dataset.check.issues import CHECKS, ERROR, WARNING
from facesort.dataset.check.label_errors import BAD_BOX, EXTRA_BOX, MISSING_BOX, WRONG_CLASS
from facesort.dataset.check.lint import flags_of
from facesort.dataset.check.proposals import propose
from facesort.dataset.check.thumbnails import file_uri

TEMPLATE = "report.html.j2"
ROWS_SHOWN = 60  # of a check's findings; report.json has them all

LABEL_ERROR_TEXT = {
    WRONG_CLASS: "The model is sure of another class than the label says.",
    MISSING_BOX: "The model is sure of a face where the label has no box.",
    BAD_BOX: "The model sees the face, but elsewhere, or larger or smaller.",
    EXTRA_BOX: "The label has a box where the model sees nothing, even at its lowest confidence.",
}


@dataclass(frozen=True)
class Request:
    """What to show beside the check itself: the ``name`` of what was checked, and ``notes``, the
    lines of a conversion before it."""

    out: Path
    name: str
    command: str
    model: str = ""
    top: int = 24
    workers: int = 2
    notes: tuple[str, ...] = ()


def write_report(checked: Checked, request: Request) -> Path:
    """Write ``report.html``, ``report.json``, ``fixes.json`` and ``plots/`` into ``request.out``;
    the page."""
    request.out.mkdir(parents=True, exist_ok=True)
    images = _draw(checked, request.out / "plots")
    (request.out / "report.json").write_text(
        json.dumps(as_json(checked, request), indent=1), encoding="utf-8"
    )
    proposals = propose(checked)
    listed = {"data": request.name, "fixes": [fix.as_json for fix in proposals.fixes]}
    (request.out / "fixes.json").write_text(json.dumps(listed, indent=1), encoding="utf-8")
    page = request.out / "report.html"
    text = _render(_context(checked, request, images) | {"proposals": proposals})
    # file names may be no Unicode
    page.write_text(text, encoding="utf-8", errors="backslashreplace")
    return page


def as_json(checked: Checked, request: Request) -> dict[str, Any]:
    """Everything the check found, in plain types; images by their name in the data set."""
    layout = checked.layout
    return {
        "data": request.name,
        "names": list(layout.names),
        "model": request.model,
        "converted": list(request.notes),
        "images": len(checked.samples),
        "readable": len(checked.faces),
        "errors": checked.level_counts[ERROR],
        "warnings": checked.level_counts[WARNING],
        "mislabelled": mislabelled(checked),
        "checks": {name: len(found) for name, found in checked.by_check.items()},
        "splits": [asdict(counts) for counts in checked.counts],
        "bits": [asdict(row) for row in _bits(checked)],
        "findings": [
            {**asdict(f), "image": layout.name_of(f.image) if f.image else None}
            for found in checked.by_check.values()
            for f in found
        ],
        "pairs": [
            {
                "a": {"split": p.a.split, "image": p.a.name},
                "b": {"split": p.b.split, "image": p.b.name},
                "bits": p.bits,
            }
            for p in checked.pairs
        ],
        "doubts": [
            {
                **{"kind": d.kind, "score": round(d.score, 4), "split": d.sample.split},
                **{"image": d.sample.name, "box": d.box},
                **{"labelled": d.labelled, "predicted": d.predicted},
                "xyxy_px": [round(v, 1) for v in d.xyxy_px],
            }
            for label_errors in checked.label_errors.values()
            for d in label_errors
        ],
    }


def mislabelled(checked: Checked) -> int:
    """How many images say one thing in their name and another in their label or name."""
    return len(checked.by_check.get("mislabelled", []))


def _bits(checked: Checked) -> list[statistics.BitCounts]:
    two_bits = statistics.has_two_bits(checked.layout.names)
    return statistics.count_bits(checked.counts) if two_bits else []


def _draw(checked: Checked, folder: Path) -> dict[str, str]:
    """The plots, as files and as addresses for the page."""
    names, table = checked.layout.names, statistics.box_table(checked.faces)
    statistics.draw_classes(checked.counts, names, folder / "classes.png")
    statistics.draw_sizes(table, names, folder / "sizes.png")
    statistics.draw_positions(table, folder / "positions.png")
    per_image = [len(sample.sound) for sample in checked.samples]
    statistics.draw_boxes_per_image(per_image, folder / "boxes_per_image.png")
    if _bits(checked):
        statistics.draw_bits(_bits(checked), folder / "bits.png")
    return {file.stem: file_uri(file) for file in sorted(folder.glob("*.png"))}


def _context(checked: Checked, request: Request, images: dict[str, str]) -> dict[str, Any]:
    return {
        "checked": checked,
        "request": request,
        "when": datetime.now().strftime("%Y-%m-%d %H:%M"),
        "errors": checked.level_counts[ERROR],
        "warnings": checked.level_counts[WARNING],
        "total": sum(counts.total for counts in checked.counts),
        "mislabelled": mislabelled(checked),
        "flagged": sum(bool(flags_of(s)) for s in checked.samples) if _bits(checked) else 0,
        "turned": sum(look.orientation != 1 for _, look in checked.faces),
        "bits": _bits(checked),
        "colours": statistics.COLOURS,
        "checks": CHECKS,
        "rows_shown": ROWS_SHOWN,
        "images": images,
        "galleries": report_images.of_issues(checked, request.workers),
        "pairs": report_images.of_pairs(checked.pairs, request.workers),
        "doubts": report_images.of_label_errors(checked, request.top, request.workers),
        "doubt_text": LABEL_ERROR_TEXT,
        "sheets": report_images.of_classes(checked, request.workers),
    }


def _render(context: dict[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,  # file and class names are foreign text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(context)
