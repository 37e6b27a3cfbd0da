"""tools/evaluate_yolo.py as a person runs it: a small set of a portrait, the shipped model."""

import html.parser
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from script_runs import run_here

from facesort.classes import CLASS_NAMES

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "evaluate_yolo.py"
WEIGHTS = ROOT / "weights" / "occlusion.onnx"
FACE_BOX = "{} .44 .225 .2 .29\n"  # of scikit-image's astronaut


def run(*options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One image rightly labelled, one wrongly, one without a face, one broken; and crops."""
    from PIL import Image
    from skimage.data import astronaut, coffee

    root = tmp_path_factory.mktemp("set")
    images, labels = root / "images" / "val", root / "labels" / "val"
    for folder in (images, labels, root / "crops" / "face", root / "crops" / "masked"):
        folder.mkdir(parents=True)
    portrait = Image.fromarray(astronaut())
    for name, class_id in (("right", 0), ("wrong & <b>bold", 1)):
        portrait.save(images / f"{name}.png")
        (labels / f"{name}.txt").write_text(FACE_BOX.format(class_id))
        portrait.crop((150, 20, 300, 210)).save(root / "crops" / CLASS_NAMES[class_id] / "a.png")
    Image.fromarray(coffee()).save(images / "coffee.png")
    (images / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    (root / "set.yaml").write_text(f"val: images/val\nnames: {list(CLASS_NAMES)}\n")
    (root / "children.yaml").write_text("val: images/val\nnames: [anna, ben]\n")
    return root


@pytest.fixture(scope="module")
def report(data: Path) -> tuple[subprocess.CompletedProcess[str], Path]:
    options = ["--split", "val", "--choose-on", "val", "--imgsz", 320, "--min-size", 16]
    bars = "15MB accuracy>0.4 ms<0.001"
    crops, out = data / "crops", data / "report"
    return (
        run("--data", data / "set.yaml", "--crops", crops, *options, "--bars", bars, "--out", out),
        out,
    )


def test_the_screen(report: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, out = report
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) < 50 and max(map(len, lines[:-1])) < 120
    assert lines[0] == "occlusion.onnx at 320 px on set.yaml, val"
    assert "4 came in = 3 judged + 1 left out" in lines
    assert "      1   image cannot be opened" in lines
    assert "chosen on val for the best mean F1, the split judged: flattering" in done.stdout
    mb = f"{(ROOT / 'weights' / 'occlusion.onnx').stat().st_size / 1e6:.1f}"
    verdict = f"verdict: fails (MB < 15: {mb}, yes; accuracy > 0.4: 0.5, yes; ms < 0.001"
    assert verdict in done.stdout
    assert lines[-1] == f"report: {out / 'report.html'}"


def test_the_page_needs_no_other_file(
    report: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    class Reader(html.parser.HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.sources: list[str] = []
            self.bold: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.sources += [v or "" for k, v in attrs if k in ("src", "href") and v[0] != "#"]

    page = (report[1] / "report.html").read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(page)
    assert len(reader.sources) == 3 + 1 + 1  # plots, the wrong label, the wrong crop
    assert all(source.startswith("data:image/") for source in reader.sources)
    assert "masked → face" in page
    assert "<b>bold" not in page, "file names are foreign text"
    assert "Errors: covered, called clean" in page


def test_the_markdown_holds_no_image(
    report: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    text = (report[1] / "report.md").read_text(encoding="utf-8")
    assert "![" not in text and "data:image" not in text
    assert "| face | 1 | 1.000 [1.000, 1.000] |" in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)


def test_the_json_says_all(report: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    content = json.loads((report[1] / "report.json").read_text())
    model = content["models"]["occlusion.onnx"]
    assert model["split"]["overall"]["accuracy"][0] == 0.5
    assert model["split"]["per_class"]["sunglasses"]["AP50"] == [None] * 3
    assert model["split"]["by_size"]["64 to 128 px"]["faces"]["face"] == 1
    assert model["split"]["errors"]["covered, called clean"] == 1
    assert model["split"]["two_bits"][0]["subset_accuracy"] == 0.5
    assert model["crops"]["overall"]["occluded predicted clean"][0] == 1.0
    assert model["latency"]["threads"] == 1 and model["latency"]["median_ms"] > 0
    assert [v["met"] for v in model["verdict"]] == [True, True, False]


def test_a_model_and_its_copy_do_not_differ(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.onnx"
    shutil.copyfile(WEIGHTS, copy)
    files = ("--compare", WEIGHTS, copy, "--out", tmp_path / "out", "--pictures", 0)
    done = run_here(SCRIPT, *files, "--data", data / "set.yaml", "--split", "val", "--imgsz", 320)
    assert (done.returncode, done.stderr) == (0, "")
    assert "copy.onnx - occlusion.onnx: 0.000 [0.000, 0.000]: no difference shown" in done.stdout
    assert done.stdout.count("verdict: ") == 2
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Side by side" in page and "data:image/jpeg" not in page


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--data", "{data}/children.yaml"], 1, "has the classes anna, ben, the model face"),
        (["--data", "{data}/set.yaml", "--split", "test"], 1, "no split 'test'"),
        (["--weights", "{data}"], 1, "a folder without a model; expected .pt, .onnx"),
        (["--crops", "{data}/none"], 2, "none: no such folder"),
        (["--bars", "fast"], 2, "--bars: 'fast' is no bar"),
        (["--conf", ".3", "--choose-on", "val"], 2, "pass one of them"),
        (["--weights", "a.pt", "--compare", "b.pt", "c.pt"], 2, "pass one of them"),
        (["--compare", "a.pt", "a.pt"], 2, "a model is given twice"),
        (["--predictions", "x"], 2, "pass --protocol widerface"),
        (["--crops", "x", "--choose-on", "val"], 2, "need --data beside --crops"),
        (["--threads", "0"], 2, "--threads"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    data: Path, options: list[str], code: int, message: str
) -> None:
    done = run_here(SCRIPT, *(option.format(data=data) for option in options))
    assert done.returncode == code, done.stderr
    assert message in done.stderr and len(done.stderr.splitlines()) == 1
