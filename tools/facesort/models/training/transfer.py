"""How much of a checkpoint fits a network of another size or class count.

Ultralytics copies each tensor whose name and shape are the same, class rows by class name, and
takes the whole class branch where the neck below it is as wide. This says how much that was, so
that a "fine-tuning" that in truth starts from scratch is seen.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Transfer:
    """Tensors and parameters taken over whole, of those the network has."""

    tensors: int
    of_tensors: int
    parameters: int
    of_parameters: int

    @classmethod
    def between(cls, source: Any, target: Any) -> Transfer:
        """What fits of ``source`` in ``target``, torch modules; batch statistics not counted."""
        given = {name: tensor.shape for name, tensor in source.named_parameters()}
        wanted = list(target.named_parameters())
        fits = [tensor.numel() for name, tensor in wanted if given.get(name) == tensor.shape]
        return cls(len(fits), len(wanted), sum(fits), sum(t.numel() for _, t in wanted))

    def as_dict(self) -> dict[str, int]:
        return asdict(self)

    def __str__(self) -> str:
        rest = "" if self.parameters == self.of_parameters else "; the rest starts from scratch"
        return (
            f"transferred {self.tensors:,} of {self.of_tensors:,} tensors, {self.parameters:,} of "
            f"{self.of_parameters:,} parameters{rest}"
        )
