"""A quantum GAN for images of particle jets.

``qgan.train``, ``qgan.generate`` and ``qgan.evaluate`` are what the command line calls; the rest is in the
sub-packages. Names are looked up when first used, so that ``import qgan.data`` loads neither PennyLane nor matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .base.version import __version__

if TYPE_CHECKING:
    from .base.errors import QganError
    from .data import JetImages, embedded_jets, read_jets, write_jets
    from .evaluation import evaluate
    from .quantum import QuantumLayer
    from .runs.configuration import Configuration
    from .sampling.pretrained import load_model
    from .sampling.source import generate
    from .simulation import simulate
    from .studies.estimator import JetGAN
    from .training.experiment import train

#: What this package offers at its top, and the module each name lives in.
_HOMES = {
    "JetImages": "data.jets",
    "read_jets": "data.files",
    "write_jets": "data.writer",
    "embedded_jets": "data",
    "simulate": "simulation",
    "QuantumLayer": "quantum",
    "train": "training.experiment",
    "Configuration": "runs.configuration",
    "generate": "sampling.source",
    "load_model": "sampling.pretrained",
    "evaluate": "evaluation",
    "JetGAN": "studies.estimator",
    "QganError": "base.errors",
}

__all__ = ["Configuration", "JetGAN", "JetImages", "QganError", "QuantumLayer", "__version__", "embedded_jets",
           "evaluate", "generate", "load_model", "read_jets", "simulate", "train", "write_jets"]


#: The sub-packages that are there once ``qgan`` is imported.
_ROOMS = ("data", "evaluation", "losses", "models", "observables", "quantum", "report", "runs", "sampling",
          "simulation", "studies", "symmetry", "taggers", "training")


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_ROOMS})
