"""Fine-tune a YOLO on the occlusion data set; every argument of `yolo detect train` works here.

    python tools/train_yolo.py model=yolo11n.pt epochs=20 imgsz=480 batch=16
    python tools/train_yolo.py model=yolo11n.pt epochs=20 imgsz=480 --bf16-cpu

Same as `yolo detect train data=data_configs/occlusion.yaml ...`, plus --bf16-cpu: bfloat16 on a
processor that has it, 1.9 times as fast. Build the data first: tools/build_dataset.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from facesort import console

ROOT = Path(__file__).resolve().parents[1]


def arguments(argv: Sequence[str]):
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("--model", type=console.path, required=True, help="weights to start from (.pt)")
    add(
        "--data",
        type=console.path,
        default=ROOT / "data_configs" / "occlusion.yaml",
        help="data set YAML",
    )
    add("--bf16-cpu", action="store_true", help="train in bfloat16 on the processor")
    args, rest = parser.parse_known_args(argv)
    if wrong := [arg for arg in rest if "=" not in arg or arg.startswith("-")]:
        parser.error(f"{wrong[0]}: expected key=value, such as epochs=20")
    return args, dict(arg.split("=", 1) for arg in rest)


def main(argv: Sequence[str]) -> None:
    args, overrides = arguments(argv)
    from facesort.models.train import parse_overrides, train

    best = train(args.model, args.data, args.bf16_cpu, **parse_overrides(overrides))
    print(f"best weights: {best}; next: python tools/yolo_to_onnx.py --weights {best}")


if __name__ == "__main__":
    console.run(main)
