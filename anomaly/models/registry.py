"""The models by name, and the scores that need no training: a file in this folder, or a user's own package, adds one.

A model is a class with the methods of :class:`~anomaly.models.interface.Autoencoder`::

    @MODELS.register("my_model")
    class MyModel(Autoencoder): ...

A file of this folder is found by itself; a package of one's own lists its module as an entry point of the group
``anomaly.models``. A configuration then names it: ``model: {name: my_model}``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from qgan.base.errors import ConfigError, did_you_mean
from qgan.base.registry import Registry
from qgan.base.seeding import seeded
from qgan.data.jets import JetImages

from ..configuration import ModelOptions
from .interface import Autoencoder

Group = TypeVar("Group")
#: Constructors take the ``shape`` (H, W) of an image and keywords: the options of a configuration.
MODELS: Registry[type[Autoencoder]] = Registry("anomaly model", "anomaly.models", package="anomaly.models", of=type)
#: Scores (N,) of jets and of their max-normalised images (N, size, size), as a model of that size sees them.
TRIVIAL: Registry[Callable[[JetImages, np.ndarray], np.ndarray]] = Registry(
    "trivial score", "anomaly.trivial_scores", package="anomaly.models")


def build(model: ModelOptions, shape: tuple[int, int], seed: int = 0) -> Autoencoder:
    """A model with fresh weights for images of ``shape`` (H, W); the same seed gives the same weights.

    Raises:
        ConfigError: no such model, an option that it does not have, or a value that it cannot take.
    """
    with seeded(seed, "model"):
        return construct("model", {"name": model.name, "options": model.options}, shape)


def construct(where: str, model: Mapping[str, Any], shape: tuple[int, int]) -> Autoencoder:
    """A model of a ``name`` and, if it has some, ``options``; its random numbers come from torch's global generator.

    Args:
        where: the option of a configuration that errors name.

    Raises:
        ConfigError: see :func:`build`.
    """
    _check_names(where, model, ["name", "options"])
    name, options = model.get("name", ""), model.get("options", {})
    try:
        make = MODELS[name]
    except ConfigError as error:
        raise ConfigError(f"{where}.name: {error}") from error
    _check_names(f"{where}.options", options, [p for p in inspect.signature(make).parameters if p != "shape"])
    try:
        return make(shape, **options)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}.options: {error}") from error


def grouped(name: str, default: Group, options: Mapping[str, Any] | None) -> Group:
    """A dataclass of options that belong together, as a configuration's mapping changes it.

    Raises:
        ConfigError: an option that it does not have.
    """
    known = [field.name for field in fields(default)]  # type: ignore[arg-type]
    _check_names(f"model.options.{name}", options or {}, known)
    return replace(default, **(options or {}))  # type: ignore[type-var]


def _check_names(where: str, given: Mapping[str, Any], known: list[str]) -> None:
    for key in given:
        if key not in known:
            raise ConfigError(f"{where}.{key}: unknown, expected one of {', '.join(known)}{did_you_mean(key, known)}")
