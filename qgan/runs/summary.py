"""What a run is and how far it came, in a few plain values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from ..base.io import read_json
from .checkpoint import load
from .folder import RunFolder
from .recorders import read_log


def run_summary(path: str | Path) -> dict[str, Any]:
    """The run in a folder, as plain values.

    Raises:
        CheckpointError: the folder holds no run, or its checkpoint is damaged.
        ConfigError, DataError: another of its files is.
    """
    folder = RunFolder.open(path)
    checkpoint = load(folder.checkpoint)
    log = read_log(folder.log) if folder.log.is_file() else []
    return {
        "run": str(path),
        "step": checkpoint.step,
        "checkpoint_bytes": folder.checkpoint.stat().st_size,
        "numbers": {name: _numbers(state) for name, state in checkpoint.states.items()},
        "origin": checkpoint.origin,
        "last_record": log[-1] if log else {},
        "w1": next((found for record in reversed(log) if (found := _w1(record))), {}),
        "environment": read_json(folder.environment) if folder.environment.is_file() else {},
        "configuration": checkpoint.configuration,
    }


def _w1(record: dict[str, Any]) -> dict[str, float]:
    """Worst and median W1 on validation jets, if the record has them, with what real jets reach."""
    return {key.replace("floor/", "what real jets reach, ").replace("at a glance/", ""): value
            for key, value in record.items() if "at a glance/w1" in key}


def _numbers(state: dict[str, Any]) -> int:
    """How many numbers a state dict's own tensors hold."""
    return sum(value.numel() for value in state.values() if isinstance(value, Tensor))
