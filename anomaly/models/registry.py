"""The models by name, each imported when it is asked for."""

from __future__ import annotations

import inspect
from importlib import import_module

import torch

from qgan.base.errors import ConfigError
from qgan.base.seeding import integer_seed

from ..configuration import ModelOptions
from .interface import Autoencoder

#: Module of this package and class by the name a configuration gives. Constructors take ``shape`` and keywords.
MODELS = {
    "mlp": "mlp.MLP",
    "conv": "conv.ConvolutionalAutoencoder",
    "filter": "filter.SteadyFilter",
    "quantum": "quantum.QuantumAutoencoder",
    "hybrid": "hybrid.HybridAutoencoder",
    "contrastive": "contrastive.ContrastiveEncoder",
}


def build(model: ModelOptions, shape: tuple[int, int], seed: int = 0) -> Autoencoder:
    """A model with fresh weights for images of ``shape`` (H, W); the same seed gives the same weights.

    Raises:
        ConfigError: no such model, an option that it does not have, or a value that it cannot take.
    """
    if model.name not in MODELS:
        raise ConfigError(f"model.name: {model.name!r}, expected one of {', '.join(MODELS)}")
    module, name = MODELS[model.name].split(".")
    make = getattr(import_module(f".{module}", __package__), name)
    known = [p for p in inspect.signature(make).parameters if p != "shape"]
    for key in model.options:
        if key not in known:
            raise ConfigError(f"model.options.{key}: unknown for {model.name!r}, expected one of {', '.join(known)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(integer_seed(seed, "model"))
        try:
            built: Autoencoder = make(shape, **model.options)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"model.options: {error}") from error
    return built
