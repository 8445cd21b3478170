"""Trainings that take a second: small networks on toy jets, every option changeable by its dotted name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from memory_recorder import MemoryRecorder

from qgan.data.jets import JetImages
from qgan.runs.configuration import Configuration
from qgan.training.assembly import build_trainer
from qgan.training.preparation import Prepared, prepare
from qgan.training.trainer import Trainer

Options = TypeVar("Options")

SMALL = {"batch_size": 16, "threads": 1, "device": "cpu", "steps": 6, "symmetry": "none",
         "data.codings": ["delta_r", "delta_r_mean", "pixel_mean", "soft_nnz"],
         "generator.n_qubits": 5, "generator.n_layers": 2, "generator.n_rotations": 5, "generator.noise": 6,
         "generator.channels": 4, "discriminator.channels": 4, "discriminator.batch_comparison": 4,
         "losses.r1_every": 2, "optimiser.ema": 0.5, "logging.scalars": 1, "logging.quality": 0, "logging.costly": 0,
         "logging.checkpoint": 2, "logging.validation_jets": 20}
#: The published networks, on the 16×16 middle of larger images, few steps apart.
PUBLISHED = {"generator.architecture": "published", "discriminator.architecture": "published",
             "generator.n_layers": 1, "generator.n_rotations": 16, "generator.n_qubits": 8,
             "data.rows": (2, 18), "data.columns": (2, 18), "data.power": 1.0,
             "data.joint": False, "data.codings": ["delta_r_mean", "delta_r_std", "pixel_mean", "pixel_std"],
             "losses.further": {"published_statistics": 0.1, "published_sparsity": 3.0}, "losses.statistics": 0.0,
             "losses.sparsity": 0.0, "losses.coding": 0.0, "losses.matching": 0.0, "losses.mean_image": 0.0,
             "losses.r1": 0.0, "optimiser.discriminator_every": 3, "optimiser.ema": 0.0}


def changed(options: Options, changes: Mapping[str, Any]) -> Options:
    """A copy of nested dataclasses with other values, by dotted name."""
    for name, value in changes.items():
        first, _, rest = name.partition(".")
        part = getattr(options, first)
        options = replace(options, **{first: changed(part, {rest: value}) if is_dataclass(part) else value})
    return options


def small(changes: Mapping[str, Any] | None = None) -> Configuration:
    """The small configuration, changed."""
    return changed(Configuration(), {**SMALL, **(changes or {})})


def prepared_from(configuration: Configuration, file: Path) -> Prepared:
    return prepare(configuration, [file])


def trainer_from(configuration: Configuration, file: Path) -> Trainer:
    """A trainer before its first step."""
    return build_trainer(configuration, prepare(configuration, [file]), torch.device("cpu"))


def weights(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """A copy of all parameters and buffers."""
    return {name: value.clone() for name, value in module.state_dict().items()}


def gradients(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None}


def with_delta_r(jets: JetImages) -> JetImages:
    """The same jets with a ΔR of the subjets, made up."""
    delta_r = (0.2 + jets.conditions["mass"] / 400).astype("float32")
    return replace(jets, conditions={**jets.conditions, "delta_r": delta_r})


class Stopping(MemoryRecorder):
    """Ctrl-C after the scalars of a step."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step = step

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        super().scalars(step, values)
        if step == self.step:
            raise KeyboardInterrupt


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two nested states differ in any bit."""
    if isinstance(one, dict):
        if one.keys() != other.keys():
            return [where]
        return [d for key in one for d in differences(one[key], other[key], f"{where}/{key}")]
    if isinstance(one, list | tuple):
        return [d for i, (a, b) in enumerate(zip(one, other, strict=True)) for d in differences(a, b, f"{where}/{i}")]
    same = torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other
    return [] if same else [where]
