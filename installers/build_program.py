"""Make a folder with a program that needs no Python: the small set, by PyInstaller.

    python -m pip install -r requirements.txt "pyinstaller>=6.11,<7"
    python installers/build_program.py                  # dist/facesort/facesort
    python installers/build_program.py --check          # and sort the sample album with it

It runs on the system that built it. Started by a double click, it opens the start page.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / "tools"
# only training needs these; PyInstaller would take along what happens to be installed
LEFT_OUT = ("torch", "torchvision", "ultralytics", "onnx", "matplotlib", "pandas", "PyQt5", "ray",
            "skimage", "wandb", "tkinter")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--check", action="store_true", help="sort the sample album with it")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        build(args.out.resolve(), Path(work))
    program = args.out.resolve() / "facesort" / ("facesort.exe" if os.name == "nt" else "facesort")
    files = [f for f in program.parent.rglob("*") if f.is_file() and not f.is_symlink()]
    print(f"{program}: {sum(f.stat().st_size for f in files) / 1e6:.0f} MB")
    return check(program) if args.check else 0


def data_files() -> dict[Path, str]:
    """What lies in the program besides code, and in which folder: as in the wheel, where
    facesort/paths.py looks for it."""
    data = {ROOT / "weights": "facesort/weights", ROOT / "data_configs": "facesort/data_configs"}
    data |= {script: "facesort/_scripts" for script in TOOLS.glob("*.py")}
    for file in (TOOLS / "facesort").rglob("*"):
        if file.is_file() and file.suffix not in (".py", ".pyc"):
            folder = Path("facesort", file.parent.relative_to(TOOLS / "facesort"))
            data[file] = folder.as_posix()
    return data


def build(out: Path, work: Path) -> None:
    start = work / "start_facesort.py"  # another name than the package
    start.write_text("from facesort.cli.main import main\n\nmain()\n", encoding="utf-8")
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--onedir", "--name", "facesort"]
    command += ["--paths", str(TOOLS), "--collect-submodules", "facesort"]
    command += ["--distpath", str(out), "--workpath", str(work), "--specpath", str(work)]
    for source, to in data_files().items():
        command += ["--add-data", f"{source}{os.pathsep}{to}"]
    command += [word for name in LEFT_OUT for word in ("--exclude-module", name)]
    for package in ("simplejpeg", "pillow_heif", "uvicorn", "starlette", "argcomplete"):
        command += ["--hidden-import", package, "--collect-submodules", package]
    env = os.environ | {"PYTHONPATH": str(TOOLS)}  # where its submodules are looked for
    subprocess.run([*command, "--log-level", "ERROR", str(start)], check=True, env=env)


def check(program: Path) -> int:
    """Sort the sample album in an empty environment."""
    with tempfile.TemporaryDirectory() as folder:
        env = {"HOME": folder, "PATH": "/usr/bin:/bin", "FACESORT_CACHE": ""}
        for words in (["sample"], ["sort", "--src", "sample_album"], ["doctor"]):
            done = subprocess.run([str(program), *words], cwd=folder, env=env, text=True,
                                  capture_output=True, timeout=300)  # fmt: skip
            print(done.stdout[-700:] + done.stderr[-2000:])
            if done.returncode:
                return 1
        found = list(Path(folder, "sorted", "faces", "masked_sunglasses").glob("*.jpg"))
    print(f"sorted: {len(found)} faces with mask and sunglasses")
    return int(not found)


if __name__ == "__main__":
    sys.exit(main())
